/**
 * From the ledger to the document that guards and widget share: the account's row, judged now. Every route that says
 * anything about an account says it from here.
 */

import { createHash } from 'node:crypto';
import type { AccessAnswer, BillingSnapshot } from '@billhook/widget/contract';
import type { Account } from './account.ts';
import { judge, type Catalogue } from '../billing/judge/judge.ts';
import type { JudgedSubscription } from '../billing/judge/subscription.ts';
import type { PortalChoice } from '../billing/judge/portal.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { CustomerRecord } from '../ledger/customers.ts';

export interface AccountView {
  readonly record: CustomerRecord | null;
  readonly snapshot: BillingSnapshot;
  /** Of the document without `asOf`: looking again and finding the same is no change. */
  readonly etag: string;
  /** When time alone will change the document. */
  readonly nextChangeAt: number | null;
  /** Stripe's id of the invoice that the snapshot says can be paid. Never leaves the server. */
  readonly invoiceToPay: string | null;
  /** Every subscription with what it gives. Never leaves the server as it is. */
  readonly subscriptions: readonly JudgedSubscription[];
  /** How the portal may be opened. Never leaves the server. */
  readonly portal: PortalChoice;
}

export type ReadAccount = (account: Account) => Promise<AccountView>;

export function createReadAccount(store: BillingStore, catalogue: Catalogue, now: () => number): ReadAccount {
  return async function read(account) {
    const record = await store.findAccount(account);
    const { snapshot, ...judgement } = judge(
      {
        linked: record !== null,
        facts: record?.facts ?? null,
        fetchedAt: record?.fetchedAt ?? null,
        revision: `${store.epoch}.${record?.revision ?? 0}`,
        confirmedBy: record?.confirmedBy ?? null,
        staleSince: record?.staleSince ?? null,
      },
      account.policy,
      catalogue,
      { mayManage: account.mayManage },
      now(),
    );
    return { record, snapshot, ...judgement, etag: etagOf(snapshot) };
  };
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
