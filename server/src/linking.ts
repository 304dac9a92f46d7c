/**
 * Account ↔ customer. Here the link by introduction: a host says "this account is that customer", and it is believed
 * only after Stripe was asked. Once made, a link stays.
 */

import type { Identity } from './auth.ts';
import type { Config } from './config.ts';
import { BillhookError } from './problem.ts';
import type { StripeGateway } from './stripe-gateway.ts';
import type { BillingStore } from './store/store.ts';

export type Introduce = (identity: Identity) => Promise<void>;

/**
 * Makes the function that links an account to the customer that its token introduces, if it has none yet.
 *
 * @returns Rejects with {@link BillhookError} `introduction_refused` when the customer is deleted, of another mode,
 *   another host's or somebody else's, and with `StripeFailure` when Stripe cannot be asked.
 */
export function createIntroduce(
  config: Config,
  store: BillingStore,
  gateway: StripeGateway,
  wake: () => void,
): Introduce {
  const live = /^(?:sk|rk)_live_/.test(config.stripe.secretKey);

  return async function introduce(identity) {
    const { host, account, introduces: customer } = identity;
    if (customer === null) return;
    const linked = await store.findAccount({ host, account });
    if (linked && linked.facts?.deleted !== true) {
      // The first link stays: a token readable in a browser must not be able to move it.
      if (linked.customer !== customer) config.log.warn('link.differs', { host, account, customer, audit: true });
      return;
    }

    const refuse = (why: string): never => {
      config.log.warn('link.refused', { host, account, customer, code: why, audit: true });
      throw new BillhookError('introduction_refused');
    };
    const found = await gateway.introduced(customer);
    if (found.deleted) refuse('customer_deleted');
    if (found.livemode !== live) refuse('livemode_mismatch');
    const named = found.host !== null || config.hosts.size > 1;
    if (named && found.host !== host) refuse('host_mismatch');

    const outcome = await store.link({ host, account }, customer, config.now());
    if (outcome === 'customerTaken' || outcome === 'customerDeleted') refuse(outcome);
    if (outcome === 'linked') config.log.info('link.made', { host, account, customer, audit: true });
    wake();
  };
}
