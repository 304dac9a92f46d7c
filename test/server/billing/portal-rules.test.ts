/** Which configuration an account gets, what that leaves open, and that widget and guard follow from the same choice. */

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PortalFlow } from '@billhook/widget/contract';
import type { SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { defaultPolicy, judge } from '../../../server/src/billing/judge/judge.ts';
import { mayOpen } from '../../../server/src/billing/judge/portal.ts';
import { anyPolicy, anyStanding, moment, seeded } from '../fixtures/arbitrary-facts.ts';
import {
  canceled,
  catalogue,
  day,
  item,
  judged,
  noon,
  pastDue,
  subscription,
  trialing,
  type Story,
} from '../fixtures/facts.ts';
import type { PortalFeatures, PortalView, PortalRule, PortalPolicy } from '../../../server/src/billing/policy.ts';

const all: PortalFeatures = { cancel: true, update: true, pause: true, paymentMethod: true };
const none: PortalFeatures = { cancel: false, update: false, pause: false, paymentMethod: false };
const yearly = (own: Partial<SubscriptionFacts> = {}) =>
  subscription({ items: [item({ interval: 'year', price: 'price_yearly', lookupKey: 'team_yearly' })], ...own });
const other = (own: Partial<SubscriptionFacts> = {}) => subscription({ id: 'sub_2', ...own });

const portal = (rules: readonly PortalRule[]): PortalPolicy => ({ features: { standard: all, special: none }, rules });
const special = (when: PortalRule['when']): PortalRule => ({ use: 'special', when });
const chosen = (of: readonly SubscriptionFacts[], rules: readonly PortalRule[], story: Story = {}) =>
  judged(of, { ...story, policy: { portal: portal(rules) } });

const mixed = () =>
  subscription({ items: [item({ price: 'price_yearly', interval: 'year', currency: 'eur' }), item()] });

interface Row {
  readonly rule: string;
  readonly when: PortalRule['when'];
  readonly of: readonly SubscriptionFacts[];
  readonly matches: boolean;
}

const table: readonly Row[] = [
  { rule: 'one: one', when: { subscriptions: 'one' }, of: [subscription()], matches: true },
  {
    rule: 'one: what is over does not count',
    when: { subscriptions: 'one' },
    of: [subscription(), canceled({ id: 'sub_2' })],
    matches: true,
  },
  { rule: 'one: none', when: { subscriptions: 'one' }, of: [], matches: false },
  { rule: 'one: two', when: { subscriptions: 'one' }, of: [subscription(), other()], matches: false },
  { rule: 'several: two', when: { subscriptions: 'several' }, of: [subscription(), other()], matches: true },
  {
    rule: 'several: one and one that is over',
    when: { subscriptions: 'several' },
    of: [subscription(), canceled({ id: 'sub_2' })],
    matches: false,
  },
  { rule: 'no condition: everybody', when: {}, of: [], matches: true },
  { rule: 'interval: of one of its items', when: { interval: 'year' }, of: [mixed()], matches: true },
  { rule: 'plans: one of its items', when: { plans: [{ price: 'price_yearly' }] }, of: [mixed()], matches: true },
  { rule: 'currency: of one of its items', when: { currency: 'eur' }, of: [mixed()], matches: true },
  { rule: 'interval: it', when: { interval: 'year' }, of: [yearly()], matches: true },
  { rule: 'interval: another', when: { interval: 'year' }, of: [subscription()], matches: false },
  {
    rule: 'interval: of something over',
    when: { interval: 'year' },
    of: [yearly({ status: 'canceled' })],
    matches: false,
  },
  {
    rule: 'M29 a yearly plan in its first six months',
    when: { interval: 'year', withinDaysOfStart: 180 },
    of: [yearly({ created: noon - 179 * day })],
    matches: true,
  },
  {
    rule: 'M29 a yearly plan after them',
    when: { interval: 'year', withinDaysOfStart: 180 },
    of: [yearly({ created: noon - 180 * day })],
    matches: false,
  },
  {
    rule: 'M29 a monthly plan in its first six months',
    when: { interval: 'year', withinDaysOfStart: 180 },
    of: [subscription({ created: noon - day })],
    matches: false,
  },
  {
    rule: 'both of one and the same: an old yearly one and a new monthly one do not add up',
    when: { interval: 'year', withinDaysOfStart: 180 },
    of: [yearly({ created: noon - 300 * day }), other({ created: noon - day })],
    matches: false,
  },
  { rule: 'plans: by lookup key', when: { plans: [{ lookupKey: 'team_yearly' }] }, of: [yearly()], matches: true },
  {
    rule: 'plans: by any of several',
    when: { plans: [{ price: 'price_x' }, { product: 'prod_team' }] },
    of: [subscription()],
    matches: true,
  },
  { rule: 'plans: none of them', when: { plans: [{ price: 'price_x' }] }, of: [subscription()], matches: false },
  { rule: 'currency: it', when: { currency: 'usd' }, of: [subscription()], matches: true },
  { rule: 'currency: another', when: { currency: 'eur' }, of: [subscription()], matches: false },
  {
    rule: 'count and plan together',
    when: { subscriptions: 'one', currency: 'usd' },
    of: [subscription(), other()],
    matches: false,
  },
  {
    rule: 'a function: yes',
    when: ({ subscriptions }) => subscriptions[0]?.items[0]?.quantity === 1,
    of: [subscription()],
    matches: true,
  },
  { rule: 'a function: no', when: () => false, of: [subscription()], matches: false },
  {
    rule: 'a function is shown states',
    when: (view) => view.subscriptions.some(({ state }) => state === 'pastDue'),
    of: [pastDue()],
    matches: true,
  },
];

describe('a rule', () => {
  test.each(table)('$rule', ({ when, of, matches }) => {
    const { configuration, features } = chosen(of, [special(when)]).portal;
    expect({ configuration, features }).toEqual(
      matches ? { configuration: 'special', features: none } : { configuration: 'standard', features: all },
    );
  });

  test('is asked in order: the first that matches decides', () => {
    const rules = [
      special({ interval: 'year' }),
      { use: 'standard', when: { subscriptions: 'one' } } as const,
      special(() => true),
    ];
    expect(chosen([yearly()], rules).portal.configuration).toBe('special');
    expect(chosen([subscription()], rules).portal.configuration).toBe('standard');
    expect(chosen([subscription(), other()], rules).portal.configuration).toBe('special');
  });

  test('that is a function gets the documented fields, and no more', () => {
    const views: PortalView[] = [];
    chosen([trialing()], [special((view) => views.push(view) > 1)]);
    expect(views).toEqual([
      {
        now: noon,
        subscriptions: [
          {
            state: 'trialing',
            startedAt: noon - 100 * day,
            periodStart: noon - 10 * day,
            periodEnd: noon + 5 * day,
            items: [item()],
          },
        ],
      },
    ]);
  });

  test('that throws closes its flow, and the document stays', () => {
    const failing = special(() => {
      throw new Error('no such property');
    });
    const { portal: choice, snapshot } = chosen([pastDue()], [failing]);
    expect(snapshot.state).toBe('pastDue');
    expect(choice).toMatchObject({ configuration: 'special', features: none, ruleFailure: { use: 'special' } });
    expect(chosen([pastDue()], [special(() => true)]).portal.ruleFailure).toBeNull();
  });

  test('about days changes the document on its day, without calling it stale', () => {
    const began = noon - 179 * day;
    const rules = [special({ interval: 'year', withinDaysOfStart: 180 })];
    // Past due, because there the rule shows: `updateMethod` is offered only where the card may be changed.
    const late = { ...pastDue(), items: yearly().items, created: began };
    const before = chosen([late], rules);
    expect(before.snapshot.actions.map(({ purpose }) => purpose)).toEqual(['payNow', 'manage']);
    expect(before.nextChangeAt).toBe(noon + day);
    const after = chosen([late], rules, { now: noon + day, standing: { fetchedAt: noon } });
    expect(after.snapshot.actions.map(({ purpose }) => purpose)).toEqual(['updateCard', 'payNow', 'manage']);
    expect(after.snapshot.stale).toBe(false);
  });
});

describe('without any option', () => {
  test('several subscriptions get the limited configuration, all others the standard one', () => {
    const of = (...facts: SubscriptionFacts[]) => judged(facts).portal;
    expect(of(subscription()).configuration).toBe('standard');
    expect(of().configuration).toBe('standard');
    expect(of(subscription(), other())).toMatchObject({
      configuration: 'limited',
      features: { cancel: false, update: false },
    });
    expect(of(subscription(), other()).features).toBe(defaultPolicy.portal.features['limited']);
  });
});

describe('a flow of the portal is open', () => {
  const ending = subscription({ cancelAt: noon + day });
  const rows: readonly (readonly [string, PortalFlow, SubscriptionFacts | null, boolean])[] = [
    ['card, about nothing', 'payment_method_update', null, true],
    ['cancel', 'subscription_cancel', subscription(), true],
    ['cancel while past due', 'subscription_cancel', pastDue(), true],
    ['cancel about nothing', 'subscription_cancel', null, false],
    ['cancel twice (L6)', 'subscription_cancel', ending, false],
    ['cancel twice, by the API’s spelling', 'subscription_cancel', subscription({ cancelAtPeriodEnd: true }), false],
    ['update', 'subscription_update', subscription(), true],
    ['update in a trial', 'subscription_update', trialing(), true],
    ['update about nothing', 'subscription_update', null, false],
    [
      'update of several items',
      'subscription_update',
      subscription({ items: [item(), item({ price: 'price_2' })] }),
      false,
    ],
    ['update of metered usage', 'subscription_update', subscription({ items: [item({ metered: true })] }), false],
    ['update of nothing', 'subscription_update', subscription({ items: [] }), false],
    ['update while past due', 'subscription_update', pastDue(), false],
    ['update while leaving', 'subscription_update', ending, false],
    ['pause', 'subscription_pause', subscription(), true],
    ['pause about nothing', 'subscription_pause', null, false],
    ['pause twice', 'subscription_pause', subscription({ status: 'paused', pausedBecause: 'request' }), false],
    ['pause of what the host paused', 'subscription_pause', subscription({ pause: { resumesAt: null } }), false],
    [
      'pause before a scheduled change',
      'subscription_pause',
      subscription({ next: { at: noon + day, items: [item()] } }),
      false,
    ],
  ];
  test.each(rows)('%s', (_, flow, about, open) => {
    expect(mayOpen(flow, about, all)).toBe(open);
    expect(mayOpen(flow, about, none), 'never without the feature').toBe(false);
  });
});

const flows: readonly PortalFlow[] = [
  'payment_method_update',
  'subscription_cancel',
  'subscription_update',
  'subscription_pause',
];
const anyFeatures = fc.record({
  cancel: fc.boolean(),
  update: fc.boolean(),
  pause: fc.boolean(),
  paymentMethod: fc.boolean(),
});
const anyWhen: fc.Arbitrary<PortalRule['when']> = fc.oneof(
  fc.constantFrom<PortalRule['when'][]>(
    { subscriptions: 'one' },
    { subscriptions: 'several' },
    { interval: 'month' },
    { plans: [{ product: 'prod_team' }] },
    ({ subscriptions }) => subscriptions.length === 0,
    () => {
      throw new Error('a rule of the host’s');
    },
  ),
  fc.nat(20).map((withinDaysOfStart) => ({ withinDaysOfStart })),
);
const anyPortal: fc.Arbitrary<PortalPolicy> = fc.record({
  features: fc.record({ standard: anyFeatures, limited: anyFeatures }),
  rules: fc.array(fc.record({ use: fc.constantFrom('standard', 'limited'), when: anyWhen }), { maxLength: 3 }),
});

describe(`for any facts, policy, portal and clock (seed ${seeded.seed})`, () => {
  test('every action is one that the guard allows, and every allowed one is offered', () => {
    let seen = 0;
    fc.assert(
      fc.property(anyStanding, anyPolicy, anyPortal, moment, (standing, own, portals, now) => {
        const policy = { ...own, portal: portals };
        const { snapshot, portal: choice } = judge(standing, policy, catalogue, { mayManage: true }, now);
        expect(choice.features).toBe(portals.features[choice.configuration]);
        const only = choice.subscriptions.length === 1 ? (choice.subscriptions[0]?.facts ?? null) : null;
        for (const action of snapshot.actions) {
          if (action.via !== 'portal') continue;
          if (action.flow !== null) {
            seen += 1;
            expect(mayOpen(action.flow, only, choice.features)).toBe(true);
          }
          // The portal resumes a subscription that a trial without a card paused, by whatever rules of pausing (H7).
          const trial = choice.subscriptions.some(({ facts }) => facts.pausedBecause === 'trialWithoutMethod');
          if (action.purpose === 'resume') expect(choice.features.pause || trial).toBe(true);
        }
        // The other way round: the same account under a portal with everything gets no card action more than the guard allows.
        const features = { ...choice.features, paymentMethod: true };
        const open = judge(
          standing,
          { ...own, portal: { features: { standard: features }, rules: [] } },
          catalogue,
          { mayManage: true },
          now,
        );
        const cards = (document: typeof snapshot) =>
          document.actions.filter((each) => each.via === 'portal' && each.flow !== null).length;
        expect(cards(snapshot)).toBe(choice.features.paymentMethod ? cards(open.snapshot) : 0);
      }),
      // A foreign subscription counts for no account, so more accounts are needed to see as many flows.
      { ...seeded, numRuns: 2 * seeded.numRuns },
    );
    expect(seen).toBeGreaterThan(seeded.numRuns / 60);
  });

  test('the choice stays the same until nextChangeAt', () => {
    fc.assert(
      fc.property(anyStanding, anyPolicy, anyPortal, moment, (standing, own, portals, now) => {
        const policy = { ...own, portal: portals };
        const first = judge(standing, policy, catalogue, { mayManage: true }, now);
        const last = first.nextChangeAt === null ? now + 1_000 * day : first.nextChangeAt - 1;
        const then = judge(standing, policy, catalogue, { mayManage: true }, last);
        expect(then.portal.configuration).toBe(first.portal.configuration);
      }),
      seeded,
    );
  });

  test('keys are the snapshot’s, and every running subscription has one', () => {
    fc.assert(
      fc.property(anyStanding, anyPolicy, anyPortal, moment, (standing, own, portals, now) => {
        const { snapshot, portal: choice } = judge(
          standing,
          { ...own, portal: portals },
          catalogue,
          { mayManage: true },
          now,
        );
        const shown = snapshot.subscriptions.map(({ key }) => key);
        for (const { key, facts } of choice.subscriptions) {
          expect(shown).toContain(key);
          for (const flow of flows) expect(mayOpen(flow, facts, none)).toBe(false);
        }
      }),
      seeded,
    );
  });
});
