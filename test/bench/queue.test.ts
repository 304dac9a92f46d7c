/** A claim costs the same whether a thousand customers are stale or a hundred thousand. */

import { expect, it } from 'vitest';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { operations, postgresQueue, sqliteQueue, timesOf, type QueueLedger } from './queue.ts';

const sizes = [1_000, 100_000];

async function figures(name: string, ledgers: readonly QueueLedger[]): Promise<void> {
  try {
    // The least: of two processes that wait for a processor in turn, the others measure the machine.
    const times = await timesOf(operations['a claim'], ledgers, (all) => Math.min(...all));
    const [short = Number.NaN, long = Number.NaN] = times;
    const said = sizes.map((size, index) => `${times[index]?.toFixed(2)} ms beside ${size.toLocaleString('en')} stale`);
    process.stdout.write(`\n  claim, ${name}: ${said.join(', ')}; ${(long / short).toFixed(2)} ×\n`);
    expect(long / short).toBeLessThan(2);
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
  }
}

it('on SQLite', async () => {
  await figures('SQLite', await Promise.all(sizes.map(sqliteQueue)));
});

it('on PostgreSQL', async () => {
  const databases = await sharedPostgres();
  const opened = sizes.map(async (size) => postgresQueue(size, await databases.createDatabase()));
  await figures('PostgreSQL', await Promise.all(opened));
});
