/** Raising a customer's ticket, inside whatever transaction has a reason to; workers of all processes hear of the commit. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import { number } from '../rows.ts';
import { raisedChange, notify } from './feed.ts';
import type { Session } from './session.ts';

/** The new ticket, or `null` for a customer that is not linked, or deleted. */
export async function raiseTicket(
  tx: Session,
  customer: string,
  cause: ConfirmedBy,
  now: number,
): Promise<number | null> {
  const row = await tx.get(
    `UPDATE customers SET ticket = ticket + 1, stale_since = coalesce(stale_since, @now), cause = @cause
     WHERE customer = @customer AND deleted_at IS NULL RETURNING ticket, ${notify}`,
    { customer, cause, now, news: raisedChange(customer) },
  );
  return row ? number(row['ticket']) : null;
}

/**
 * Those of these customers that are linked and living, locked in the order of their ids: transactions that lock rows in
 * one order cannot deadlock.
 */
export async function lockLiving(tx: Session, customers: readonly string[]): Promise<Set<string>> {
  const rows = await tx.all(
    `SELECT customer FROM customers WHERE customer = ANY(@customers) AND deleted_at IS NULL ORDER BY customer FOR UPDATE`,
    { customers },
  );
  return new Set(rows.map((row) => String(row['customer'])));
}
