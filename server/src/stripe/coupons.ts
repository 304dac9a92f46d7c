/** The terms of coupons, which a subscription names by their ids. */

import { Stripe } from 'stripe';

/** So many coupons' terms are kept. */
const maxKept = 10_000;

type Discounted = { readonly discounts: readonly (string | Stripe.Discount)[] };

/** Discounts that were expanded. */
const discountsOf = (subscription: Stripe.Subscription): Stripe.Discount[] => {
  const holders: Discounted[] = [subscription, ...subscription.items.data];
  const { customer } = subscription;
  const customers = typeof customer === 'string' || customer.deleted === true ? null : customer.discount;
  return [...holders.flatMap(({ discounts }) => discounts), customers ?? []]
    .flat()
    .filter((discount) => typeof discount !== 'string');
};

/**
 * Puts each coupon in the place of its id. Its terms never change, so each is asked for once: by itself, because only then
 * does Stripe tell the products that it counts for, and more than four levels deep nothing is expanded. A key that may not
 * read coupons has everything but their terms (KEY-1): it asks once, and not again while the process lives.
 */
export function couponTerms(stripe: Stripe): (subscriptions: readonly Stripe.Subscription[]) => Promise<void> {
  const kept = new Map<string, Promise<Stripe.Coupon | null>>();
  let areRefused = false;

  async function ask(id: string): Promise<Stripe.Coupon | null> {
    try {
      return await stripe.coupons.retrieve(id, { expand: ['applies_to'] });
    } catch (cause) {
      kept.delete(id);
      if (cause instanceof Stripe.errors.StripePermissionError) areRefused = true;
      // One that was deleted lowers what it was redeemed for all the same, by an amount that is not known.
      else if (!(cause instanceof Stripe.errors.StripeInvalidRequestError)) throw cause;
      return null;
    }
  }

  function termsOf(id: string): Promise<Stripe.Coupon | null> {
    const known = kept.get(id);
    if (known) return known;
    const [oldest] = kept.keys();
    if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest);
    const asked = ask(id);
    kept.set(id, asked);
    return asked;
  }

  return async function fillIn(subscriptions) {
    const waiting = subscriptions.flatMap(discountsOf).map(async ({ source }) => {
      if (areRefused || typeof source.coupon !== 'string') return;
      source.coupon = (await termsOf(source.coupon)) ?? source.coupon;
    });
    await Promise.all(waiting);
  };
}
