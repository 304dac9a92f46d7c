/** `billhook restored`: the ledger was restored from a backup, and must not be taken for what is true now. */

import type { BillhookOptions } from '../config/config.ts';
import { openServices } from '../services.ts';
import { parse, type Output } from './args.ts';

export const restoredUsage = `billhook restored

  Run it after the ledger was restored from a backup, while no server runs, before one is started. Every customer is
  fetched again, and nothing that pages and backends remember of the ledger's former life is taken for now. A server that
  starts on a ledger without a sign of life for an hour does the same by itself; of a younger copy it cannot know. One that
  runs while its PostgreSQL is set back, or loses commits in a fail-over, misses its own last writes, and does it too.

  Accounts that were linked since the backup are not in it: hosts introduce theirs, and billhook import brings others.
`;

/**
 * @param args - the arguments after `restored` on the command line
 * @returns The exit code.
 */
export async function ledgerRestored(
  args: readonly string[],
  options: BillhookOptions,
  output: Output,
): Promise<number> {
  const { exitCode } = parse(args, { name: 'restored', usage: restoredUsage, options: {} }, output);
  if (exitCode !== null) return exitCode;
  const ledger = await openServices(options);
  try {
    const count = (await ledger.store.beginAnew(ledger.config.now(), 0)) ?? 0;
    const customers = count === 1 ? 'one customer is' : `${count} customers are`;
    output.stdout.write(`The ledger begins anew: ${customers} fetched from Stripe when a server starts.\n`);
    return 0;
  } finally {
    await ledger.close();
  }
}
