/** Imports a ledger: everything or nothing, into unused tables. */

import { number, text, type Row } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Session } from './session.ts';

/** A table of the ledger that is moved here. The columns are named alike in every store. */
export interface MovedTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: Iterable<Row>;
  readonly count: number;
  /** The last number given to a row, where rows are numbered. */
  readonly lastNumber: number | null;
}

const rowsAtATime = 500;

/** The pin of the ledger here; `null` while it is unused. */
export async function epochHere(session: Session): Promise<string | null> {
  const row = await session.get(`SELECT value FROM meta WHERE key = 'epoch'`);
  return row ? text(row['value']) : null;
}

/**
 * Writes everything in one transaction, in which a server that is started here meanwhile waits, and counts what arrived.
 *
 * @param onTable - is told of each table that arrived
 * @throws {StoreUnavailableError} when there is a ledger here already, or a row did not arrive.
 */
export async function receiveLedger(
  db: PostgresDatabase,
  tables: readonly MovedTable[],
  onTable: (name: string, rows: number) => void,
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.run(`SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`);
    await tx.run(`LOCK TABLE meta IN ACCESS EXCLUSIVE MODE`);
    for (const { name } of tables) {
      const used = await tx.get(
        `SELECT 1 AS one FROM ${name} WHERE ${name === 'meta' ? `key <> 'schema_version'` : 'true'} LIMIT 1`,
      );
      if (used) throw new StoreUnavailableError('the database holds a ledger already', { cause: `rows in "${name}"` });
    }
    for (const table of tables) {
      const own = await insert(tx, table);
      onTable(table.name, own);
    }
    // Processes with a lease wrote to the old ledger, and cannot any more.
    await tx.run(`UPDATE customers SET lease_until = 0 WHERE lease_until > 0`);
    await tx.run(`UPDATE events SET next_attempt_at = 0 WHERE closed_at IS NULL`);
    await tx.run(`UPDATE outbox SET next_attempt_at = 0 WHERE settled_at IS NULL`);
    await tx.run(`UPDATE jobs SET lease_until = 0`);
  });
}

/** Answers how many rows are there afterwards. */
async function insert(tx: Session, { name, columns, rows, count, lastNumber }: MovedTable): Promise<number> {
  const names = columns.join(', ');
  const page: Row[] = [];
  const write = async () => {
    await tx.run(`INSERT INTO ${name} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${name}, @rows)`, {
      rows: JSON.stringify(page.splice(0)),
    });
  };
  for (const row of rows) {
    page.push(row);
    // oxlint-disable-next-line no-await-in-loop -- one connection
    if (page.length === rowsAtATime) await write();
  }
  if (page.length > 0) await write();
  if (lastNumber !== null && lastNumber > 0) {
    await tx.run(`SELECT setval(pg_get_serial_sequence(@name, 'sequence'), @lastNumber::bigint)`, { name, lastNumber });
  }
  const here = await tx.get(
    `SELECT count(*) AS count FROM ${name} WHERE ${name === 'meta' ? `key <> 'schema_version'` : 'true'}`,
  );
  const arrived = number(here?.['count']);
  if (arrived !== count) {
    throw new StoreUnavailableError('not everything arrived', { cause: `${arrived} of ${count} rows in "${name}"` });
  }
  return arrived;
}
