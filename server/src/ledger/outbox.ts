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

const isOpen = `receiver = @receiver AND host = @host AND settled_at IS NULL`;

/** While one waits for its next attempt, the account's later ones wait behind it. */
const isFirst = `NOT EXISTS (SELECT 1 FROM outbox AS earlier
  WHERE earlier.receiver = @receiver AND earlier.host = @host AND earlier.settled_at IS NULL
    AND earlier.account = head.account AND earlier.sequence < head.sequence)`;

const look = (condition: string, order: string): string =>
  `SELECT sequence FROM outbox AS head WHERE ${isOpen} AND ${condition} AND ${isFirst} ORDER BY ${order} LIMIT @limit`;

/**
 * Looks for the notices that may be claimed, of both stores: each along an index of its own, so that it ends with the first
 * few however many wait. `@now` is cast, for PostgreSQL adds parameters of no known type.
 */
export const noticeLooks: readonly string[] = [
  look(`next_attempt_at = 0`, 'sequence'),
  look(`next_attempt_at > 0 AND next_attempt_at <= @now`, 'next_attempt_at'),
  // A clock that was wrong: its lease, and its back-off, would last until the others have caught up with it.
  look(
    `next_attempt_at > 0 AND failed_at IS NULL AND next_attempt_at > CAST(@now AS bigint) + @leaseMs + @clockSkewMs`,
    'next_attempt_at',
  ),
  look(
    `next_attempt_at > 0 AND failed_at > CAST(@now AS bigint) + @clockSkewMs AND next_attempt_at >= failed_at`,
    'failed_at',
  ),
];
