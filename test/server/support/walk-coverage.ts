/**
 * The server's files that run in each walk of docs/architecture.md, as a JSON document on standard output. A program of its
 * own, because what is counted is every call in the process: nothing else may run in it.
 */

import { Session } from 'node:inspector/promises';
import process from 'node:process';
import type { BillingSnapshot, OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { startBffHarness } from './with-sandbox.ts';

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** Files with a function that was called since the last question. A module's own body is no call: all are loaded before. */
async function called(): Promise<string[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ functions }) => functions.some(({ ranges: [all] }) => all && all.count > 0 && all.startOffset > 0))
    .flatMap(({ url }) => /(?<=\/)server\/src\/.*$/.exec(url)?.[0] ?? [])
    .toSorted();
}

const harness = await startBffHarness();
const me = harness.as('active');
const json = async <T>(response: Response): Promise<T> => {
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
};
/** The billing, once it is another document than this one. */
const billingAfter = async (etag: string): Promise<Response> => {
  const headers = { 'if-none-match': etag, prefer: 'wait=25' };
  const response = await harness.bff.call('/v1/billing', { ...me, headers });
  return response.status === 304 ? await billingAfter(etag) : response;
};

// By a colleague, so that the owner's own view is judged when it is counted, and not kept from before.
await harness.bff.snapshot({ ...me, mint: { ...me.mint, scope: ['billing:read'] } });
await harness.sandbox.deliveries.settled();

await called();
const first = await harness.bff.call('/v1/billing', me);
await json<BillingSnapshot>(first);
const snapshot = await called();
// The next payment is told after the answer.
const told = await billingAfter(first.headers.get('etag') ?? '');
const etag = told.headers.get('etag') ?? '';

const changed = billingAfter(etag);
const [subscription] = (await harness.stripe.subscriptions.list({ customer: harness.customers.active })).data;
await harness.stripe.subscriptions.update(String(subscription?.id), { cancel_at_period_end: true });
const { revision } = await json<BillingSnapshot>(await changed);
const page = await called();

const { visit } = await json<OpenedVisit>(
  await harness.bff.call('/v1/portal-sessions', { ...me, body: { seen: revision } }),
);
await harness.stripe.subscriptions.update(String(subscription?.id), { cancel_at_period_end: false });
const back = { ...me, body: { visit }, headers: { prefer: 'wait=25' } };
const { outcome } = await json<VisitReturn>(await harness.bff.call('/v1/visits/return', back));
if (outcome !== 'changed') throw new Error(`the return is ${outcome}`);
const settled = await called();

process.stdout.write(JSON.stringify([snapshot, page, settled]));
await harness.close();
process.exit(0);
