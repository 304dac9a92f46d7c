/**
 * What a host was told last of an account's access stands in the customer's row, and is compared inside the transaction
 * that changes it: whatever the cause, each change is told once, and no other one lies between two that were told.
 */

import type { AccessSummary } from '../billing/notice-types.ts';
import type { OutboxEntry, Receiver } from './outbox.ts';

/** An account's access as it is judged now. */
export interface AccessNow {
  readonly summary: AccessSummary;
  /** Compared with where nothing was told yet. `null`: then this is where the telling begins, and no news. */
  readonly from: AccessSummary | null;
  /** Of the notice, if there is one. */
  readonly id: string;
  readonly receivers: readonly Receiver[];
}

export interface AccessTold {
  /** For the row. */
  readonly told: string | null;
  readonly entries: readonly OutboxEntry[];
}

/** @param told - as it stands in the row; @param now - `null` where nothing can be judged: the row keeps what it says */
export function compareAccess(told: string | null, now: AccessNow | null): AccessTold {
  if (now === null) return { told, entries: [] };
  const { summary, from, id, receivers } = now;
  const [was, is] = [told ?? (from && JSON.stringify(from)), JSON.stringify(summary)];
  if (was === null || was === is) return { told: is, entries: [] };
  const data = { from: JSON.parse(was) as object, to: summary };
  return { told: is, entries: receivers.map((receiver) => ({ id, receiver, type: 'access.changed', data })) };
}
