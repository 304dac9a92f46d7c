/**
 * A flood by one account, or by dozens at once, and another account's billing: the other one waits at most twice as long as
 * in quiet, and no account of the flood gets more than its share of the requests to Stripe. In virtual time, the same on any
 * machine. The largest crowd asks for more than Stripe's whole budget, on and on.
 */

import { afterEach, beforeAll, expect, it } from 'vitest';
import type { OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { token } from '../server/support/bff.ts';
import { logRecorder, type LogRecorder } from '../support/log-recorder.ts';
import { customerOf, virtualBillhook, type VirtualBillhook } from '../support/virtual-billhook.ts';
import { isWhole, share, tally } from './corpus.ts';

const latencyMs = 100;
const perSecond = 80;
/** What Stripe itself takes, a live account's: beyond it the host's own SDK would be refused too. */
const stripePerSecond = 100;
const rounds = share(10, 3);
const quiet = 'quiet';

interface Crowd {
  readonly accounts: number;
  /** How much slower each of them is than one alone. */
  readonly slower: number;
}
const one: Crowd = { accounts: 1, slower: 1 };
const crowd: Crowd = { accounts: 24, slower: 3 };
const saturating: Crowd = { accounts: 36, slower: 1 };

let stage: VirtualBillhook;
let log: LogRecorder;
let made = 0;

async function open(names: readonly string[], isSubscribed = true): Promise<void> {
  log = logRecorder();
  stage = await virtualBillhook({ log, host: { offers: [{ id: 'team', price: 'price_team' }] } }, perSecond);
  if (!isSubscribed) stage.stripe.unsubscribed = /^cus_flood/;
  await stage.link(quiet, ...names);
  // The first click of all makes the portal's configuration, too.
  expect((await openPortal(quiet)).status).toBe(200);
  Object.assign(stage.stripe, { latencyMs, perSecond: stripePerSecond });
}
const clickPortal = (account: string): Promise<Response> =>
  stage.bff.call('/v1/portal-sessions', { account, body: { seen: null } });
const openPortal = async (account: string): Promise<Response> => (await stage.until(clickPortal(account))).value;
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

/** A person of the quiet account waits for these. */
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
    expect((await clickPortal(quiet)).status).toBe(200);
  },
} satisfies Record<string, () => Promise<void>>;

/** A return is timed from the return alone: its opening is a click of its own. */
async function timeOfReturn(): Promise<number> {
  const { visit } = (await (await openPortal(quiet)).json()) as OpenedVisit;
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

/** Adds the status of the answer. */
async function answered(request: Promise<unknown>, add: (outcome: string) => void): Promise<void> {
  const answer = await request;
  if (!(answer instanceof Response)) return;
  add(String(answer.status));
  await answer.body?.cancel();
}

interface Flood {
  /** Its requests are sent in turn, each account's so often. */
  readonly everyMs: number;
  /** The accounts that are linked, and have a subscription; `strangers` have no customer, and `buyers` no subscription. */
  readonly of: 'subscribers' | 'buyers' | 'strangers';
  /** Comes before it. */
  begin?(accounts: readonly string[]): Promise<void>;
  /** Sends the next request of the account; it need not be answered. */
  send(account: string, turn: number): Promise<unknown>;
}

const visitsOf = new Map<string, string[]>();
/** Of one account as many as it may have open, of a crowd a few each. */
async function openVisits(accounts: readonly string[]): Promise<void> {
  Object.assign(stage.stripe, { latencyMs: 0, perSecond: null });
  const each = accounts.length === 1 ? 60 : 4;
  const openAll = async (account: string): Promise<void> => {
    const visits: string[] = [];
    while (visits.length < each) visits.push(((await (await clickPortal(account)).json()) as OpenedVisit).visit);
    visitsOf.set(account, visits);
  };
  // The accounts at the same time: time that passes for each in turn is the dearest part of a crowd.
  await stage.until(Promise.all(accounts.map(openAll)));
  await stage.pass(5_000);
  Object.assign(stage.stripe, { latencyMs, perSecond: stripePerSecond });
}

const floods: Record<string, Flood> = {
  'visits returned': {
    everyMs: 111,
    of: 'subscribers',
    begin: openVisits,
    send(account, turn) {
      const visits = visitsOf.get(account) ?? [];
      return stage.bff.call('/v1/visits/return', { account, body: { visit: visits[turn % visits.length] } });
    },
  },
  introductions: {
    everyMs: 100,
    of: 'strangers',
    send: (account) => stage.bff.call('/v1/billing', { account, mint: { customer: `cus_gone_${account}` } }),
  },
  polls: {
    everyMs: 100,
    of: 'subscribers',
    send: (account) =>
      stage.bff.call('/v1/billing', { account, headers: { prefer: 'wait=25', 'if-none-match': '"nothing"' } }),
  },
  'portal clicks': {
    everyMs: 1_000,
    of: 'subscribers',
    send: clickPortal,
  },
  'Checkout clicks': {
    everyMs: 1_000,
    of: 'buyers',
    send: (account) => stage.bff.call('/v1/checkout-sessions', { account, body: { offer: 'team', seen: null } }),
  },
  'bad tokens': {
    everyMs: 100,
    of: 'strangers',
    send: async (account) => stage.bff.call('/v1/billing', { token: `${await token({ account })}x` }),
  },
  'hanging hints': {
    everyMs: 100,
    of: 'strangers',
    async begin() {
      stage.stripe.hangs = /^\/v1\/charges\//;
    },
    send: async (account, turn) =>
      turn > 100 ? undefined : stage.bff.deliver(thinEventOf('charge.succeeded', `ch_${account}_${turn}`)),
  },
};

let inQuiet: Record<string, number> = {};
beforeAll(async () => {
  await open([]);
  inQuiet = await measure();
  await stage.close();
});

/** The most calls of Stripe in a second that were about one account of the flood. */
function mostCallsOfOne(accounts: readonly string[], seconds: number): number {
  const counts = accounts.map(
    (account) => stage.stripe.calls.filter(({ customer }) => customer?.endsWith(account) === true).length,
  );
  return Math.max(...counts) / seconds;
}

/** The usual run takes the flood that asks Stripe for most, of those that saturate it. */
const saturatingFloods = isWhole ? Object.keys(floods) : ['Checkout clicks'];
const cases = Object.entries(floods).flatMap(([name, flood]) =>
  [one, crowd, ...(saturatingFloods.includes(name) ? [saturating] : [])].map((by) => ({
    name: `${name}, ${by === one ? 'one account' : `${by.accounts} accounts${by.slower === 1 ? ', full pace' : ''}`}`,
    by,
    flood,
  })),
);

it.each(cases)('another account’s p95 is at most twice that of quiet: $name', async ({ name, by, flood }) => {
  const accounts = Array.from({ length: by.accounts }, (_, index) => `flood_${index}`);
  await open(flood.of === 'strangers' ? [] : accounts, flood.of !== 'buyers');
  const { stripe, time } = stage;
  stripe.deleted = /^cus_gone/;
  await flood.begin?.(accounts);
  const began = time.now;
  stripe.calls.splice(0);

  const { counts, add } = tally();
  let turn = 0;
  let isOver = false;
  const pending = new Set<Promise<void>>();
  const next = (): void => {
    if (isOver) return;
    // All at once, which is worse for the others than one after another.
    for (const account of accounts) {
      const ended = answered(flood.send(account, turn), add).finally(() => pending.delete(ended));
      pending.add(ended);
    }
    turn += 1;
    setTimeout(next, flood.everyMs * by.slower);
  };
  next();
  await stage.pass(2_000);
  const after = await measure();
  isOver = true;
  const seconds = (time.now - began) / 1_000;
  const others = stripe.calls.filter(({ customer }) => customer !== customerOf(quiet)).length / seconds;
  const most = mostCallsOfOne(accounts, seconds);
  const said = Object.entries(inQuiet).map(([what, ms]) => `${what} ${ms} → ${after[what]} ms`);
  process.stdout.write(
    `\n  ${name}: ${turn * by.accounts} requests in ${seconds.toFixed(0)} s; p95 of another account, quiet → flooded: ${said.join(', ')}; calls a second ${others.toFixed(1)} of ${perSecond}, one account’s ${most.toFixed(1)}, ${stripe.refused} refused by Stripe; answers ${JSON.stringify(counts)}\n`,
  );
  stripe.latencyMs = 0;
  stripe.hangs = null;
  stage.bff.billhook.answerWaiting();
  await stage.until(Promise.allSettled(pending));
  for (const [what, ms] of Object.entries(inQuiet)) expect(after[what], what).toBeLessThanOrEqual(2 * ms);
  expect(stripe.refused, 'requests of the host’s own would be refused too').toBe(0);
  expect(most).toBeLessThan(perSecond / 4);
});
