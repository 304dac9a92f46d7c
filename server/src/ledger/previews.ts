/** The ledger’s contract on previews: the next invoice as Stripe shows it, kept beside the facts that it was asked for with. */

import type { NextInvoiceFacts } from '../billing/facts.ts';

/** The part of a customer's row that is about its preview. */
export interface PreviewRecord {
  /** The synced ticket that it was asked for with; 0: there was none yet. A newer one asks for another preview. */
  readonly ticket: number;
  /** The revision of these facts: beside others it is not shown. */
  readonly revision: number;
  /** `null`: Stripe announces none, or refused to. */
  readonly invoice: NextInvoiceFacts | null;
  /** The synced ticket that a process asked Stripe with last, and when it did. */
  readonly askedTicket: number;
  readonly askedAt: number;
}

export interface PreviewClaim {
  readonly customer: string;
  /** The synced ticket, and the revision of its facts. */
  readonly ticket: number;
  readonly revision: number;
}

export interface PreviewStore {
  /**
   * Takes the preview of a fresh customer, where none was kept since its last sync, for one process: the others find it
   * taken for `restMs`, in which a failure rests too.
   */
  claimPreview(customer: string, now: number, restMs: number): Promise<PreviewClaim | null>;

  /**
   * Keeps a preview, `null` included. Not written where the customer was synced since: newer facts ask for their own.
   *
   * @returns whether it was written
   */
  keepPreview(claim: PreviewClaim, invoice: NextInvoiceFacts | null): Promise<boolean>;
}

/** The statements that both stores run as they are. */
export const previewSql = {
  claim: `UPDATE customers SET preview_asked_ticket = synced_ticket, preview_asked_at = @now
    WHERE customer = @customer AND deleted_at IS NULL AND synced_ticket = ticket AND preview_ticket < synced_ticket
      AND (preview_asked_ticket < synced_ticket OR preview_asked_at <= @restedBefore OR preview_asked_at > @now)
    RETURNING customer, synced_ticket, revision`,
  keep: `UPDATE customers SET preview = @preview, preview_ticket = @ticket
    WHERE customer = @customer AND deleted_at IS NULL AND synced_ticket = @ticket AND preview_ticket < @ticket
    RETURNING host, account`,
};
