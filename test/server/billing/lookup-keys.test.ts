/** H5: lookup keys are moved and renamed at Stripe, and a subscription keeps the plan that was bought. */

import { describe, expect, it } from 'vitest';
import { accessDocument } from '../../../server/src/billing/access-document.ts';
import type { ItemFacts } from '../../../server/src/billing/facts.ts';
import { judge } from '../../../server/src/billing/judge/judge.ts';
import { lookupKeysOf, withFormerKeys } from '../../../server/src/billing/lookup-keys.ts';
import {
  defaultPolicy,
  matchesPlan,
  withRememberedKeys,
  type PlanRule,
  type Policy,
} from '../../../server/src/billing/policy.ts';
import { catalogue, customer, item, noon, snapshotOf, subscription } from '../fixtures/facts.ts';

const team: PlanRule = { key: 'team', lookupKey: 'team_monthly', features: ['export'] };
const business: PlanRule = { key: 'business', lookupKey: 'business_monthly', features: ['export', 'audit'] };
/** A price that the catalogue has never heard of. */
const other = (own: Partial<ItemFacts>) => item({ price: 'price_other', product: 'prod_other', ...own });
const knowing = (...known: readonly ItemFacts[]) => ({
  price: (ref: string) => known.find(({ price, lookupKey }) => price === ref || lookupKey === ref) ?? null,
});

/** The keys of the rules that an item matches. */
function plansOf(bought: ItemFacts, plans: readonly PlanRule[] = [team, business], known = knowing()) {
  const resolved = withRememberedKeys({ ...defaultPolicy, plans }, known);
  return resolved.plans.filter((rule) => matchesPlan(rule, bought)).map(({ key }) => key);
}

describe('a price that was seen with a key', () => {
  it.each<[string, Partial<ItemFacts>, string[]]>([
    [
      'keeps its plan where the key is renamed',
      { lookupKey: 'team_2025', formerLookupKeys: ['team_monthly'] },
      ['team'],
    ],
    ['keeps the one that a former version remembered', { lookupKey: null, formerLookupKey: 'team_monthly' }, ['team']],
    ['keeps it where the key is taken away', { lookupKey: null, formerLookupKeys: ['team_monthly'] }, ['team']],
    ['keeps it through many renamings', { lookupKey: 'c', formerLookupKeys: ['b', 'a', 'team_monthly'] }, ['team']],
    [
      'has one plan where its key was corrected',
      { lookupKey: 'team_monthly', formerLookupKeys: ['business_monthly'] },
      ['team'],
    ],
    [
      'has the plan of the latest key that a rule names',
      { lookupKey: 'x', formerLookupKeys: ['team_monthly', 'business_monthly'] },
      ['team'],
    ],
    ['has no plan where no rule names one of its keys', { lookupKey: 'x', formerLookupKeys: ['y'] }, []],
  ])('%s', (_, own, expected) => {
    expect(plansOf(other(own))).toEqual(expected);
  });
});

describe('a rule by a lookup key of which nothing is remembered', () => {
  it.each([
    ['matches a price with the key', { lookupKey: 'team_monthly' }, true],
    ['matches a price that had it', { lookupKey: null, formerLookupKeys: ['team_monthly'] }, true],
    ['matches none with another key', { lookupKey: 'other' }, false],
    ['matches none without a key', { lookupKey: null }, false],
  ])('%s', (_, own, matches) => expect(matchesPlan(team, item(own))).toBe(matches));
});

it('a price without a key has the plan of its product, where each plan has a product of its own', () => {
  const [ofTeam, ofBusiness] = [item(), item({ price: 'price_b', product: 'prod_b', lookupKey: 'business_monthly' })];
  const bare = { price: 'price_new', lookupKey: null };
  expect(plansOf(item(bare), [team, business], knowing(ofTeam, ofBusiness))).toEqual(['team']);
  expect(plansOf(item({ ...bare, product: 'prod_b' }), [team, business], knowing(ofTeam, ofBusiness))).toEqual([
    'business',
  ]);
  expect(plansOf(item({ ...bare, product: '' }), [team, business], knowing(ofTeam))).toEqual([]);
});

describe('a price that the catalogue saw with a key', () => {
  const renamed = item({ lookupKey: 'team_2025', formerLookupKeys: ['team_monthly'] });

  it('has its plan for an account that comes later', () => {
    expect(plansOf(item({ lookupKey: 'team_2025' }), [team, business], knowing(renamed))).toEqual(['team']);
  });

  it('has it though the news of the renaming was lost', () => {
    expect(plansOf(item({ lookupKey: 'team_2025' }), [team, business], knowing(item()))).toEqual(['team']);
  });

  it('has it where the key moved on, and several plans are of its product', () => {
    const dearer = item({ price: 'price_dearer' });
    const before = item({ lookupKey: null, formerLookupKeys: ['team_monthly'] });
    const large = item({ price: 'price_business', lookupKey: 'business_monthly' });
    expect(plansOf(item({ lookupKey: null }), [team, business], knowing(dearer, before, large))).toEqual(['team']);
  });
});

describe('a price that never was seen with a key', () => {
  const without = other({ product: 'prod_team', lookupKey: null });
  const plans = [{ key: 'team', lookupKey: 'team_monthly' }];

  it('has the plan of its product, whose price has the key now', () => {
    expect(plansOf(without, plans, catalogue)).toEqual(['team']);
    expect(plansOf({ ...without, product: 'prod_support' }, plans, catalogue)).toEqual([]);
    expect(plansOf({ ...without, lookupKey: 'team_yearly' }, plans, catalogue)).toEqual([]);
    expect(plansOf(without, plans), 'of which nothing is known').toEqual([]);
  });

  it('but not where the product has several plans: it does not tell which was bought', () => {
    const keyed = { price: (ref: string) => (ref.startsWith('team') ? item() : null) };
    const yearly = { key: 'team', lookupKey: 'team_yearly' };
    expect(plansOf(without, [...plans, yearly], keyed)).toEqual(['team', 'team']);
    expect(plansOf(without, [{ key: 'solo', lookupKey: 'team_monthly' }, yearly], keyed)).toEqual([]);
  });

  it('so that a customer on the old price keeps plan and access', () => {
    const payer = subscription({ items: [without] });
    expect(snapshotOf([payer], { policy: { plans } })).toMatchObject({
      state: 'active',
      plan: { name: 'Team' },
      access: { level: 'full' },
    });
  });
});

describe('the access document of a renamed key', () => {
  const renamed = item({ lookupKey: 'team_2025', formerLookupKeys: ['team_monthly'] });
  const documentOf = (plans: Policy['plans'], bought = renamed) => {
    const facts = customer([subscription({ items: [bought] })]);
    const policy = { ...defaultPolicy, plans };
    const standing = { linked: true, facts, fetchedAt: noon, revision: 'e.1', confirmedBy: null, staleSince: null };
    const known = { ...catalogue, productMetadata: () => ({}) };
    const judgement = judge(standing, policy, known, { mayManage: false }, noon);
    return accessDocument({ account: 'team_1', facts, ...judgement }, policy, known);
  };

  it.each<[string, Policy['plans'], string]>([
    ['the key of the rule', [team], 'team'],
    ['the lookup key that the rule names, where it has no key', [{ lookupKey: 'team_monthly' }], 'team_monthly'],
    ['the lookup key of today, where the host names no plans', 'all', 'team_2025'],
  ])('says %s', (_, plans, expected) => {
    const { level, plans: told } = documentOf(plans);
    expect([level, told[0]?.items[0]?.plan, told[0]?.items[0]?.lookupKey]).toEqual(['full', expected, 'team_2025']);
  });

  it('says the key that was lost, where the host names no plans', () => {
    const lost = other({ lookupKey: null, formerLookupKeys: ['team_monthly'] });
    expect(documentOf('all', lost).plans[0]?.items[0]?.plan).toBe('team_monthly');
  });
});

it('remembers every key once, the latest first, and not the one of today', () => {
  let price: ItemFacts = item({ lookupKey: 'a' });
  for (const lookupKey of ['b', null, 'a', 'c']) price = withFormerKeys(item({ lookupKey }), price);
  expect(lookupKeysOf(price)).toEqual(['c', 'a', 'b']);
  expect(withFormerKeys(item(), item())).toEqual(item());
  expect(withFormerKeys(item(), undefined)).toEqual(item());
});
