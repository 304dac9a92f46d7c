/** Raising a customer's ticket, inside whatever transaction has a reason to. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { SqliteDatabase } from './database.ts';

/** The new ticket, or `null` for a customer that is not linked, or deleted. */
export function raiseTicket(db: SqliteDatabase, customer: string, cause: ConfirmedBy, now: number): number | null {
  const row = db.get(
    `UPDATE customers SET ticket = ticket + 1, stale_since = coalesce(stale_since, @now), cause = @cause
     WHERE customer = @customer AND deleted_at IS NULL RETURNING ticket`,
    { customer, cause, now },
  );
  if (row) db.raised(customer);
  return row ? Number(row['ticket']) : null;
}
