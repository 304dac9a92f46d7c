/**
 * From the ledger to the document that guards and widget share: the account's row, judged now. Every route that says
 * anything about an account says it from here.
 *
 * A judgement is kept while the row's counters, the policy and the catalogue are the same and no deadline has passed, so
 * an unchanged read judges nothing and serialises nothing. Nor is the row read again where the ledger can say that nothing
 * was committed since. Where it can only say that nothing was heard of, a kept view is a little late, and given to those
 * alone that ask for `heard`.
 */

import { createHash } from 'node:crypto';
import type { AccessAnswer, BillingSnapshot } from '@billhook/widget/contract';
import type { Account } from './account.ts';
import { judge, type Catalogue } from '../billing/judge/judge.ts';
import type { JudgedSubscription } from '../billing/judge/subscription.ts';
import type { PreviewStanding } from '../billing/judge/next-payment.ts';
import type { PortalChoice } from '../billing/judge/portal.ts';
import type { Policy } from '../billing/policy.ts';
import type { HeardCommits } from '../ledger/feed.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import { hasIllegibleFacts, type CustomerRecord } from '../ledger/customers.ts';
import { isDoubtful, type AccountRow, type NotedIntroduction } from '../ledger/links.ts';

export interface AccountView {
  readonly record: CustomerRecord | null;
  /** The last customer that the host introduced and that is not the account's. */
  readonly introduced: NotedIntroduction | null;
  readonly snapshot: BillingSnapshot;
  /** The snapshot as JSON. */
  readonly body: string;
  /** Of the document without `asOf`: looking again and finding the same is no change. */
  readonly etag: string;
  /** When time alone will change the document. */
  readonly nextChangeAt: number | null;
  /** Stripe's id of the invoice that the snapshot says can be paid. Never leaves the server. */
  readonly invoiceToPay: string | null;
  /** The same of its `lastInvoice`. Never leaves the server. */
  readonly lastInvoice: string | null;
  /** Stripe's id of the subscription whose next charge the page shows. Never leaves the server. */
  readonly chargedNext: string | null;
  /** Every subscription with what it gives. Never leaves the server as it is. */
  readonly subscriptions: readonly JudgedSubscription[];
  /** How the portal may be opened. Never leaves the server. */
  readonly portal: PortalChoice;
}

export interface ReadAccount {
  (account: Account): Promise<AccountView>;
  /** The view that was read last, however long ago: a guess at what reading will find. */
  lastView(account: Account): AccountView | null;
  /**
   * The kept view, where nothing was heard since its row was read that changes it. A commit of another process may be missing
   * for as long as the feed is late (`HeardCommits`): not for a request that knows of something newer. `null`: read.
   */
  heard(account: Account): AccountView | null;
}

/** The judge's catalogue, and a number that rises whenever it may answer differently. */
export type VersionedCatalogue = Catalogue & { readonly version: number };

/**
 * A kept row is read again after so long, whatever was heard: a statement that an operator writes by hand tells no one.
 * Milliseconds.
 */
const rowKeptForMs = 10_000;

/** Accounts with kept views, each at most once for managers and once for readers. */
const maxKept = 10_000;

export function createReadAccount(store: BillingStore, catalogue: VersionedCatalogue, now: () => number): ReadAccount {
  const kept = new KeptViews();
  return Object.assign(readAccount, { lastView: (account: Account) => kept.last(account), heard: heardView });

  function heardView(account: Account): AccountView | null {
    const { heard } = store;
    const moment = heard?.moment() ?? null;
    if (heard === null || moment === null) return null;
    return kept.findHeard(account, momentOf({ changes: null, heard: moment }), heard);
  }

  async function readAccount(account: Account): Promise<AccountView> {
    // Asked before the row is: what is committed meanwhile is found by the next reading.
    const before = { changes: store.changeCount(), heard: store.heard?.moment() ?? null };
    const unread = before.changes === null ? null : kept.findUnread(account, momentOf(before));
    if (unread !== null) return unread;
    const row = await store.readAccount(account);
    const moment = momentOf(before);
    const known = kept.find(account, row, moment);
    if (known !== null) return known;
    await fetchAnew(row, moment.at);
    const view = viewOf(account, row, moment.at);
    kept.keep(account, { ...moment, readAt: moment.at, view, row, policy: account.policy });
    return view;
  }

  /** What a former version left, and this one cannot read, is not waited for until something happens to the customer. */
  async function fetchAnew({ record }: AccountRow, at: number): Promise<void> {
    if (record === null || !hasIllegibleFacts(record) || record.syncedTicket < record.ticket) return;
    await store.raiseTicket(record.customer, 'check', at);
  }

  function momentOf(before: Pick<Moment, 'changes' | 'heard'>): Moment {
    return { at: now(), version: catalogue.version, epoch: store.epoch, ...before };
  }

  function viewOf(account: Account, { record, introduced, revision }: AccountRow, at: number): AccountView {
    const { snapshot, ...judgement } = judge(
      {
        linked: record !== null,
        facts: record?.facts ?? null,
        fetchedAt: record?.fetchedAt ?? null,
        revision: `${store.epoch}.${revision}`,
        confirmedBy: record?.confirmedBy ?? null,
        staleSince: record?.staleSince ?? null,
        customerInDoubt: isDoubtful(introduced),
        ...(record === null ? {} : { preview: previewStandingOf(record) }),
      },
      account.policy,
      catalogue,
      { mayManage: account.mayManage },
      at,
    );
    const body = JSON.stringify(snapshot);
    return { record, introduced, snapshot, body, ...judgement, etag: etagOf(snapshot) };
  }
}

/** A kept preview is shown beside the facts that it was asked for with, and beside no others. */
function previewStandingOf({ revision, syncedTicket, preview }: CustomerRecord): PreviewStanding {
  return {
    invoice: preview.revision === revision ? preview.invoice : null,
    isCurrent: preview.ticket === syncedTicket,
    askedAt: preview.askedTicket === syncedTicket ? preview.askedAt : null,
  };
}

/** Of a reading. */
interface Moment {
  readonly at: number;
  /** The catalogue's. */
  readonly version: number;
  readonly epoch: string;
  /** The ledger's count of its commits, before its row was read, or was found to be the same. */
  readonly changes: number | null;
  /** The feed's moment, taken then too. */
  readonly heard: number | null;
}

interface KeptView extends Moment {
  readonly view: AccountView;
  /** When the row was read last. */
  readonly readAt: number;
  readonly row: AccountRow;
  readonly policy: Policy;
}

/** Judged views, the least recently used dropped first. */
class KeptViews {
  readonly #views = new Map<string, KeptView>();

  last(account: Account): AccountView | null {
    return this.#views.get(keyOf(account))?.view ?? null;
  }

  /** Without reading: nothing was committed since the row was read. */
  findUnread(account: Account, moment: Moment): AccountView | null {
    const kept = this.#current(account, moment);
    return kept === null || kept.changes !== moment.changes ? null : kept.view;
  }

  find(account: Account, row: AccountRow, moment: Moment): AccountView | null {
    const kept = this.#current(account, moment);
    if (kept === null || !sameAccount(kept.row, row)) return null;
    const { changes, heard, at } = moment;
    this.#views.set(keyOf(account), { ...kept, changes, heard, readAt: at });
    return kept.view;
  }

  /** Without reading: nothing was heard that changes the row since it was read. */
  findHeard(account: Account, moment: Moment, heard: HeardCommits): AccountView | null {
    const kept = this.#current(account, moment);
    if (kept === null || kept.heard === null || moment.at - kept.readAt >= rowKeptForMs) return null;
    return heard.isSameSince(kept.heard, account, kept.view.record?.customer ?? null) ? kept.view : null;
  }

  /** A view that would be judged alike if its row is the same. */
  #current(account: Account, { at, version, epoch }: Moment): KeptView | null {
    const key = keyOf(account);
    const kept = this.#views.get(key);
    if (kept === undefined) return null;
    const { nextChangeAt } = kept.view;
    const isCurrent =
      kept.version === version &&
      kept.epoch === epoch &&
      kept.policy === account.policy &&
      // A clock that was set back may stand before a deadline again.
      at >= kept.at &&
      (nextChangeAt === null || at < nextChangeAt);
    if (!isCurrent) return null;
    // Its turn matters where one is about to be dropped.
    if (this.#views.size >= maxKept) {
      this.#views.delete(key);
      this.#views.set(key, kept);
    }
    return kept;
  }

  keep(account: Account, view: KeptView): void {
    // A rule written as a function may ask the clock by itself, and is asked anew at each reading.
    if (account.policy.portal.rules.some(({ when }) => typeof when === 'function')) return;
    this.#views.delete(keyOf(account));
    this.#views.set(keyOf(account), view);
    if (this.#views.size <= maxKept) return;
    const [oldest] = this.#views.keys();
    if (oldest !== undefined) this.#views.delete(oldest);
  }
}

const keyOf = ({ host, account, mayManage }: Account): string => `${mayManage ? 'm' : 'r'}${host}\u0000${account}`;

function sameAccount(a: AccountRow, b: AccountRow): boolean {
  const [x, y] = [a.introduced, b.introduced];
  const sameIntroduction = x?.customer === y?.customer && x?.code === y?.code && x?.seenAt === y?.seenAt;
  return a.revision === b.revision && sameIntroduction && sameRow(a.record, b.record);
}

/** Every field but the facts, which a revision stands for. */
function sameRow(a: CustomerRecord | null, b: CustomerRecord | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.customer === b.customer &&
    a.revision === b.revision &&
    a.ticket === b.ticket &&
    a.syncedTicket === b.syncedTicket &&
    a.staleSince === b.staleSince &&
    a.fetchedAt === b.fetchedAt &&
    a.confirmedBy === b.confirmedBy &&
    a.nextChangeAt === b.nextChangeAt &&
    a.preview.ticket === b.preview.ticket &&
    a.preview.askedTicket === b.preview.askedTicket &&
    a.preview.askedAt === b.preview.askedAt &&
    a.failure?.code === b.failure?.code &&
    a.failure?.at === b.failure?.at &&
    a.failure?.attempts === b.failure?.attempts
  );
}

/** Of a document without the time of the last look. */
export function etagOf(document: BillingSnapshot | AccessAnswer): string {
  return `"${createHash('sha256')
    .update(JSON.stringify({ ...document, asOf: undefined }))
    .digest('base64url')
    .slice(0, 27)}"`;
}

/** The counter of a revision, if it is one of this ledger's. Another epoch is another ledger: nothing can be compared. */
export function counterOf(revision: string | null, epoch: string): number | null {
  const counter = revision?.startsWith(`${epoch}.`) === true ? revision.slice(epoch.length + 1) : '';
  // A number alone would read nothing as 0, and `1e3` as a thousand.
  return /^\d{1,15}$/.test(counter) ? Number(counter) : null;
}
