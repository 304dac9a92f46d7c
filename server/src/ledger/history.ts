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
