/** Taking stale customers, in SQLite. */

import { backgroundRank, queueBind, queueLooks, type IsAmong } from '../queue.ts';
import { claimColumns, claimOf, number, text } from '../rows.ts';
import type { Claim, ClaimOptions } from '../customers.ts';
import type { SqliteDatabase } from './database.ts';

const isAmong: IsAmong = (list) => `customer IN (SELECT value FROM json_each(@${list}))`;

export async function claimCustomers(
  db: SqliteDatabase,
  now: number,
  leaseMs: number,
  limit: number,
  options: ClaimOptions,
): Promise<Claim[]> {
  const bind = {
    ...queueBind(now, leaseMs, limit, options),
    watched: JSON.stringify(options.watched ?? []),
    resting: JSON.stringify(options.resting ?? []),
  };
  // A claim that a power failure takes back has written nothing: its facts are durable, and the claim with them.
  return await db.transient(() => {
    const found = queueLooks(options, isAmong)
      .flatMap((look) => db.all(look, bind))
      .map((row) => ({ customer: text(row['customer']), rank: number(row['rank']), place: number(row['place']) }))
      .toSorted((a, b) => a.rank - b.rank || a.place - b.place);
    // Of those that several looks found, the first is the best.
    const ranks = new Map(found.toReversed().map(({ customer, rank }) => [customer, rank]));
    const taken = [...new Set(found.map(({ customer }) => customer))].slice(0, limit);
    return taken.flatMap((customer) =>
      db
        .all(
          `UPDATE customers SET claim = claim + 1, claimed_ticket = ticket, lease_until = @now + @leaseMs
           WHERE customer = @customer RETURNING ${claimColumns}`,
          { customer, now, leaseMs },
        )
        .map((row) => claimOf({ ...row, prioritized: Number(ranks.get(customer)) < backgroundRank }, now)),
    );
  });
}
