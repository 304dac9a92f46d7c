/** `POST /v1/checkout-sessions` between page, ledger and Stripe: each condition of a sale, and what is asked for then. */

import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { BillingState } from '@billhook/widget/contract';
import { Waiters } from '../../../server/src/background/waiters.ts';
import type { RouteContext } from '../../../server/src/http/route-context.ts';
import { checkoutRoute } from '../../../server/src/http/routes/checkout.ts';
import { toProblemError } from '../../../server/src/http/to-problem.ts';
import { StripeFailure } from '../../../server/src/stripe/failure.ts';
import { logRecorder } from '../../support/log-recorder.ts';
import { item, noon } from '../fixtures/facts.ts';
import { origin } from '../support/bff.ts';
import { signedIn } from '../support/signed-in.ts';

const offer = { id: 'team', price: 'team_monthly' };
const price = item({ price: 'price_team' });
const living = { customer: 'cus_1', revision: 5, facts: null, failure: null, syncedTicket: 4 };
const rejected = new StripeFailure('stripe_rejected', null);

interface World {
  readonly body?: object;
  readonly introduces?: string | null;
  readonly introduced?: object | null;
  readonly record?: object | null;
  readonly state?: BillingState;
  readonly shown?: object[];
  readonly price?: object | null;
  readonly offersAreKnown?: boolean;
  readonly ticket?: number | null;
  /** Checkout is opened by this. */
  readonly open?: (purchase: { nothingRuns(): Promise<boolean> }) => Promise<string>;
  /** The price as it is sold after a refusal of Stripe's; `null`: no more. */
  readonly sold?: object | null;
}

async function buy(world: World = {}) {
  const { introduces = null, introduced = null, record = living, state = 'none', shown = [{ id: 'team' }] } = world;
  const { offersAreKnown = true, ticket = 4, sold = price } = world;
  const known = world.price === undefined ? price : world.price;
  const asked: unknown[] = [];
  const note =
    (what: string, answer?: unknown) =>
    async (...given: unknown[]) => {
      asked.push([what, ...given]);
      return answer;
    };
  const view = { record, introduced, snapshot: { state, offers: shown } };
  const payer = { email: 'a@b' };
  const caller = { host: 'acme', account: 'team_1', policy: { offers: [offer] }, introduces, payer };
  const parts = {
    config: { now: () => noon, log: logRecorder() },
    waiters: new Waiters(),
    wakeWorker: () => undefined,
    catalogue: {
      offersAreKnown,
      price: () => known,
      refreshOffers: note('offers'),
      refresh: note('refresh'),
      soldPrice: () => sold,
    },
    linking: { introduce: async () => false, ensureCustomer: note('customer', 'cus_1') },
    openCheckout: async (purchase: { nothingRuns(): Promise<boolean> }) => {
      asked.push(['open', purchase]);
      return await (world.open?.(purchase) ?? Promise.resolve('https://stripe.example'));
    },
    read: async () => view,
    store: { epoch: 'e1', raiseTicket: note('ticket', ticket), prioritize: note('first'), openVisit: note('visit') },
    allow: () => signedIn(caller, { origins: [origin], returnUrl: `${origin}/billing`, returnUrlKeeps: [] }),
  };
  let refusal: unknown = null;
  const app = new Hono().route('/', checkoutRoute(parts as unknown as RouteContext)).onError((cause, c) => {
    refusal = toProblemError(cause);
    return c.body(null);
  });
  const body = JSON.stringify({ offer: 'team', seen: 'e1.3', ...world.body });
  const answer = await app.request('/', { method: 'POST', body });
  const of = (what: string) => asked.filter((each) => (each as string[])[0] === what);
  return { asked, of, refusal, answer: refusal === null ? ((await answer.json()) as object) : null };
}

describe('a sale', () => {
  it('opens Checkout for the offer that was shown, after a look at what the account has', async () => {
    const shown = [{ id: 'team', trialDays: 14 }];
    const { answer, of, asked } = await buy({ shown, body: { locale: 'de', returnUrl: `${origin}/here` } });
    expect(answer).toMatchObject({ url: 'https://stripe.example' });
    expect(of('ticket')).toEqual([['ticket', 'cus_1', 'check', noon]]);
    expect(of('first')).toEqual([['first', 'cus_1', noon + 10_000]]);
    expect(of('customer')).toMatchObject([['customer', { account: 'team_1' }, { email: 'a@b' }]]);
    expect(of('open')).toEqual([
      [
        'open',
        {
          host: 'acme',
          account: 'team_1',
          customer: 'cus_1',
          offer,
          price,
          trialDays: 14,
          returnUrl: `${origin}/here`,
          locale: 'de',
          nothingRuns: expect.any(Function) as unknown,
        },
      ],
    ]);
    expect(of('visit')).toMatchObject([['visit', { kind: 'checkout', seen: 3, customer: 'cus_1' }]]);
    expect(asked.map((each) => (each as string[])[0])).not.toContain('offers');
  });

  it('without a trial, a language and a place to come back to has the host’s', async () => {
    const { of } = await buy();
    expect(of('open')).toMatchObject([['open', { trialDays: null, locale: null, returnUrl: `${origin}/billing` }]]);
  });

  it('of an account without a customer needs no look', async () => {
    const { of } = await buy({ record: null });
    expect([of('ticket'), of('first'), of('open').length]).toEqual([[], [], 1]);
  });

  it('of a customer that the ledger lost meanwhile needs none either', async () => {
    const { of } = await buy({ ticket: null });
    expect([of('first'), of('open').length]).toEqual([[], 1]);
  });

  it('by a server that has just started asks for what is sold, where that is not known', async () => {
    expect((await buy({ offersAreKnown: false, price: null })).of('offers')).toEqual([['offers', noon]]);
    expect((await buy({ offersAreKnown: false })).of('offers')).toEqual([]);
    expect((await buy({ price: null })).of('offers')).toEqual([]);
  });

  it('looks again, before Checkout takes another’s place, whether nothing runs', async () => {
    const runs: boolean[] = [];
    const open = async ({ nothingRuns }: { nothingRuns(): Promise<boolean> }) => {
      runs.push(await nothingRuns());
      return 'https://stripe.example';
    };
    const { of } = await buy({ open });
    expect([runs, of('ticket').length]).toEqual([[true], 2]);
  });
});

describe('nothing is sold', () => {
  const states: Record<BillingState, boolean> = {
    unknown: false,
    none: true,
    ended: true,
    active: false,
    trialing: false,
    ending: false,
    paused: false,
    processing: false,
    incomplete: false,
    actionRequired: false,
    pastDue: false,
    restricted: false,
  };
  it.each(Object.entries(states))('in the state %s: sold all the same: %s', async (state, isSold) => {
    const { refusal, of } = await buy({ state: state as BillingState });
    if (isSold) expect(refusal).toBeNull();
    else expect(refusal).toMatchObject({ code: 'subscription_exists' });
    expect(of('open')).toHaveLength(isSold ? 1 : 0);
  });

  const unclear = 'Two customers are named for this account. Nothing is sold until it is clear which one is its.';
  const busy = { code: 'stripe_unavailable', retryAfter: 2 };
  it.each<[string, World, object]>([
    [
      'that is no offer of the host’s',
      { body: { offer: 'other' } },
      { code: 'field_invalid', field: 'offer', message: 'offer must be the id of one of the host’s offers.' },
    ],
    ['whose price is not known', { price: null }, { code: 'offer_unavailable' }],
    ['that the account is not shown', { shown: [{ id: 'other' }] }, { code: 'offer_unavailable' }],
    [
      'to an account that two customers are named for',
      { introduced: { customer: 'cus_2', code: 'accountTaken' } },
      { code: 'introduction_refused', message: unclear },
    ],
    ['before a customer that is introduced was checked', { introduces: 'cus_2' }, busy],
  ])('%s', async (_, world, refusal) => {
    const { refusal: given, of } = await buy(world);
    expect(given).toMatchObject(refusal);
    expect(of('open')).toEqual([]);
  });

  it('while the look is not in; a click does not wait for what has failed', async () => {
    const began = performance.now();
    const { refusal } = await buy({ ticket: 5, record: { ...living, failure: { at: Infinity } } });
    expect(refusal).toMatchObject(busy);
    expect(performance.now() - began, 'not the ten seconds that a look may take').toBeLessThan(5_000);
  });

  it('is no rule where the customer that is introduced is the account’s, was deleted, or stands beside no living one', async () => {
    const deleted = { customer: 'cus_2', code: 'customerDeleted' };
    expect((await buy({ introduces: 'cus_1' })).refusal).toBeNull();
    expect((await buy({ introduces: 'cus_2', introduced: deleted })).refusal).toBeNull();
    expect((await buy({ introduces: 'cus_2', record: null })).of('open')).toHaveLength(1);
  });
});

describe('Stripe refuses', () => {
  const refusing = (cause: unknown) => async () => {
    throw cause;
  };

  it('what was archived between look and click: it is sold no more', async () => {
    const { refusal, of } = await buy({ open: refusing(rejected), sold: null });
    expect(refusal).toMatchObject({ code: 'offer_unavailable', cause: rejected });
    expect(of('refresh')).toEqual([['refresh', { type: 'price', id: 'price_team' }]]);
  });

  it('what is sold all the same, for a reason of its own', async () => {
    expect((await buy({ open: refusing(rejected) })).refusal).toMatchObject({ code: 'stripe_rejected' });
  });

  it.each([new StripeFailure('stripe_unavailable', null), new TypeError('a fault of ours')])(
    'or fails: %s, and nothing is asked about the price',
    async (cause) => {
      const { refusal, of } = await buy({ open: refusing(cause), sold: null });
      expect(refusal).toMatchObject({ cause });
      expect([of('refresh'), of('visit')]).toEqual([[], []]);
    },
  );
});
