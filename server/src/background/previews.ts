/**
 * Asks Stripe for the preview of the next invoice (INV-1), where a page is open that would show it: once a sync, in one
 * process, after the page was answered. A customer whose page is closed is never asked about.
 */

import { setImmediate } from 'node:timers/promises';
import { codeOf, CodedError } from '../coded-error.ts';
import { previewLimitMs, previewRestMs } from '../billing/judge/next-payment.ts';
import type { AccountRef } from '../ledger/account.ts';
import type { PreviewClaim } from '../ledger/previews.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import { describeCause, type Log } from '../log.ts';
import { nextInvoiceFacts } from '../stripe/facts/next-invoice.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import { withPriority } from '../stripe/request-budget.ts';
import type { Waiters } from './waiters.ts';

export interface PreviewParts {
  readonly store: Pick<BillingStore, 'claimPreview' | 'keepPreview'>;
  readonly gateway: Pick<StripeGateway, 'previewInvoice'>;
  readonly waiters: Pick<Waiters, 'wake'>;
  readonly log: Log;
  readonly now: () => number;
}

/** An account with an open page, and the subscription whose next charge it would show. */
export interface PreviewWanted extends AccountRef {
  readonly customer: string;
  readonly subscription: string;
}

export class Previews {
  readonly #parts: PreviewParts;
  /** By customer. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(parts: PreviewParts) {
    this.#parts = parts;
  }

  /** Asks in the background, unless another request or process does. The account's waiters are woken with the answer. */
  want(wanted: PreviewWanted): void {
    if (!this.#running.has(wanted.customer)) this.#running.set(wanted.customer, this.#run(wanted));
  }

  /** Resolves when none is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #run(wanted: PreviewWanted): Promise<void> {
    const { host, account, customer } = wanted;
    try {
      await this.#ask(wanted);
    } catch (cause) {
      this.#failed(wanted, cause);
    }
    // Before the wake: a page that reads then may want the preview of a newer sync.
    this.#running.delete(customer);
    this.#parts.waiters.wake(host, account);
  }

  async #ask({ customer, subscription }: PreviewWanted): Promise<void> {
    const { store, now } = this.#parts;
    // The page's answer is on its way by then: a commit takes as long as the disk.
    await setImmediate();
    const claim = await store.claimPreview(customer, now(), previewRestMs);
    if (claim !== null) await store.keepPreview(claim, await this.#previewOf(claim, subscription));
  }

  /** @returns `null` where Stripe refuses: asked again it would say the same */
  async #previewOf({ customer }: PreviewClaim, subscription: string) {
    const { gateway } = this.#parts;
    const look = () => gateway.previewInvoice(customer, subscription);
    try {
      return nextInvoiceFacts(await withPriority('waiting', look, AbortSignal.timeout(previewLimitMs)), subscription);
    } catch (cause) {
      if (!(cause instanceof CodedError) || cause.transient) throw cause;
      this.#parts.log.info('preview.refused', { customer, code: cause.code });
      return null;
    }
  }

  /** Left to the next page that is read after a rest. */
  #failed({ host, account, customer }: PreviewWanted, cause: unknown): void {
    const { log } = this.#parts;
    log.warn('preview.failed', { host, account, customer, code: codeOf(cause), cause: describeCause(cause) });
  }
}
