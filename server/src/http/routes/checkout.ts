/** `POST /v1/checkout-sessions`: the first purchase. Only what the snapshot offers, and never a second subscription. */

import { Hono } from 'hono';
import { z } from 'zod';
import type { BillingState, CheckoutSessionRequest } from '@billhook/widget/contract';
import type { Authenticated, Caller } from '../auth.ts';
import type { ItemFacts } from '../../billing/facts.ts';
import { BillhookError } from '../../problem.ts';
import { StripeFailure } from '../../stripe/failure.ts';
import type { AccountView } from '../../accounts/view.ts';
import { stripeLocale } from '../../stripe/locale.ts';
import { idField, readBody, type RequestSchema } from '../read-body.ts';
import { customerOf, localeField, openVisit, returnUrlField, returnUrlOf, seenField } from '../open-visit.ts';
import { readIntroduced } from '../read-first.ts';
import type { RouteContext } from '../route-context.ts';
import { readSynced } from '../read-synced.ts';
import { isLiving } from '../../ledger/customers.ts';
import { isDoubtful } from '../../ledger/links.ts';

const checkoutSessionRequest = z.strictObject({
  offer: idField,
  returnUrl: returnUrlField,
  locale: localeField,
  seen: seenField,
}) satisfies RequestSchema<CheckoutSessionRequest>;

/** How long a click waits for Stripe to say what the account has now. */
const freshFactsMs = 10_000;

/** States in which no subscription runs that a purchase would double. */
const restingStates: Record<BillingState, boolean> = {
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

export function checkoutRoute(parts: RouteContext) {
  const { allow, catalogue, config, linking, openCheckout, read, store } = parts;
  return new Hono<Authenticated>().post('/', allow('billing:manage'), async (c) => {
    const { caller } = c.var;
    const { offer: wanted, returnUrl, locale, seen } = await readBody(c, checkoutSessionRequest);
    const back = returnUrlOf(c.var.host, returnUrl);
    const offer = caller.policy.offers.find(({ id }) => id === wanted);
    if (offer === undefined) {
      const detail = 'offer must be the id of one of the host’s offers.';
      throw new BillhookError('field_invalid', { field: 'offer', detail });
    }
    // A server that has just started does not know yet what is sold.
    if (!catalogue.offersAreKnown && catalogue.price(offer.price) === null) await catalogue.refreshOffers(config.now());
    const introduced = await readIntroduced(parts, caller);
    requireCertain(caller, introduced);

    const { signal } = c.req.raw;
    const { snapshot } = await readFresh(caller, introduced, signal);
    if (!restingStates[snapshot.state]) throw new BillhookError('subscription_exists');
    const price = catalogue.price(offer.price);
    const shown = snapshot.offers.find(({ id }) => id === wanted);
    if (price === null || shown === undefined) throw new BillhookError('offer_unavailable');

    const customer = await linking.ensureCustomer(caller, caller.payer);
    const { host, account } = caller;
    const purchase = {
      host,
      account,
      customer,
      offer,
      price,
      trialDays: shown.trialDays ?? null,
      returnUrl: back,
      locale: locale === undefined ? null : stripeLocale(locale, 'checkout'),
      nothingRuns: async () => restingStates[(await readFresh(caller, await read(caller), signal)).snapshot.state],
    };
    const url = await whileSold(price, () => openCheckout(purchase, signal));
    const record = customerOf(await read(caller));
    return c.json(await openVisit(parts, caller, record, 'checkout', seen, url));
  });

  /**
   * Stripe refuses what was archived between look and click. The webhook of it may be on its way.
   *
   * @throws {BillhookError} `offer_unavailable`
   */
  async function whileSold<T>({ price }: ItemFacts, open: () => Promise<T>): Promise<T> {
    try {
      return await open();
    } catch (cause) {
      if (!(cause instanceof StripeFailure) || cause.code !== 'stripe_rejected') throw cause;
      await catalogue.refresh({ type: 'price', id: price });
      throw catalogue.soldPrice(price) === null ? new BillhookError('offer_unavailable', { cause }) : cause;
    }
  }

  /** The account as Stripe says it is now: a purchase in another tab may be a second old. */
  async function readFresh(caller: Caller, known: AccountView, signal: AbortSignal): Promise<AccountView> {
    const customer = known.record?.customer;
    const ticket = customer === undefined ? null : await store.raiseTicket(customer, 'check', config.now());
    if (customer === undefined || ticket === null) return known;
    const waited = { customer, ticket, waitMs: freshFactsMs, signal, click: true };
    const { reading, synced } = await readSynced(parts, caller, waited);
    if (!synced) throw new BillhookError('stripe_unavailable', { retryAfter: 2 });
    return reading;
  }
}

/**
 * Nothing is sold while host and ledger disagree about the customer: the other one may be paying already.
 *
 * @throws {BillhookError} `introduction_refused`; `stripe_unavailable` where Stripe could not be asked about it.
 */
function requireCertain({ introduces }: Caller, { record, introduced }: AccountView): void {
  if (isDoubtful(introduced)) {
    throw new BillhookError('introduction_refused', {
      detail: 'Two customers are named for this account. Nothing is sold until it is clear which one is its.',
    });
  }
  const checked = [null, record?.customer, introduced?.customer].includes(introduces);
  if (!checked && isLiving(record)) throw new BillhookError('stripe_unavailable', { retryAfter: 2 });
}
