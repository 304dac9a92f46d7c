/** `GET /v1/access`: an account's access for a host backend, which is never narrower than Stripe's own state after it. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessAnswer, BillingSnapshot } from '@billhook/widget/contract';
import { longestBackOffMs } from '../../../server/src/ledger/clocks.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';
import { problemOf } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

const day = 24 * 60 * 60 * 1000;

let harness: BffHarness;
let log: LogRecorder;
beforeEach(async () => {
  log = logRecorder();
  harness = await startBffHarness({ log });
  // Only Billhook's time is moved here, by moving `Date`; at Stripe nothing happens meanwhile.
  harness.sandbox.clock.freeze();
});
afterEach(async () => {
  vi.useRealTimers();
  await harness.close();
});

type Who = Parameters<BffHarness['as']>[0];

async function access(who: Who | { account: string }): Promise<AccessAnswer> {
  const call = typeof who === 'string' ? harness.as(who) : who;
  const mint = { ...('mint' in call ? call.mint : {}), scope: ['access'] as const };
  const response = await harness.bff.call('/v1/access', { ...call, mint, headers: {} });
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as AccessAnswer;
}

describe('access', () => {
  it('has the level of the account’s state, with the reason and its freshness', async () => {
    expect(await access('active')).toMatchObject({
      account: 'team_active',
      level: 'full',
      reason: 'active',
      until: null,
      state: 'active',
      revision: expect.any(String),
      asOf: expect.any(String),
      stale: false,
      confirmedBy: 'link',
    });
    expect(await access('ended')).toMatchObject({ level: 'none', reason: 'ended' });
    expect(await access('ending')).toMatchObject({ level: 'full', reason: 'ending', until: expect.any(String) });
  });

  it('M30: is unknown, never none, for an account that was never fetched', async () => {
    expect(await access({ account: 'team_stranger' })).toMatchObject({ level: 'unknown', state: 'none', asOf: null });
  });

  it('B4: is the same that the widget shows', async () => {
    for (const who of ['active', 'pastDue', 'ending', 'ended'] as const) {
      const snapshot: BillingSnapshot = await harness.bff.snapshot(harness.as(who));
      expect(await access(who)).toMatchObject({ ...snapshot.access, state: snapshot.state });
    }
  });

  it('needs a token of its own scope; a widget’s token is not enough', async () => {
    const response = await harness.bff.call('/v1/access', harness.as('active'));
    expect(await problemOf(response)).toMatchObject({ status: 403, code: 'scope_missing' });
  });
});

describe('access after a failed payment', () => {
  it('M17: is full in the grace; narrowed after it only on facts fetched after it', async () => {
    const during = await access('pastDue');
    expect(during).toMatchObject({ level: 'full', reason: 'pastDue', stale: false });
    const graceEnds = Date.parse(during.until ?? '');

    // The grace is over, and Stripe cannot be asked: the former access stands, and says that it is stale.
    harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions', method: 'GET', times: 1_000 });
    vi.useFakeTimers({ toFake: ['Date'], now: graceEnds + 60_000 });
    expect(await access('pastDue')).toMatchObject({ level: 'full', reason: 'pastDue', stale: true });

    const etag = (await harness.bff.call('/v1/billing', harness.as('pastDue'))).headers.get('etag') ?? '';
    await log.line(({ what, fields }) => what === 'sync.failed' && fields.account === 'team_pastDue');
    // Stripe is back, and its word decides once the back-off is over. Nothing was paid, so it narrows.
    harness.sandbox.faults.clear();
    vi.setSystemTime(graceEnds + 60_000 + 2 * longestBackOffMs);
    const held = harness.bff.call('/v1/billing', {
      ...harness.as('pastDue'),
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
    });
    expect(await ((await held).json() as Promise<BillingSnapshot>)).toMatchObject({
      state: 'restricted',
      stale: false,
    });
    expect(await access('pastDue')).toMatchObject({ level: 'readOnly', reason: 'restricted', stale: false });
  });

  it('the access from before the end of the grace stands for 72 hours without Stripe, and no longer', async () => {
    const graceEnds = Date.parse((await access('pastDue')).until ?? '');
    harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions', method: 'GET', times: 1_000 });
    vi.useFakeTimers({ toFake: ['Date'], now: graceEnds + 3 * day - 60_000 });
    expect(await access('pastDue')).toMatchObject({ level: 'full', reason: 'pastDue', stale: true });
    vi.setSystemTime(graceEnds + 3 * day);
    expect(await access('pastDue')).toMatchObject({ level: 'readOnly', reason: 'restricted', stale: true });
  });

  it('a lost invoice.paid never narrows access after a payment', async () => {
    const { until } = await access('pastDue');
    const { data } = await harness.stripe.invoices.list({ customer: harness.customers.pastDue, status: 'open' });
    harness.sandbox.deliveries.settings.lose = 'silently';
    const card = await harness.stripe.paymentMethods.attach('pm_card_visa', { customer: harness.customers.pastDue });
    await harness.stripe.invoices.pay(data[0]?.id ?? '', { payment_method: card.id });
    expect(await access('pastDue'), 'nobody has told the server').toMatchObject({ level: 'full', reason: 'pastDue' });

    // Time alone brings the truth: the server looks before it narrows, and until it has looked nothing is narrowed.
    const etag = (await harness.bff.call('/v1/billing', harness.as('pastDue'))).headers.get('etag') ?? '';
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(until ?? '') + 1_000 });
    expect(await access('pastDue')).toMatchObject({ level: 'full' });
    const headers = { 'if-none-match': etag, prefer: 'wait=25' };
    for (let state = ''; state !== 'active';) {
      const held = await harness.bff.call('/v1/billing', { ...harness.as('pastDue'), headers });
      headers['if-none-match'] = held.headers.get('etag') ?? '';
      if (held.status === 304) continue;
      const snapshot = (await held.json()) as BillingSnapshot;
      expect(snapshot.access.level).toBe('full');
      state = snapshot.state;
    }
    expect(await access('pastDue')).toMatchObject({ level: 'full', reason: 'active', stale: false });
  });
});
