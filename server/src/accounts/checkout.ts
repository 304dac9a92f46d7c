/**
 * One open Checkout an account. Two tabs that buy at once must not end with two subscriptions, both paid: they get the
 * same session, and a request for another plan expires the first one's.
 */

import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { ItemFacts } from '../billing/facts.ts';
import type { OfferRule } from '../billing/policy.ts';
import { BillhookError } from '../problem.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { AccountRef } from '../ledger/account.ts';

/**
 * Milliseconds for which a process may hold the account's lock: from asking Stripe for a session to writing it down.
 */
const lockMs = 30_000;
/** How long another tab waits for the lock, and how often it looks. */
const patienceMs = 10_000;
const lookEveryMs = 100;

export interface Purchase extends AccountRef {
  readonly customer: string;
  readonly offer: OfferRule;
  readonly price: ItemFacts;
  /** Days of trial that the account may have. */
  readonly trialDays: number | null;
  readonly returnUrl: string;
  readonly locale: string | null;
  /** Asks Stripe anew whether the account has anything that a purchase would double. */
  readonly nothingRuns: () => Promise<boolean>;
}

export type OpenCheckout = (purchase: Purchase, signal: AbortSignal) => Promise<string>;

/**
 * Makes the function that opens a Checkout, or finds the one that is open already.
 *
 * @returns The hosted page's address. Rejects with {@link BillhookError} `subscription_exists` when the account's last
 *   Checkout was completed a moment ago, and `checkout_busy` when another tab holds the lock for too long.
 */
export function createCheckout({ now }: Config, store: BillingStore, gateway: StripeGateway): OpenCheckout {
  return async function openCheckout(purchase, signal) {
    const ref = { host: purchase.host, account: purchase.account };
    const lock = randomUUID();
    const last = await take(ref, lock, signal);
    try {
      const wanted = { offer: purchase.offer.id, returnUrl: purchase.returnUrl };
      if (last !== null) {
        const session = await gateway.checkoutSession(last.session);
        // Bought a moment ago in another tab, or long ago and over by now: only Stripe knows.
        if (session?.status === 'complete' && !(await purchase.nothingRuns())) {
          throw new BillhookError('subscription_exists');
        }
        if (session?.status === 'open' && session.url !== null) {
          const same = last.offer === wanted.offer && last.returnUrl === wanted.returnUrl;
          if (same && session.customer === purchase.customer) return session.url;
          await gateway.expireCheckout(last.session);
        }
      }
      const session = await gateway.openCheckout({
        customer: purchase.customer,
        price: purchase.price.price,
        quantity: purchase.price.metered ? null : (purchase.offer.quantity ?? 1),
        adjustable: purchase.offer.adjustableQuantity ?? null,
        trialDays: purchase.trialDays,
        settings: purchase.offer.checkout ?? {},
        returnUrl: purchase.returnUrl,
        locale: purchase.locale,
        account: purchase.account,
        host: purchase.host,
      });
      await store.keepCheckout(ref, lock, { session: session.id, ...wanted });
      return session.url;
    } finally {
      await store.unlockCheckout(ref, lock);
    }
  };

  async function take(ref: AccountRef, lock: string, signal: AbortSignal) {
    for (const until = now() + patienceMs; ;) {
      const taken = await store.lockCheckout(ref, lock, lockMs, now());
      if (taken) return taken.last;
      if (signal.aborted || now() >= until) throw new BillhookError('checkout_busy');
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}
