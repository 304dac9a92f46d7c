/**
 * Account ↔ customer: by a host's introduction, by import, or by creating the customer before a first Checkout. A link is
 * made only after Stripe was asked, and stays until its customer is deleted or an operator changes it (`relinking.ts`).
 */

import { createHash } from 'node:crypto';
import { AskOnce } from './ask-once.ts';
import type { Config, CustomerDetails } from '../config/config.ts';
import { StripeFailure } from '../stripe/failure.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import { withPriority } from '../stripe/request-budget.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import { isLiving } from '../ledger/customers.ts';
import type { AccountRef } from '../ledger/account.ts';
import { customerDetails } from './customer-details.ts';
import { createIntroduce, type CustomerLinks, type Introduce } from './introducing.ts';
import type { CustomerRefusal } from './link-refusal.ts';

/** Stripe may forget an idempotency key after 24 hours; an hour before that it is no longer relied on. */
const intentLifeMs = 23 * 60 * 60 * 1000;

export interface Linking extends CustomerLinks {
  /** The outcome for the customer that a token introduces. */
  readonly introduce: Introduce;
  /**
   * The account's customer, created at Stripe where there is none: once, however often it is tried.
   *
   * @param payer - the token's details of the payer
   */
  ensureCustomer(ref: AccountRef, payer?: CustomerDetails): Promise<string>;
}

export function createLinking(config: Config, store: BillingStore, gateway: StripeGateway, wake: () => void): Linking {
  const links = new AskOnce<Awaited<ReturnType<CustomerLinks['link']>>>();
  const refusals = new AskOnce<CustomerRefusal | null>();
  const linking: Linking = {
    // A page asks as often as its limit lets it: one question at a time, and none before its turn in the budget.
    introduce: createIntroduce(config, store, {
      link: (ref, customer) => links.ask(questionOf(ref, customer), () => inTurn(() => linking.link(ref, customer))),
      refusalOf: (ref, customer) =>
        refusals.ask(questionOf(ref, customer), () => inTurn(() => linking.refusalOf(ref, customer))),
    }),

    async refusalOf(ref, customer) {
      return refusal(await gateway.introduced(customer), ref);
    },

    async link(ref, customer) {
      const { host, account } = ref;
      const outcome =
        (await linking.refusalOf(ref, customer)) ?? (await store.link({ host, account }, customer, config.now()));
      if (outcome === 'linked') {
        config.log.info('link.made', { host, account, customer, audit: true });
        wake();
      } else if (outcome !== 'alreadyLinked') {
        config.log.warn('link.refused', { host, account, customer, code: outcome, audit: true });
      }
      return outcome;
    },

    async ensureCustomer(ref, payer) {
      const linked = await living(ref);
      if (linked) return linked.customer;
      const now = config.now();
      const intent = await store.intendCustomer(ref, now);
      let { generation } = intent;
      // An old intent may have been carried out without our knowing: look before creating again.
      const lost = now - intent.since > intentLifeMs ? await free(await gateway.findCustomer(ref)) : null;
      if (lost === null && now - intent.since > intentLifeMs)
        ({ generation } = await store.renewIntent(ref, generation, now));
      const customer = lost ?? (await gateway.createCustomer(ref, keyOf(ref, generation)));
      const details = await customerDetails(config, ref, payer);
      if (details !== null) await describe(ref, customer, details);
      const outcome = await store.link({ host: ref.host, account: ref.account }, customer, config.now());
      // Two at once: the one idempotency key gave both the same customer, or the other's link came first.
      const settled = (await living(ref))?.customer;
      if (settled === undefined) throw new Error(`a new customer could not be linked: ${outcome}`);
      if (outcome === 'linked') config.log.info('link.made', { ...pick(ref), customer, audit: true });
      wake();
      return settled;
    },
  };
  return linking;

  /** Stripe's own idea of an e-mail address stops no purchase: Checkout asks for one. */
  async function describe(
    ref: AccountRef,
    customer: string,
    details: Parameters<StripeGateway['describeCustomer']>[1],
  ): Promise<void> {
    try {
      await gateway.describeCustomer(customer, details);
    } catch (cause) {
      if (!(cause instanceof StripeFailure) || cause.code !== 'stripe_rejected') throw cause;
      // Without Stripe's message, which repeats the address.
      config.log.warn('customer.details_refused', { ...pick(ref), customer, code: cause.code });
    }
  }

  /** An operator may have linked to another account what was created for this one. */
  async function free(customer: string | null): Promise<string | null> {
    return customer !== null && (await store.customersAmong([customer])).length === 0 ? customer : null;
  }

  async function living(ref: AccountRef) {
    const record = await store.findAccount(ref);
    return isLiving(record) ? record : null;
  }

  function refusal(found: Awaited<ReturnType<StripeGateway['introduced']>>, ref: AccountRef): CustomerRefusal | null {
    if (found.deleted) return 'customerDeleted';
    if (found.livemode !== config.livemode) return 'livemode_mismatch';
    // Where several hosts share a Stripe account, the customer's metadata must name its host.
    const mustBeNamed = found.host !== null || config.hosts.size > 1;
    if (mustBeNamed && found.host !== ref.host) return 'host_mismatch';
    // A customer that Billhook made for one account no other account's to introduce.
    return found.account !== null && found.account !== ref.account ? 'account_mismatch' : null;
  }
}

/** How long a page waits for a turn in the budget and for Stripe, in milliseconds. */
const introductionLimitMs = 15_000;

const inTurn = <T>(ask: () => Promise<T>): Promise<T> =>
  withPriority('waiting', ask, AbortSignal.timeout(introductionLimitMs));

const questionOf = ({ host, account }: AccountRef, customer: string): string =>
  JSON.stringify([host, account, customer]);

const pick = ({ host, account }: AccountRef) => ({ host, account });

/** The same account and generation always give the same key, and the key always the same parameters (HTTP-8). */
function keyOf({ host, account }: AccountRef, generation: number): string {
  return `billhook-${createHash('sha256')
    .update(JSON.stringify([host, account, generation]))
    .digest('base64url')}`;
}
