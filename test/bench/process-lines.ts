/** The measures of `billhook serve` as processes, as lines of the table. */

import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Postgres } from '../support/postgres.ts';
import type { Line } from './line.ts';
import { Fleet, measureStart } from './processes.ts';

export async function processLines(databases: Postgres): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'billhook-processes-'));
  const stores = { SQLite: join(folder, 'ledger.db'), PostgreSQL: await databases.createDatabase() };
  for (const [name, database] of Object.entries(stores)) {
    // oxlint-disable-next-line no-await-in-loop -- one database after the other
    const fleet = await Fleet.at(database);
    try {
      // oxlint-disable-next-line no-await-in-loop -- as above
      lines.push(...(await startLines(fleet, name)));
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (name === 'PostgreSQL') lines.push(...(await scaleLines(fleet)));
    } finally {
      // oxlint-disable-next-line no-await-in-loop -- as above
      await fleet.close();
    }
  }
  await rm(folder, { recursive: true });
  return lines;
}

async function startLines(fleet: Fleet, name: string): Promise<readonly Line[]> {
  const { ours, oursCpu, first, bare: least } = await measureStart(fleet);
  await fleet.start();
  const { cpuMs, transactions } = await fleet.idle(10);
  const asked = transactions === null ? '' : `, ${transactions.toFixed(1)} transactions a second`;
  await fleet.stopAll();
  const idle = `${cpuMs.toFixed(1)} ms of CPU a second${asked}`;
  return [
    {
      what: `start → listening, ${name}`,
      ours: `${ours.toFixed(0)} ms, ${oursCpu.toFixed(0)} of CPU`,
      baseline: '500 ms',
      ratio: ours / 500,
      limit: `${least.toFixed(0)} ms, a bare server`,
      goal: { atMost: 1 },
    },
    {
      what: `start in a new container, ${name}`,
      ours: `${first.toFixed(0)} ms`,
      baseline: '500 ms',
      ratio: first / 500,
      limit: `${least.toFixed(0)} ms, a bare server`,
      goal: { atMost: 1 },
    },
    {
      what: `nothing to do, ${name}`,
      ours: idle,
      baseline: '1 % of a processor',
      ratio: cpuMs / 10,
      limit: '0',
      goal: { atMost: 1 },
    },
  ];
}

async function scaleLines(fleet: Fleet): Promise<readonly Line[]> {
  const lines: Line[] = [];
  let alone = Number.NaN;
  for (const processes of [1, 2, 4]) {
    // oxlint-disable-next-line no-await-in-loop -- one more, and one more
    while (fleet.size < processes) await fleet.start();
    // oxlint-disable-next-line no-await-in-loop -- as above
    const microseconds = await fleet.read(2_000);
    if (processes === 1) alone = microseconds;
    else {
      const [what, ours] = [`a read of ${processes} processes, PostgreSQL`, `${microseconds.toFixed(0)} µs CPU`];
      // Beyond the machine's processors, with the one that asks, they take turns on them.
      const goal = processes <= availableParallelism() ? { atMost: 1.2 } : null;
      lines.push({ what, ours, baseline: 'of one', ratio: microseconds / alone, limit: '1', goal });
    }
  }
  return lines;
}
