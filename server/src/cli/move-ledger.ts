/** `billhook move-ledger`: from one process on SQLite to several on PostgreSQL, without a lost event. */

import { ConfigError } from '../config/config.ts';
import { moveLedger } from '../ledger/move.ts';
import { isPostgresAddress, postgresAddressProblem } from '../ledger/postgres/address.ts';
import { parse, type Output } from './args.ts';

export const moveLedgerUsage = `billhook move-ledger <sqlite file>

  Moves the ledger in the file to the database of DATABASE_URL (postgres://…), which must not hold one yet. All of it, in
  one transaction: customers, facts and their history, unresolved events, undelivered notices. A server may still run on the file:
  its webhooks are refused from the first moment on, and Stripe delivers them again, to the server that you start on the
  database afterwards. The file stays where it is, and no server starts on it again.

  When it is interrupted, run it again.
`;

/**
 * Moves a ledger, and prints what arrived.
 *
 * @param args - the arguments after `move-ledger` on the command line
 * @param database - where to, as the environment says it
 * @returns The exit code: 0 when it was moved, 2 when the command line is wrong.
 * @throws {ConfigError} `config_invalid`, when the environment names no PostgreSQL.
 * @throws {StoreUnavailableError} `store_unavailable`: nothing was moved, and the file can still be used.
 */
export async function moveLedgerTo(args: readonly string[], database: string, output: Output): Promise<number> {
  const spec = { name: 'move-ledger', usage: moveLedgerUsage, options: {}, operands: ['a file'] };
  const parsed = parse(args, spec, output);
  if (parsed.exitCode !== null) return parsed.exitCode;
  const [file = ''] = parsed.operands;
  const problem = isPostgresAddress(database)
    ? postgresAddressProblem(database)
    : 'must say where to: postgres://user:password@host:5432/database';
  if (problem !== null) throw new ConfigError([{ option: 'DATABASE_URL', must: problem }]);

  let total = 0;
  const outcome = await moveLedger(file, database, (name, rows) => {
    total += rows;
    output.stdout.write(`${name.padEnd(12)} ${rows.toLocaleString('en').padStart(12)} rows\n`);
  });
  output.stdout.write(
    outcome === 'now'
      ? `Moved ${total.toLocaleString('en')} rows, counted there. Start the servers with this DATABASE_URL now.\n`
      : 'An earlier run had moved everything. Start the servers with this DATABASE_URL.\n',
  );
  return 0;
}
