/**
 * A whole Billhook in virtual time, before a Stripe that takes as long to answer as the test says. Latencies measured here
 * are of waiting alone, the same on every machine: a millisecond passes when the test lets it pass.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { vi } from 'vitest';
import { type TestOptions, startBff, type TestBff } from '../server/support/bff.ts';
import { noon } from '../server/fixtures/facts.ts';
import { price, stripeCustomer, stripeItem, stripeSubscription } from '../server/fixtures/stripe-objects.ts';
import { VirtualTime } from '../simulation/virtual-time.ts';

/** The requests that Stripe got. */
export interface StripeCall {
  readonly at: number;
  readonly path: string;
  /** The customer that the call is about, as far as its address says. */
  readonly customer: string | null;
}

export interface SlowStripe {
  /** Milliseconds that a call takes. */
  latencyMs: number;
  /** Calls of such a path are never answered. */
  hangs: RegExp | null;
  /** Customers that Stripe says are deleted. */
  deleted: RegExp | null;
  /** Customers without a subscription. */
  unsubscribed: RegExp | null;
  readonly calls: StripeCall[];
  /** More than these in one second are answered 429; `null`: no limit. */
  readonly perSecond: number | null;
  refused: number;
  /** The quantity of the customer's subscription; a change of it is what a page waits for. */
  readonly quantityOf: Map<string, number>;
}

export interface VirtualBillhook {
  readonly time: VirtualTime;
  readonly stripe: SlowStripe;
  readonly bff: TestBff;
  /** Lets time pass, and all that happens in it. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until the work is done; its value, and the milliseconds it took. */
  until<T>(work: Promise<T>): Promise<{ readonly value: T; readonly ms: number }>;
  /** A linked account, synced. Its name is the customer's, too. */
  link(...names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** The most milliseconds of virtual time between two checks of work that no timer announces. */
const tick = 100;
/** Rounds in which all that a tick sets going comes to its next wait: turns of the event loop, and of Node's threads. */
const roundsPerTick = 4;

/** Signatures are made and verified by Node's threads, in real time: no other time passes meanwhile. */
class Signatures {
  readonly #pending = new Set<Promise<unknown>>();
  readonly restore: () => void;

  constructor() {
    const { subtle } = crypto;
    const spies = (['sign', 'verify'] as const).map((name) => {
      const real: (...args: never[]) => Promise<unknown> = subtle[name].bind(subtle);
      return vi.spyOn(subtle, name).mockImplementation(((...args: never[]) => this.#kept(real(...args))) as never);
    });
    this.restore = () => {
      for (const spy of spies) spy.mockRestore();
    };
  }

  async settle(): Promise<void> {
    for (let round = 0; round < roundsPerTick; round += 1) {
      for (let turn = 0; turn < 4; turn += 1) await nextTurn();
      while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    }
  }

  #kept<T>(work: Promise<T>): Promise<T> {
    const over = () => this.#pending.delete(work);
    work.then(over, over);
    this.#pending.add(work);
    return work;
  }
}

/** By the timers that stand in for Node's. */
function abortedAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('The operation timed out', 'TimeoutError')), ms);
  return controller.signal;
}

export const customerOf = (name: string) => `cus_${name}`;

export async function virtualBillhook(options: TestOptions = {}, requestsPerSecond = 80): Promise<VirtualBillhook> {
  const time = new VirtualTime(noon);
  const restore = time.install();
  const clocks = [
    vi.spyOn(Date, 'now').mockImplementation(() => time.now),
    vi.spyOn(performance, 'now').mockImplementation(() => time.now - noon),
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(abortedAfter),
  ];
  const stripe: SlowStripe = {
    latencyMs: 0,
    hangs: null,
    deleted: null,
    unsubscribed: null,
    calls: [],
    perSecond: null,
    refused: 0,
    quantityOf: new Map(),
  };
  const signatures = new Signatures();
  const settle = () => signatures.settle();
  const network = vi.spyOn(globalThis, 'fetch').mockImplementation(stripeAt(stripe, time));
  const bff = await startBff(
    { apiUrl: 'http://stripe.invalid', requestsPerSecond },
    { database: ':memory:', now: () => time.now, limits: {}, jobs: { pollMs: 2 ** 30 }, ...options },
  );
  /** Lets time pass to the next timer, which is the next moment at which anything can happen; by `most` milliseconds at most. */
  const step = async (most: number): Promise<void> => {
    await settle();
    time.pass(Math.max(0, Math.min(time.nextDue - time.now, most)));
  };
  const virtual: VirtualBillhook = {
    time,
    stripe,
    bff,
    async pass(ms) {
      for (const end = time.now + ms; time.now < end;) await step(end - time.now);
      await settle();
    },
    async until(work) {
      const began = time.now;
      const state = { isDone: false };
      const ended = work.finally(() => (state.isDone = true));
      ended.catch(() => undefined);
      await settle();
      while (!state.isDone) {
        await step(tick);
        await settle();
      }
      return { value: await ended, ms: time.now - began };
    },
    async link(...names) {
      const { latencyMs } = stripe;
      stripe.latencyMs = 0;
      const links = names.map((account) => bff.billhook.link({ host: 'acme', account }, customerOf(account)));
      await virtual.until(Promise.all(links));
      const fresh = async (account: string) => (await bff.snapshot({ account })).state !== 'unknown';
      const areFresh = () => Promise.all(names.map(fresh));
      while ((await virtual.until(areFresh())).value.includes(false)) await virtual.pass(100);
      await virtual.pass(2_000);
      stripe.latencyMs = latencyMs;
      stripe.calls.splice(0);
    },
    async close() {
      bff.billhook.answerWaiting();
      stripe.latencyMs = 0;
      stripe.hangs = null;
      await virtual.until(bff.close());
      network.mockRestore();
      signatures.restore();
      for (const clock of clocks) clock.mockRestore();
      restore();
    },
  };
  return virtual;
}

const list = (data: readonly object[]) => ({ object: 'list', data, has_more: false, url: '/v1' });

function stripeAt(stripe: SlowStripe, time: VirtualTime): typeof globalThis.fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const path = url.pathname;
    const body = new URLSearchParams(typeof init?.body === 'string' ? init.body : '');
    const customer =
      url.searchParams.get('customer') ?? body.get('customer') ?? /customers\/(cus_\w+)/.exec(path)?.[1] ?? null;
    stripe.calls.push({ at: time.now, path, customer });
    const first = stripe.calls.at(-1 - (stripe.perSecond ?? 0));
    if (stripe.perSecond !== null && first !== undefined && first.at > time.now - 1_000) {
      stripe.refused += 1;
      return answer(429, { error: { type: 'invalid_request_error', message: 'too many requests' } });
    }
    const isHanging = stripe.hangs?.test(path) === true;
    const { signal } = init ?? {};
    if (isHanging || stripe.latencyMs > 0) {
      await new Promise<void>((done, fail) => {
        signal?.addEventListener('abort', () => fail(new DOMException('aborted', 'AbortError')), { once: true });
        if (!isHanging) setTimeout(done, stripe.latencyMs);
      });
    }
    return answer(200, objectAt(init?.method ?? 'GET', path, customer, stripe));
  };
}

const answer = (status: number, body: object) => Response.json(body, { status });

function objectAt(
  method: string,
  path: string,
  customer: string | null,
  { deleted, quantityOf, unsubscribed }: SlowStripe,
): object {
  const owner = stripeCustomer({ id: customer, metadata: {} });
  if (deleted?.test(customer ?? '') === true) return { id: customer, object: 'customer', deleted: true };
  if (path === '/v1/account') return { id: 'acct_1', object: 'account' };
  if (path.startsWith('/v1/customers/')) return owner;
  if (path === '/v1/subscriptions') {
    if (unsubscribed?.test(customer ?? '') === true) return list([]);
    const items = list([stripeItem('new', { quantity: quantityOf.get(customer ?? '') ?? 1 })]);
    return list([stripeSubscription('new', { id: `sub_${customer}`, customer: owner, items })]);
  }
  if (path === '/v1/billing_portal/sessions') return { id: 'bps_1', url: 'https://billing.stripe.com/p/session/1' };
  if (path === '/v1/billing_portal/configurations') return method === 'POST' ? { id: 'bpc_1' } : list([]);
  if (path === '/v1/checkout/sessions') {
    return {
      id: `cs_${customer}`,
      object: 'checkout.session',
      status: 'open',
      customer,
      url: 'https://checkout.stripe.com/c/pay/1',
    };
  }
  if (path.startsWith('/v1/prices/')) return price({ id: path.split('/').at(-1) });
  const [, , kind, id] = path.split('/');
  if (id !== undefined) return { id, object: kind?.replace(/s$/, ''), customer: customerOf('quiet') };
  return list([]);
}
