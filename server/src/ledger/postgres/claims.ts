/** Taking stale customers, in PostgreSQL. */

import { backgroundRank, queueBind, queueLooks, type IsAmong } from '../queue.ts';
import { claimColumns, claimOf } from '../rows.ts';
import type { Claim, ClaimOptions } from '../customers.ts';
import type { PostgresDatabase } from './database.ts';

const isAmong: IsAmong = (list) => `(customer = ANY(@${list}))`;

export async function claimCustomers(
  db: PostgresDatabase,
  now: number,
  leaseMs: number,
  limit: number,
  options: ClaimOptions,
): Promise<Claim[]> {
  // A row that another process is just claiming is skipped.
  const looks = queueLooks(options, isAmong, 'FOR UPDATE SKIP LOCKED').map((look, index) => [`look_${index}`, look]);
  const rows = await db.all(
    `WITH ${looks.map(([name, look]) => `${name} AS (${look})`).join(', ')},
       found AS (${looks.map(([name]) => `SELECT * FROM ${name}`).join(' UNION ALL ')}),
       once AS (SELECT DISTINCT ON (customer) customer, rank, place FROM found ORDER BY customer, rank),
       taken AS (SELECT customer AS id, rank FROM once ORDER BY rank, place LIMIT @limit)
     UPDATE customers SET claim = claim + 1, claimed_ticket = ticket, lease_until = @now::bigint + @leaseMs
     FROM taken WHERE customer = taken.id
     RETURNING ${claimColumns}, taken.rank < ${backgroundRank} AS prioritized`,
    { ...queueBind(now, leaseMs, limit, options), watched: options.watched ?? [], resting: options.resting ?? [] },
  );
  return rows.map((row) => claimOf(row, now));
}
