/**
 * `pnpm bench`: the costs of Billhook beside those of an alternative and beside the limit, in one run, and beside the ratios
 * that were kept last. `--keep` keeps this run's.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { startPostgres } from '../support/postgres.ts';
import type { Measured } from './measure.ts';
import { claimTimes, postgresQueue, sqliteQueue, type QueueLedger } from './queue.ts';
import { measureReads, type Reads } from './reads.ts';
import { measureWaiting } from './waiting.ts';
import { measureWebhooks } from './webhooks.ts';

const kept = resolve(import.meta.dirname, 'ratios.json');

interface Line {
  readonly what: string;
  readonly figure: string;
  readonly ratio: number;
  readonly against: string;
}

const named = (measured: readonly Measured[], name: string): Measured => {
  const found = measured.find((each) => each.name === name);
  if (found === undefined) throw new Error(`"${name}" was not measured`);
  return found;
};

async function readLines(): Promise<readonly Line[]> {
  const databases = await startPostgres();
  const onPostgres = await databases.createDatabase();
  const lines = [...readLinesOf('SQLite', await measureReads())];
  lines.push(...readLinesOf('PostgreSQL', await measureReads(5, onPostgres)));
  await databases.stop();
  return lines;
}

function readLinesOf(database: string, reads: Reads): readonly Line[] {
  const measuredReads = {
    '200': reads.found,
    '304': reads.unchanged,
    '200, 16 in a turn': reads.foundAmongMany,
    '304, 16 in a turn': reads.unchangedAmongMany,
  };
  return Object.entries(measuredReads).flatMap(([status, measured]) => {
    const [ours, byHand] = [named(measured, 'Billhook'), named(measured, 'written by hand')];
    const figure = `${ours.cpuMicroseconds.toFixed(0)} µs CPU`;
    const what = `GET /v1/billing, ${status}, ${database}`;
    return [
      { what, figure, ratio: ours.againstFirst, against: 'a bare Hono handler with the same bytes' },
      { what, figure, ratio: ours.againstFirst / byHand.againstFirst, against: 'the route written by hand' },
    ];
  });
}

async function webhookLines(): Promise<readonly Line[]> {
  const { oneClient, manyClients } = await measureWebhooks();
  return Object.entries({ 'one client': oneClient, '64 clients': manyClients }).map(([clients, measured]) => {
    const { perSecond, rateAgainstFirst } = named(measured, 'Billhook');
    const figure = `${perSecond.toFixed(0)} a second`;
    return { what: `webhook, ${clients}`, figure, ratio: rateAgainstFirst, against: 'verify, and one commit each' };
  });
}

async function waitingLines(): Promise<readonly Line[]> {
  const { ours, bare } = await measureWaiting();
  const what = 'memory of a poll that waits, 5,000 of them';
  return [{ what, figure: `${ours.toFixed(0)} bytes`, ratio: bare / ours, against: 'a bare Hono handler that waits' }];
}

async function claimLines(): Promise<readonly Line[]> {
  const sizes = [1_000, 100_000];
  const databases = await startPostgres();
  const stores: Record<string, (stale: number) => Promise<QueueLedger>> = {
    SQLite: sqliteQueue,
    PostgreSQL: async (stale) => await postgresQueue(stale, await databases.createDatabase()),
  };
  const lines: Line[] = [];
  for (const [name, open] of Object.entries(stores)) {
    const ledgers = await Promise.all(sizes.map(open));
    const [short = Number.NaN, long = Number.NaN] = await claimTimes(ledgers);
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    const what = `a claim beside 100,000 stale customers, ${name}`;
    lines.push({ what, figure: `${long.toFixed(2)} ms`, ratio: short / long, against: 'beside 1,000' });
  }
  await databases.stop();
  return lines;
}

const lines = [...(await readLines()), ...(await webhookLines()), ...(await waitingLines()), ...(await claimLines())];
const keyOf = ({ what, against }: Line) => `${what} | ${against}`;
const last = JSON.parse(await readFile(kept, 'utf8').catch(() => '{}')) as Record<string, number>;
for (const line of lines) {
  const was = last[keyOf(line)];
  process.stdout.write(
    `${line.what.padEnd(48)} ${line.figure.padStart(16)}   ${line.ratio.toFixed(2)} × ${line.against}` +
      `${was === undefined ? '' : `   (kept: ${was.toFixed(2)})`}\n`,
  );
}
if (process.argv.includes('--keep')) {
  const ratios = Object.fromEntries(lines.map((line) => [keyOf(line), Number(line.ratio.toFixed(2))]));
  await writeFile(kept, `${JSON.stringify(ratios, null, 2)}\n`);
}
process.exit(0);
