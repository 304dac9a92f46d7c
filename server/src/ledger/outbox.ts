/** The ledger’s contract on notices to hosts: at least once each, and in each account’s order. */

import type { NoticeType } from '../billing/notice-types.ts';
import type { AccountRef } from './account.ts';

/**
 * The receiver of a notice: the host's webhook, or `onChange` in this process. Each has its own queue, and neither
 * waits for the other.
 */
export type Receiver = 'webhook' | 'process';

/** A notice as it is written. The id names the fact, so that what was told before is not told again. */
export interface OutboxEntry {
  readonly id: string;
  readonly receiver: Receiver;
  readonly type: NoticeType;
  readonly data: object;
}

/** A notice that one deliverer has until its lease ends. */
export interface NoticeClaim extends AccountRef, OutboxEntry {
  readonly revision: number;
  /** When the fetch began that found it. */
  readonly at: number;
  /** This one included. */
  readonly attempts: number;
}

/** Notices to hosts: at least once, and each account's notices in their order. */
export interface OutboxStore {
  /**
   * Takes up to `limit` notices for `leaseMs`, oldest first, at most one an account: the next one waits until it is
   * delivered or given up. A deliverer that dies leaves its notice to the next when the lease ends.
   */
  claimNotices(
    to: { readonly host: string; readonly receiver: Receiver },
    now: number,
    leaseMs: number,
    limit: number,
  ): Promise<NoticeClaim[]>;

  noticeDelivered(claim: NoticeClaim, now: number): Promise<void>;

  /** Gives the notice back, to be tried again at `nextAttemptAt`; `null` gives it up. A newer claim is left alone. */
  noticeFailed(claim: NoticeClaim, code: string, nextAttemptAt: number | null, now: number): Promise<void>;
}
