/** The ledger’s contract on its history: an account’s timeline, and how the ledger stands. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CustomerFacts } from '../billing/facts.ts';
import type { Receiver } from './outbox.ts';
import type { VisitKind } from './visits.ts';
import type { NoticeType } from '../billing/notice-types.ts';
import type { AccountRef } from './account.ts';

/** One thing that happened to an account, for its timeline. A sync is as old as its claim, a visit as its opening. */
export type HistoryEntry = { readonly at: number; readonly customer: string } & (
  | { readonly what: 'linked' }
  | { readonly what: 'deleted' }
  /** An operator's decision about the link: from `before` to `after`, which may be the same. */
  | { readonly what: 'decided'; readonly before: string | null; readonly after: string | null }
  | { readonly what: 'event'; readonly event: string; readonly type: string; readonly via: 'webhook' | 'sweep' }
  | {
      readonly what: 'sync';
      readonly cause: ConfirmedBy;
      readonly ticket: number;
      readonly claim: number;
      readonly endedAt: number;
      /** `fenced`: a newer claim was there first. Else the failure's code. */
      readonly outcome: 'changed' | 'unchanged' | 'fenced' | string;
    }
  | {
      readonly what: 'change';
      readonly revision: number;
      readonly confirmedBy: ConfirmedBy;
      readonly before: CustomerFacts | null;
      readonly after: CustomerFacts;
    }
  | {
      readonly what: 'visit';
      readonly kind: VisitKind;
      /** The first return. */
      readonly returnedAt: number | null;
      readonly outcome: 'changed' | 'unchanged' | null;
    }
  | {
      readonly what: 'notice';
      readonly type: NoticeType;
      readonly receiver: Receiver;
      readonly attempts: number;
      readonly settledAt: number | null;
      readonly outcome: string | null;
    }
);

/** How the ledger stands, for metrics. */
export interface LedgerStats {
  readonly customers: number;
  readonly stale: number;
  readonly oldestStaleSince: number | null;
  /** Stale customers with a failed last fetch, by the failure's code. */
  readonly failing: Readonly<Record<string, number>>;
  readonly openHints: number;
  readonly oldestOpenHintAt: number | null;
  readonly waitingNotices: number;
  readonly oldestWaitingNoticeAt: number | null;
}

export interface HistoryStore {
  /** The account's history since then, oldest first; at most `limit`, the newest ones. */
  timeline(ref: AccountRef, since: number, limit: number): Promise<HistoryEntry[]>;
  stats(now: number): Promise<LedgerStats>;
}

const ownCustomers = `(SELECT customer FROM customers WHERE host = @host AND account = @account)`;

/** The parts of a timeline, each as both stores read it, in one snapshot. */
export const timelineSql = {
  customers: `SELECT customer, linked_at, deleted_at FROM customers WHERE host = @host AND account = @account`,
  decisions: `SELECT at, before, after FROM link_changes
    WHERE host = @host AND account = @account AND at >= @since ORDER BY at DESC, sequence DESC LIMIT @limit`,
  visits: `SELECT customer, opened_at AS at, kind, returned_at, outcome FROM visits
    WHERE host = @host AND account = @account AND opened_at >= @since ORDER BY opened_at DESC LIMIT @limit`,
  events: `SELECT customer, received_at AS at, event, type, via FROM events
    WHERE customer IN ${ownCustomers} AND received_at >= @since ORDER BY received_at DESC LIMIT @limit`,
  syncs: `SELECT * FROM syncs WHERE customer IN ${ownCustomers} AND at >= @since ORDER BY at DESC LIMIT @limit`,
  revisions: `SELECT found.customer, found.at, found.revision, found.confirmed_by, found.facts, earlier.facts AS before
    FROM revisions AS found
    LEFT JOIN revisions AS earlier
      ON earlier.customer = found.customer AND earlier.revision = found.revision - 1
    WHERE found.customer IN ${ownCustomers} AND found.at >= @since ORDER BY found.at DESC LIMIT @limit`,
  notices: `SELECT customer, written_at AS at, type, receiver, attempts, settled_at, outcome FROM outbox
    WHERE host = @host AND account = @account AND written_at >= @since ORDER BY written_at DESC LIMIT @limit`,
} as const;

/** How the ledger stands: a count or an oldest one each, by an index. */
export const statsSql = {
  customers: `SELECT count(*) FROM customers WHERE deleted_at IS NULL`,
  stale: `SELECT count(*) FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL`,
  oldest_stale: `SELECT min(stale_since) FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL`,
  open_hints: `SELECT count(*) FROM events WHERE closed_at IS NULL`,
  oldest_hint: `SELECT min(received_at) FROM events WHERE closed_at IS NULL`,
  notices: `SELECT count(*) FROM outbox WHERE settled_at IS NULL`,
  oldest_notice: `SELECT min(written_at) FROM outbox WHERE settled_at IS NULL`,
} as const;

export const failingSql = `
  SELECT failure_code, count(*) AS count FROM customers
  WHERE synced_ticket < ticket AND deleted_at IS NULL AND failed_at IS NOT NULL AND failure_code IS NOT NULL
  GROUP BY failure_code`;
