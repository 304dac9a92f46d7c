/** Rows as values. Both stores name their columns alike, so that what is read is made into the contract's types once. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CataloguePrice, CustomerFacts, NextInvoiceFacts, ProductWords } from '../billing/facts.ts';
import { legibleFacts } from '../billing/legible-facts.ts';
import type { CustomerRecord, Claim } from './customers.ts';
import type { UnresolvedEvent } from './events.ts';
import type { AccountRow, DoubtfulAccount, IntroductionCode, LinkRow, NotedIntroduction } from './links.ts';
import type { Receiver, NoticeClaim } from './outbox.ts';
import type { PreviewClaim, PreviewRecord } from './previews.ts';
import type { CheckoutRecord } from './purchases.ts';
import type { ReturnStanding, Visit } from './visits.ts';
import type { JobLease, CausedChange } from './jobs.ts';
import type { LedgerStats } from './history.ts';
import type { NoticeType } from '../billing/notice-types.ts';
import type { Product } from './catalogue.ts';

export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

export const text = (cell: Cell | undefined): string => String(cell);
export const textOrNull = (cell: Cell | undefined): string | null => (cell == null ? null : String(cell));
export const number = (cell: Cell | undefined): number => Number(cell);
export const numberOrNull = (cell: Cell | undefined): number | null => (cell == null ? null : Number(cell));

/** Unreadable facts are unknown: one damaged row must not stop a read of many, and the next fetch mends it. */
export const factsOf = (cell: Cell | undefined): CustomerFacts | null => legibleFacts(jsonOrNull(cell));

function jsonOrNull<T>(cell: Cell | undefined): T | null {
  try {
    return JSON.parse(text(cell)) as T | null;
  } catch {
    return null;
  }
}

export function recordOf(row: Row): CustomerRecord {
  let facts: { readonly parsed: CustomerFacts | null } | undefined;
  return {
    customer: text(row['customer']),
    host: text(row['host']),
    account: text(row['account']),
    ticket: number(row['ticket']),
    syncedTicket: number(row['synced_ticket']),
    // Nothing is asked of a tombstone any more; a former version left some of them stale.
    staleSince: row['deleted_at'] == null ? numberOrNull(row['stale_since']) : null,
    // Parsed on demand: most reads of a page find by the counters alone that nothing has changed.
    get facts() {
      return (facts ??= { parsed: factsOf(row['facts']) }).parsed;
    },
    fetchedAt: numberOrNull(row['fetched_at']),
    revision: number(row['revision']),
    confirmedBy: textOrNull(row['confirmed_by']) as ConfirmedBy | null,
    nextChangeAt: numberOrNull(row['next_change_at']),
    failure:
      row['failure_code'] == null
        ? null
        : { code: text(row['failure_code']), at: number(row['failed_at']), attempts: number(row['attempts']) },
    preview: previewOf(row),
  };
}

interface KeptPreview {
  readonly revision: number;
  readonly invoice: NextInvoiceFacts | null;
}

export const previewText = ({ revision }: PreviewClaim, invoice: NextInvoiceFacts | null): string =>
  JSON.stringify({ revision, invoice } satisfies KeptPreview);

function previewOf(row: Row): PreviewRecord {
  return {
    revision: 0,
    invoice: null,
    ...jsonOrNull<KeptPreview>(row['preview']),
    ticket: number(row['preview_ticket']),
    askedTicket: number(row['preview_asked_ticket']),
    askedAt: number(row['preview_asked_at']),
  };
}

export const previewClaimOf = (row: Row): PreviewClaim => ({
  customer: text(row['customer']),
  ticket: number(row['synced_ticket']),
  revision: number(row['revision']),
});

/** @param noted - the account's row among the introductions */
export function accountRowOf(row: Row | undefined, noted: Row | undefined, revision: number): AccountRow {
  return {
    record: row ? recordOf(row) : null,
    introduced: noted ? notedIntroductionOf(noted) : null,
    revision,
  };
}

const notedIntroductionOf = (row: Row): NotedIntroduction => ({
  customer: text(row['customer']),
  code: text(row['code']) as IntroductionCode,
  since: number(row['since']),
  seenAt: number(row['seen_at']),
  checkedAt: number(row['checked_at']),
});

export const doubtfulAccountOf = (row: Row): DoubtfulAccount => ({
  host: text(row['host']),
  account: text(row['account']),
  customer: textOrNull(row['customer']),
  introduced: text(row['introduced']),
  code: text(row['code']) as IntroductionCode,
});

export const linkRowOf = (row: Row): LinkRow => ({
  customer: text(row['customer']),
  host: text(row['host']),
  account: text(row['account']),
  deleted: row['deleted_at'] != null,
  revision: number(row['revision']),
});

/** The columns of a claim; `prioritized` is the store's own expression. */
export const claimColumns =
  'customer, host, account, ticket, claim, cause, attempts, facts, fetched_at, linked_at, stale_since';

export function claimOf(row: Row, claimedAt: number): Claim {
  return {
    customer: text(row['customer']),
    host: text(row['host']),
    account: text(row['account']),
    ticket: number(row['ticket']),
    claim: number(row['claim']),
    claimedAt,
    cause: text(row['cause']) as ConfirmedBy,
    prioritized: Boolean(row['prioritized']),
    attempts: number(row['attempts']),
    facts: factsOf(row['facts']),
    fetchedAt: numberOrNull(row['fetched_at']),
    linkedAt: number(row['linked_at']),
    staleSince: number(row['stale_since']),
  };
}

export function unresolvedEventOf(row: Row): UnresolvedEvent {
  return {
    event: text(row['event']),
    subject: { type: text(row['subject_type']), id: text(row['subject_id']) },
    attempts: number(row['attempts']),
    receivedAt: number(row['received_at']),
  };
}

export function noticeClaimOf(row: Row): NoticeClaim {
  return {
    id: text(row['id']),
    receiver: text(row['receiver']) as Receiver,
    host: text(row['host']),
    account: text(row['account']),
    revision: number(row['revision']),
    at: number(row['at']),
    type: text(row['type']) as NoticeType,
    data: JSON.parse(text(row['data'])) as object,
    attempts: number(row['attempts']),
  };
}

export function visitOf(row: Row): Visit {
  return {
    id: text(row['id']),
    host: text(row['host']),
    account: text(row['account']),
    customer: text(row['customer']),
    kind: text(row['kind']) as Visit['kind'],
    seen: number(row['seen']),
    openedAt: number(row['opened_at']),
    expiresAt: number(row['expires_at']),
    returnTicket: numberOrNull(row['return_ticket']),
    outcome: textOrNull(row['outcome']) as Visit['outcome'],
  };
}

/** The columns of a customer's row, and of one of its visits', that a return is answered by. */
export function returnStandingOf(customer: Row, visit: Row): ReturnStanding {
  return {
    ticket: number(customer['ticket']),
    syncedTicket: number(customer['synced_ticket']),
    claimedTicket: number(customer['claimed_ticket']),
    lastReturnTicket: number(customer['return_ticket']),
    lastReturnAt: numberOrNull(customer['returned_at']),
    ownTicket: numberOrNull(visit['return_ticket']),
    isSettled: visit['outcome'] !== null,
    askedAt: numberOrNull(visit['asked_at']),
  };
}

export function checkoutOf(row: Row): CheckoutRecord | null {
  const { session, offer, return_url: returnUrl } = row;
  return session == null ? null : { session: text(session), offer: text(offer), returnUrl: text(returnUrl) };
}

export const productRow = ({ id, name, metadata = null, words = null }: Product) => ({
  id,
  name,
  metadata: metadata && JSON.stringify(metadata),
  words: words && JSON.stringify(words),
});

/** What cannot be read of it counts as never asked for. */
export const productOf = (row: Row): Product => ({
  id: text(row['id']),
  name: textOrNull(row['name']),
  metadata: jsonOrNull<Record<string, string>>(row['metadata']),
  words: jsonOrNull<ProductWords>(row['words']),
});

export const priceRow = (price: CataloguePrice) => ({
  id: price.price,
  lookupKey: price.lookupKey,
  facts: JSON.stringify(price),
});

/** Without those that cannot be read: they are asked for anew. */
export const pricesOf = (rows: readonly Row[]): CataloguePrice[] =>
  rows.flatMap((row) => jsonOrNull<CataloguePrice>(row['facts']) ?? []);

export function jobLeaseOf(row: Row, looks: Row | undefined): JobLease {
  return {
    job: text(row['job']) as JobLease['job'],
    fence: number(row['turn']),
    startedAt: number(row['started_at']),
    progress: jsonOrNull<object>(row['progress']),
    lookedUntil: numberOrNull(looks?.['looked_until'] ?? null) ?? 0,
  };
}

/** Without those to facts that cannot be read: there is nothing to compare. */
export const causedChangesOf = (rows: readonly Row[]): CausedChange[] =>
  rows.flatMap((row) => {
    const after = factsOf(row['facts']);
    if (after === null) return [];
    return {
      customer: text(row['customer']),
      host: text(row['host']),
      account: text(row['account']),
      at: number(row['at']),
      revision: number(row['revision']),
      before: factsOf(row['before']),
      after,
    };
  });

/** @param failing - one row for each failure's code */
export function statsOf(row: Row, failing: readonly Row[]): LedgerStats {
  return {
    customers: number(row['customers']),
    stale: number(row['stale']),
    oldestStaleSince: numberOrNull(row['oldest_stale']),
    failing: Object.fromEntries(failing.map((each) => [text(each['failure_code']), number(each['count'])])),
    openHints: number(row['open_hints']),
    oldestOpenHintAt: numberOrNull(row['oldest_hint']),
    waitingNotices: number(row['notices']),
    oldestWaitingNoticeAt: numberOrNull(row['oldest_notice']),
  };
}
