/**
 * B14: how late a function is that is frozen after each answer and that nothing but a cron calls: until a host hears of a change
 * that a webhook brought, and of a moment that came by itself. In virtual time, so the delays are of waiting alone.
 */

import process from 'node:process';
import { afterEach, expect, it, vi } from 'vitest';
import type { Notice } from '@billhook/server';
import { stripeCustomer, stripeItem, stripeSubscription } from '../server/fixtures/stripe-objects.ts';
import { customerOf, virtualBillhook, type VirtualBillhook } from '../support/virtual-billhook.ts';
import { FrozenMachine } from './frozen-machine.ts';

const second = 1_000;
const cronMs = 300 * second;
const accounts = Array.from({ length: 20 }, (_, index) => `a${index}`);
const secret = 'the-secret-of-the-cron';

let stage: VirtualBillhook;
/** When the host heard of a type first, by account. */
let heard: Map<string, number>;
/** When the subscription of an account ends at Stripe, without a webhook. */
let ends: Map<string, number>;
let machine: FrozenMachine;
/** The process is frozen between requests. Before, while the accounts are linked, it is not. */
let freezes: boolean;

/** @param waitUntil - the platform keeps the process alive for what a request caused */
async function begin(waitUntil: boolean): Promise<void> {
  [heard, ends, freezes] = [new Map(), new Map(), false];
  const hear = async ({ type, account }: Notice) => {
    if (freezes) await machine.step('hear', async () => undefined);
    if (!heard.has(`${type} ${account}`)) heard.set(`${type} ${account}`, stage.time.now);
  };
  stage = await virtualBillhook(
    {
      background: 'none',
      upkeep: { secret },
      onChange: hear,
      ...(waitUntil ? { waitUntil: (work: Promise<void>) => void machine.answering(() => work) } : {}),
    },
    1_000,
  );
  const network = vi.mocked(globalThis.fetch);
  const through = network.getMockImplementation();
  if (!through) throw new Error('Stripe is out of reach');
  machine = new FrozenMachine({
    name: 'function',
    now: () => stage.time.now,
    monotonic: () => stage.time.now,
    databaseNow: async () => stage.time.now,
    truth: () => stage.time.now,
    fetch: through,
    step: async (_, work) => await work(),
    tell: async () => undefined,
  });
  network.mockImplementation(async (input, init) => {
    if (freezes) await machine.step('ask Stripe', async () => undefined);
    return endedAt(String(input)) ?? (await through(input, init));
  });
  await stage.link(...accounts);
  freezes = true;
}
afterEach(async () => {
  freezes = false;
  // Requests that are under way inside of the frozen process come to their end.
  await stage.until(machine.answering(async () => await stage.pass(second)));
  await stage.close();
});

/** The subscription of a customer whose end is told to nobody. */
function endedAt(address: string): Response | null {
  const url = new URL(address);
  const customer = url.searchParams.get('customer');
  const at = ends.get((customer ?? '').replace('cus_', ''));
  if (url.pathname !== '/v1/subscriptions' || customer === null || at === undefined) return null;
  const over = stage.time.now >= at;
  const seconds = Math.floor(at / second);
  const subscription = stripeSubscription('new', {
    id: `sub_${customer}`,
    customer: stripeCustomer({ id: customer, metadata: {} }),
    items: { object: 'list', data: [stripeItem('new', { quantity: 1 })], has_more: false },
    cancel_at: seconds,
    ...(over ? { status: 'canceled', ended_at: seconds, canceled_at: seconds } : {}),
  });
  return Response.json({ object: 'list', data: [subscription], has_more: false, url: '/v1' });
}

const webhook = (account: string) =>
  stage.until(
    machine.answering(() =>
      stage.bff.deliver({
        id: `evt_${account}_${stage.time.now}`,
        object: 'event',
        type: 'customer.subscription.updated',
        created: Math.floor(stage.time.now / second),
        livemode: false,
        api_version: '2026-10-28.endive',
        data: { object: { id: `sub_${customerOf(account)}`, object: 'subscription', customer: customerOf(account) } },
      }),
    ),
  );

async function cron(): Promise<void> {
  const request = new Request(`${stage.bff.options.publicUrl}/v1/upkeep`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
  });
  const { value } = await stage.until(machine.answering(async () => await stage.bff.billhook.fetch(request)));
  expect(value.status).toBe(200);
}

/** Lets time pass to a moment, with the cron's calls that fall into it. */
let nextCron = 0;
async function passTo(at: number): Promise<void> {
  while (nextCron <= at) {
    // oxlint-disable-next-line no-await-in-loop -- time passes once
    if (nextCron > stage.time.now) await stage.pass(nextCron - stage.time.now);
    nextCron += cronMs;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await cron();
  }
  if (at > stage.time.now) await stage.pass(at - stage.time.now);
}

function told(what: string, delays: readonly number[]): number {
  const sorted = delays.map((each) => each / second).toSorted((a, b) => a - b);
  const [median, most] = [sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  const said = `${sorted.length} measured, median ${median.toFixed(1)} s, at most ${most.toFixed(1)} s`;
  process.stdout.write(`functions, a cron every ${cronMs / second} s: ${what}: ${said}\n`);
  expect(sorted).toHaveLength(accounts.length);
  expect(delays.every(Number.isFinite), 'each is heard of').toBe(true);
  return most * second;
}

/** One change between two calls of the cron, each at another moment of that time; the delays until the host hears. */
async function changes(): Promise<number[]> {
  const began = stage.time.now;
  nextCron = began + cronMs;
  const changedAt: number[] = [];
  for (const [index, account] of accounts.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- one moment after the other
    await passTo(began + index * cronMs + ((index + 0.5) * cronMs) / accounts.length);
    stage.stripe.quantityOf.set(customerOf(account), 7);
    changedAt.push(stage.time.now);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await webhook(account);
  }
  await passTo(began + (accounts.length + 2) * cronMs);
  return accounts.map((account, index) => (heard.get(`plan.changed ${account}`) ?? Infinity) - (changedAt[index] ?? 0));
}

it('a webhook’s change, where the platform freezes the process at its answer', async () => {
  await begin(false);
  const most = told('a webhook until its notice, frozen at the answer', await changes());
  expect(most).toBeLessThanOrEqual(cronMs + 5 * second);
});

it('a webhook’s change, where the platform waits for what was begun', async () => {
  await begin(true);
  const most = told('a webhook until its notice, with waitUntil', await changes());
  expect(most).toBeLessThanOrEqual(5 * second);
});

it('a moment that comes by itself, of which no webhook tells', async () => {
  await begin(false);
  const began = stage.time.now;
  nextCron = began + cronMs;
  for (const [index, account] of accounts.entries()) {
    ends.set(account, began + 4 * cronMs + (index * cronMs) / accounts.length);
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    await webhook(account);
  }
  await passTo(began + 8 * cronMs);
  const delays = accounts.map(
    (account) => (heard.get(`subscription.ended ${account}`) ?? Infinity) - (ends.get(account) ?? 0),
  );
  const most = told('the end of a subscription until its notice', delays);
  expect(most).toBeLessThanOrEqual(cronMs + 5 * second);
});
