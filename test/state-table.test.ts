/**
 * The whole table, from Stripe to the words: every seeded customer, as a manager of billing and as a viewer, through the
 * BFF's wire and the widget's presentation. The test prints the table and fails on a gap.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessAnswer, BillingSnapshot, BillingState } from '@billhook/widget/contract';
import type { SeededCustomers } from '../demo/stripe-sandbox/index.ts';
import { nothingKnown } from '../widget/src/client/client-state.ts';
import { present } from '../widget/src/view/present.ts';
import { createLocalizer } from '../widget/src/i18n/localizer.ts';
import { en } from './widget/english.ts';
import { startBffHarness, type BffHarness } from './server/support/with-sandbox.ts';

/** The seeded customers that stand for each state. `unknown` has no words of its own: it is shown as loading. */
const examples: Record<Exclude<BillingState, 'unknown'>, readonly (keyof SeededCustomers | null)[]> = {
  none: [null],
  ended: ['ended'],
  active: ['active', 'downgrading', 'yen'],
  trialing: ['trialing', 'trialingWithoutCard'],
  ending: ['ending'],
  paused: ['paused'],
  processing: ['processing'],
  incomplete: ['incomplete'],
  actionRequired: ['actionRequired'],
  pastDue: ['pastDue', 'several'],
  restricted: ['restricted', 'unpaid'],
};

interface Row {
  readonly who: string;
  readonly snapshot: BillingSnapshot;
  readonly access: AccessAnswer;
  readonly says: readonly string[];
  readonly actions: readonly string[];
}

const i18n = createLocalizer('en-US', en, 'UTC');
let harness: BffHarness;
const rows = new Map<string, Row>();

beforeAll(async () => {
  const offers = [{ id: 'team', price: 'team_monthly' }];
  const policy = { freePlan: { name: 'Free', access: 'readOnly' as const } };
  harness = await startBffHarness({ host: { offers, policy } });
  for (const who of Object.values(examples).flat()) {
    for (const role of ['manager', 'reader'] as const) rows.set(`${who} ${role}`, await read(who, role));
  }
});
afterAll(() => harness.close());

async function read(who: keyof SeededCustomers | null, role: 'manager' | 'reader'): Promise<Row> {
  const call = who === null ? { account: 'team_none' } : harness.as(who);
  const mint = { ...('mint' in call ? call.mint : {}) };
  const scope = role === 'manager' ? (['billing:read', 'billing:manage'] as const) : (['billing:read'] as const);
  // A plan that may be bought is shown as soon as Stripe has told its price.
  let snapshot = await harness.bff.snapshot({ ...call, mint: { ...mint, scope } });
  while (['none', 'ended'].includes(snapshot.state) && snapshot.offers.length === 0) {
    snapshot = await harness.bff.snapshot({ ...call, mint: { ...mint, scope } });
  }
  const answer = await harness.bff.call('/v1/access', { ...call, mint: { ...mint, scope: ['access'] } });
  const access = (await answer.json()) as AccessAnswer;

  const view = present({ ...nothingKnown, snapshot, confirmedAt: Date.now() }, i18n, Date.now());
  const { banner, plan, subscriptions, hint } = view;
  const says = [
    banner?.title,
    banner?.text,
    ...[plan, ...subscriptions].flatMap(({ name, status, lines }) => [name, status?.label, ...lines]),
    hint,
  ].filter((text) => text !== null && text !== undefined);
  const actions = [...(banner?.actions ?? []), ...view.actions].map(({ label }) => label);
  const buys = view.offers.map(({ action }) => action.label);
  return { who: `${who ?? 'nobody'}, ${role}`, snapshot, access, says, actions: [...actions, ...buys] };
}

describe('the table of states', () => {
  it('is printed', () => {
    const cell = (text: string, width: number) => text.padEnd(width);
    const lines = [...rows.values()].map(({ who, snapshot, access, says, actions }) =>
      [
        cell(snapshot.state, 15),
        cell(who, 30),
        cell(`${access.level}${access.until ? ` until ${access.until.slice(0, 10)}` : ''}`, 26),
        cell(actions.join(' · ') || '–', 48),
        says.join(' '),
      ].join(' '),
    );
    process.stdout.write(`\n${lines.join('\n')}\n`);
    expect(lines).toHaveLength(2 * Object.values(examples).flat().length);
  });

  it.each(Object.entries(examples))('%s: is reached, has words, and the way out that it needs', (state, who) => {
    for (const each of who) {
      const manager = rows.get(`${each} manager`);
      expect(manager?.snapshot.state, String(each)).toBe(state);
      expect(manager?.says.length).toBeGreaterThan(1);
      // Nothing is missing in the words: no key, no placeholder, no hole.
      expect(manager?.says.join(' ')).not.toMatch(/[{}]|undefined|null|NaN|Invalid/);
      expect(manager?.actions.length).toBeGreaterThan(0);
      expect(manager?.snapshot.stale).toBe(false);
    }
  });

  it('M28: a viewer gets the same words about the plan, the people who can help, and no button', () => {
    for (const [name, row] of rows) {
      if (!name.endsWith('reader')) continue;
      expect(row.snapshot.actions, name).toEqual([]);
      expect(row.actions, name).toEqual([]);
      expect(row.says.join(' '), name).toContain('Ask an owner or admin');
      expect(row.snapshot.state).toBe(rows.get(name.replace('reader', 'manager'))?.snapshot.state);
    }
  });

  it('shows no past date as a future one, and counts no grace down where another plan gives access', () => {
    expect(rows.get('processing manager')?.says.join(' ')).not.toContain('Renews on');
    expect(rows.get('several manager')?.says.join(' ')).not.toContain('Nothing changes until');
  });

  it('B4: the widget and the access document come from one judgement', () => {
    for (const [name, { snapshot, access }] of rows) {
      const { level, reason, until, after, since } = access;
      expect({ level, reason, until, after, since }, name).toEqual(snapshot.access);
    }
  });

  it('M13: offers plans only to accounts without a running subscription', () => {
    for (const [name, { snapshot }] of rows) {
      expect(snapshot.offers.length > 0, name).toBe(['none', 'ended'].includes(snapshot.state));
    }
  });

  it('M11: tells what a button’s Stripe page does before the press', () => {
    for (const [name, { snapshot, says }] of rows) {
      const { mayManage, offers, actions } = snapshot;
      const leadsAway = mayManage && (offers.length > 0 || actions.some(({ via }) => via !== 'link'));
      expect(/Opens Stripe|Stripe’s secure page/.test(says.join(' ')), name).toBe(leadsAway);
    }
  });

  it('L21: offers no second payment while one is on its way', () => {
    expect(rows.get('processing manager')?.actions.join()).not.toMatch(/pay|card/i);
  });

  it('L22: has no decimals where the currency has none', () => {
    expect(rows.get('yen manager')?.snapshot.plan?.price?.currency).toBe('jpy');
  });
});
