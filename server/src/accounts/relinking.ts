/**
 * An operator decides which customer an account has. The link that a host's introductions cannot move is moved here, after
 * Stripe was asked about the customer, and its last Checkout is closed first: it would be paid by the old customer.
 */

import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { AccountRef } from '../ledger/account.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { LinkChanged } from '../ledger/links.ts';
import { BillhookError } from '../problem.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import type { CustomerRefusal } from './link-refusal.ts';
import type { CustomerLinks } from './introducing.ts';

/** Milliseconds for which the account's Checkout is locked: from asking Stripe about it to the new link. */
const lockMs = 60_000;

export interface LinkRequest extends AccountRef {
  /** `null`: the account's customer is taken from it. */
  readonly customer: string | null;
  /** In place of the customer that the account has. */
  readonly replace: boolean;
}

export type Relink = (
  request: LinkRequest,
) => Promise<LinkChanged | { readonly outcome: CustomerRefusal; readonly before: null; readonly owner: null }>;

/**
 * @returns a function that changes a link. It rejects with {@link BillhookError} `checkout_busy` while the account is
 *   opening a purchase, and with a `StripeFailure` when Stripe does not know the customer, or cannot be asked.
 */
export function createRelink(
  { log, now }: Config,
  store: BillingStore,
  gateway: StripeGateway,
  { refusalOf }: CustomerLinks,
): Relink {
  return async function relink({ customer, replace, host, account }) {
    const ref = { host, account };
    const refusal = customer === null ? null : await refusalOf(ref, customer);
    if (refusal !== null) return { outcome: refusal, before: null, owner: null };
    const lock = randomUUID();
    const locked = await store.lockCheckout(ref, lock, lockMs, now());
    if (locked === null) throw new BillhookError('checkout_busy');
    try {
      const own = await store.findAccount(ref);
      const moves = own !== null && own.customer !== customer && (customer === null || replace);
      if (moves && locked.last !== null) await gateway.expireCheckout(locked.last.session);
      const changed = await store.changeLink(ref, customer, replace, now());
      const { outcome, before } = changed;
      const from = before === null || before === customer ? {} : { before };
      log.info(`link.${outcome}`, { ...ref, ...(customer === null ? {} : { customer }), ...from, audit: true });
      return changed;
    } finally {
      await store.unlockCheckout(ref, lock);
    }
  };
}
