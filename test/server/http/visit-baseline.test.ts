/** The revision that a return compares with: the one that the page showed, if it is one, and else the one that was known. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
beforeEach(async () => (harness = await startBffHarness()));
afterEach(() => harness.close());

const open = async (seen: string | null): Promise<string> => {
  const response = await harness.bff.call('/v1/portal-sessions', { ...harness.as('active'), body: { seen } });
  return ((await response.json()) as OpenedVisit).visit;
};
const comeBack = async (visit: string): Promise<VisitReturn> => {
  const headers = { prefer: 'wait=25' };
  const response = await harness.bff.call('/v1/visits/return', { ...harness.as('active'), body: { visit }, headers });
  return (await response.json()) as VisitReturn;
};
const cancelAtStripe = async () => {
  const [subscription] = (await harness.stripe.subscriptions.list({ customer: harness.customers.active })).data;
  await harness.stripe.subscriptions.update(String(subscription?.id), { cancel_at_period_end: true });
};
const kinds = ({ changes }: VisitReturn) => changes.map(({ kind }) => kind);
const rechecks = (visit: string) => {
  const rows = harness.bff.rows()['visits'] as { readonly id: string; readonly recheck_at: number | null }[];
  return rows.find(({ id }) => id === visit)?.recheck_at ?? null;
};

it('a revision that is still to come hides no change', async () => {
  const { revision } = await harness.bff.snapshot(harness.as('active'));
  const visit = await open(revision.replace(/\d+$/, '999999'));
  await cancelAtStripe();
  const back = await comeBack(visit);
  expect(back.outcome).toBe('changed');
  expect(kinds(back)).toEqual(['ends']);
});

it('a revision of another ledger’s life, and what is none, count as the one that is known', async () => {
  const { revision } = await harness.bff.snapshot(harness.as('active'));
  const [epoch = ''] = revision.split('.');
  // From the first revision to the second something has changed.
  const first = await open(null);
  await cancelAtStripe();
  expect((await comeBack(first)).snapshot.revision).toBe(`${epoch}.2`);
  for (const seen of [`${'x'.repeat(epoch.length)}.1`, `${epoch}.`, `${epoch}.-1`, `${epoch}.1.5`, '.1']) {
    // oxlint-disable-next-line no-await-in-loop -- one visit after the other
    const back = await comeBack(await open(seen));
    expect({ seen, outcome: back.outcome, kinds: kinds(back) }).toEqual({ seen, outcome: 'unchanged', kinds: [] });
  }
});

it('a portal that was opened before anything was known tells no changes', async () => {
  harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions', method: 'GET', times: 1_000 });
  await harness.bff.call('/v1/billing', harness.as('active'));
  const visit = await open(null);
  harness.sandbox.faults.clear();
  const back = await comeBack(visit);
  expect(back.snapshot).toMatchObject({ state: 'active' });
  expect(kinds(back)).toEqual([]);
});

it('a return that finds no change is looked at again, and one that finds some is not', async () => {
  await harness.bff.snapshot(harness.as('active'));
  const early = await open(null);
  expect(harness.bff.rows()['visits']).toMatchObject([{ id: early, kind: 'portal' }]);
  await comeBack(early);
  expect(rechecks(early)).not.toBeNull();
  const late = await open(null);
  await cancelAtStripe();
  await comeBack(late);
  expect(rechecks(late)).toBeNull();
});
