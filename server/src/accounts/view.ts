/**
 * From the ledger to the document that guards and widget share: the account's row, judged now. Every route that says
 * anything about an account says it from here.
 *
 * The row is read at every request; its judgement is kept while the row's counters, the policy and the catalogue
 * are the same and no deadline has passed, so an unchanged read judges nothing and serialises nothing.
 */

import { createHash } from 'node:crypto';
import type { AccessAnswer, BillingSnapshot } from '@billhook/widget/contract';
import type { Account } from './account.ts';
import { judge, type Catalogue } from '../billing/judge/judge.ts';
import type { JudgedSubscription } from '../billing/judge/subscription.ts';
import type { PreviewStanding } from '../billing/judge/next-payment.ts';
import type { PortalChoice } from '../billing/judge/portal.ts';
import type { Policy } from '../billing/policy.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { CustomerRecord } from '../ledger/customers.ts';
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
  /** Stripe's id of the subscription whose next charge the page shows. Never leaves the server. */
  readonly chargedNext: string | null;
  /** Every subscription with what it gives. Never leaves the server as it is. */
  readonly subscriptions: readonly JudgedSubscription[];
  /** How the portal may be opened. Never leaves the server. */
  readonly portal: PortalChoice;
}

export type ReadAccount = (account: Account) => Promise<AccountView>;

/** The judge's catalogue, and a number that rises whenever it may answer differently. */
export type VersionedCatalogue = Catalogue & { readonly version: number };

/** Accounts with kept views, each at most once for managers and once for readers. */
const maxKept = 10_000;

export function createReadAccount(store: BillingStore, catalogue: VersionedCatalogue, now: () => number): ReadAccount {
  const kept = new KeptViews();
  return async function readAccount(account) {
    const row = await store.readAccount(account);
    const at = now();
    const { version } = catalogue;
    const known = kept.find(account, row, version, at);
    if (known !== null) return known;
    const view = viewOf(account, row, at);
    kept.keep(account, { view, row, policy: account.policy, version, at });
    return view;
  };

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

interface KeptView {
  readonly view: AccountView;
  readonly row: AccountRow;
  readonly policy: Policy;
  /** The catalogue's. */
  readonly version: number;
  /** When it was judged. */
  readonly at: number;
}

/** Judged views, the least recently used dropped first. */
class KeptViews {
  readonly #views = new Map<string, KeptView>();

  find(account: Account, row: AccountRow, version: number, at: number): AccountView | null {
    const key = keyOf(account);
    const kept = this.#views.get(key);
    if (kept === undefined) return null;
    const { view } = kept;
    const isCurrent =
      kept.version === version &&
      kept.policy === account.policy &&
      sameAccount(kept.row, row) &&
      // A clock that was set back may stand before a deadline again.
      at >= kept.at &&
      (view.nextChangeAt === null || at < view.nextChangeAt);
    if (!isCurrent) return null;
    this.#views.delete(key);
    this.#views.set(key, kept);
    return view;
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
  const counter = revision?.startsWith(`${epoch}.`) === true ? Number(revision.slice(epoch.length + 1)) : Number.NaN;
  return Number.isSafeInteger(counter) && counter >= 0 ? counter : null;
}
