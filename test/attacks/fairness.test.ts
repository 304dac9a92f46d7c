/**
 * One account's flood, and another account's billing: the other one waits at most twice as long as in quiet, and the
 * flood gets at most a fair share of the requests to Stripe. In virtual time, the same on any machine.
 */

import { afterEach, describe, expect, it } from 'vitest';
import type { OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { token } from '../server/support/bff.ts';
import { logRecorder, type LogRecorder } from '../support/log-recorder.ts';
import { customerOf, virtualBillhook, type VirtualBillhook } from '../support/virtual-billhook.ts';
import { share } from './corpus.ts';

const latencyMs = 100;
const perSecond = 80;
/** What Stripe itself takes, a live account's: beyond it the host's own SDK would be refused too. */
const stripePerSecond = 100;
const rounds = share(20, 6);
const quiet = 'quiet';

let stage: VirtualBillhook;
let log: LogRecorder;
let made = 0;

async function open(...names: readonly string[]): Promise<void> {
  log = logRecorder();
  stage = await virtualBillhook({ log }, perSecond);
  await stage.link(quiet, ...names);
  Object.assign(stage.stripe, { latencyMs, perSecond: stripePerSecond });
}
afterEach(() => stage.close());

const eventOf = (type: string, object: object) => ({
  id: `evt_${(made += 1)}`,
  object: 'event',
  type,
  created: 1_800_000_000,
  livemode: false,
  data: { object },
});
const thinEventOf = (type: string, id: string) => ({
  id: `evt_thin_${(made += 1)}`,
  object: 'v2.core.event',
  type: `v1.${type}`,
  created: new Date(stage.time.now).toISOString(),
  livemode: false,
  related_object: { id, type: type.split('.')[0] },
});

/** Something happens to the quiet account at Stripe. */
const change = () => stage.stripe.quantityOf.set(customerOf(quiet), (made += 1));
const looked = () => {
  const isLook = (line: { what: string; fields: { account?: string } }) =>
    /^sync\.(?:un)?changed$/.test(line.what) && line.fields.account === quiet;
  return log.line(isLook, log.lines.filter(isLook).length + 1);
};

/** What somebody of the quiet account waits for. */
const waits = {
  async 'webhook → ledger'() {
    change();
    const written = looked();
    await stage.bff.deliver(
      eventOf('customer.subscription.updated', { object: 'subscription', id: 'sub_1', customer: customerOf(quiet) }),
    );
    await written;
  },
  async 'portal opened'() {
    const response = await stage.bff.call('/v1/portal-sessions', { account: quiet, body: { seen: null } });
    expect(response.status).toBe(200);
  },
} satisfies Record<string, () => Promise<void>>;

/** A return is timed from the return alone: its opening is a click of its own. */
async function timeOfReturn(): Promise<number> {
  const opened = await stage.until(stage.bff.call('/v1/portal-sessions', { account: quiet, body: { seen: null } }));
  const { visit } = (await opened.value.json()) as OpenedVisit;
  change();
  const returned = stage.bff.call('/v1/visits/return', {
    account: quiet,
    body: { visit },
    headers: { prefer: 'wait=25' },
  });
  const { value, ms } = await stage.until(returned);
  expect(((await value.json()) as VisitReturn).outcome).toBe('changed');
  return ms;
}

async function timeOfThinEvent(): Promise<number> {
  change();
  const written = looked();
  await stage.bff.deliver(thinEventOf('invoice.paid', `in_${made}`));
  return (await stage.until(written)).ms;
}

const p95 = (times: readonly number[]) =>
  times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? Number.NaN;

async function measure(): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {};
  const note = (what: string, ms: number) => (times[what] ??= []).push(ms);
  for (let round = 0; round < rounds; round += 1) {
    for (const [what, wait] of Object.entries(waits)) {
      note(what, (await stage.until(wait())).ms);
      await stage.pass(1_100);
    }
    note('return confirmed', await timeOfReturn());
    note('thin event → ledger', await timeOfThinEvent());
    await stage.pass(1_100);
  }
  return Object.fromEntries(Object.entries(times).map(([what, each]) => [what, p95(each)]));
}

async function answered(request: Promise<unknown>): Promise<void> {
  const answer = await request;
  if (answer instanceof Response) await answer.body?.cancel();
}

/** Sends the flood's next request; it need not be answered. */
type Flood = (turn: number) => Promise<unknown>;

/**
 * Measures in quiet, and again under the flood, in one run.
 *
 * @param everyMs - how often the flood's next request comes
 */
async function compare(name: string, everyMs: number, flood: Flood): Promise<{ readonly callsPerSecond: number }> {
  await stage.pass(2_000);
  const before = await measure();
  const { stripe, time } = stage;
  const began = time.now;
  stripe.calls.splice(0);
  stripe.refused = 0;

  let turn = 0;
  let isOver = false;
  const pending = new Set<Promise<void>>();
  const next = (): void => {
    if (isOver) return;
    const ended = answered(flood((turn += 1))).finally(() => pending.delete(ended));
    pending.add(ended);
    setTimeout(next, everyMs);
  };
  next();
  await stage.pass(10_000);
  const after = await measure();
  isOver = true;
  const seconds = (time.now - began) / 1_000;
  const others = stripe.calls.filter(({ customer }) => customer !== customerOf(quiet)).length;
  const said = Object.entries(before).map(([what, ms]) => `${what} ${ms} → ${after[what]} ms`);
  process.stdout.write(
    `\n  ${name}, ${turn} requests in ${seconds.toFixed(0)} s: p95 of another account, quiet → flooded: ${said.join(', ')}; ${(others / seconds).toFixed(1)} of ${perSecond} calls a second, ${stripe.refused} refused by Stripe\n`,
  );
  for (const [what, ms] of Object.entries(before)) {
    expect(after[what], `${what}, ${name}`).toBeLessThanOrEqual(2 * ms);
  }
  expect(stripe.refused, 'requests of the host’s own would be refused too').toBe(0);
  stripe.latencyMs = 0;
  stripe.hangs = null;
  stage.bff.billhook.answerWaiting();
  await stage.until(Promise.allSettled(pending));
  return { callsPerSecond: others / seconds };
}

/** What one account of a handful that are busy at once would get. */
const fairShare = perSecond / 4;

describe('another account’s p95 is at most twice that of quiet, whatever one account does:', () => {
  it('sixty portal visits, returned in turn nine times a second', async () => {
    await open('flood');
    const visits: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      const opened = await stage.until(
        stage.bff.call('/v1/portal-sessions', { account: 'flood', body: { seen: null } }),
      );
      visits.push(((await opened.value.json()) as OpenedVisit).visit);
    }
    const { callsPerSecond } = await compare('visits', 111, (turn) =>
      stage.bff.call('/v1/visits/return', { account: 'flood', body: { visit: visits[turn % visits.length] } }),
    );
    expect(callsPerSecond).toBeLessThan(fairShare);
  });

  it('refused introductions of four accounts, ten times a second each', async () => {
    await open();
    stage.stripe.deleted = /^cus_gone/;
    const { callsPerSecond } = await compare('introductions', 25, (turn) =>
      stage.bff.call('/v1/billing', { account: `gone_${turn % 4}`, mint: { customer: `cus_gone_${turn % 4}` } }),
    );
    expect(callsPerSecond).toBeLessThan(1);
  });

  it('polls, as many as its limit lets through', async () => {
    await open('flood');
    const headers = { prefer: 'wait=25', 'if-none-match': '"nothing"' };
    await compare('polls', 100, () => stage.bff.call('/v1/billing', { account: 'flood', headers }));
  });

  it('clicks on Checkout, one a second', async () => {
    await open('flood');
    const body = { offer: 'team', seen: null };
    const { callsPerSecond } = await compare('Checkout', 1_000, () =>
      stage.bff.call('/v1/checkout-sessions', { account: 'flood', body }),
    );
    expect(callsPerSecond).toBeLessThan(fairShare);
  });

  it('tokens that nobody signed, a hundred a second', async () => {
    await open();
    const bad = `${await token()}x`;
    const { callsPerSecond } = await compare('bad tokens', 10, () => stage.bff.call('/v1/billing', { token: bad }));
    expect(callsPerSecond).toBeLessThan(1);
  });

  it('a hundred events whose charges Stripe does not answer for', async () => {
    await open();
    stage.stripe.hangs = /^\/v1\/charges\//;
    await compare('hanging hints', 100, async (turn) =>
      turn > 100 ? undefined : await stage.bff.deliver(thinEventOf('charge.succeeded', `ch_${turn}`)),
    );
  });
});
