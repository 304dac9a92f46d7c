/** B2: the usual webhook handlers and Billhook before the same events. The table stands in `docs/comparison.md`. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBillhook } from './billhook-bff.ts';
import { cases } from './cases.ts';
import type { Contender } from './contender.ts';
import { startNaive, strategies } from './naive-bff.ts';
import { played } from './play.ts';
import { StripeSide } from './stripe-side.ts';

/** Plays of a case with events in any order, with the seeds 1, 2, 3 and so on. */
const orders = 12;

let stripe: StripeSide;
let contenders: Contender[];
const rows: string[][] = [];

beforeAll(async () => {
  stripe = await StripeSide.open();
  contenders = [
    ...(await Promise.all(strategies.map((strategy) => startNaive(strategy, stripe.access)))),
    await startBillhook(stripe.access),
  ];
});
afterAll(async () => {
  await Promise.all(contenders.map((contender) => contender.close()));
  await stripe.close();
});

it.each(cases)('$name', async (each) => {
  const row = [each.name];
  const plays = each.anyOrder === true ? orders : 1;
  for (const contender of contenders) {
    const wrong: string[] = [];
    for (let seed = 1; seed <= plays; seed++) {
      const fault = await played(each, contender, stripe, seed);
      if (fault !== null) wrong.push(`seed ${seed}: ${fault}`);
    }
    row.push(plays === 1 ? (wrong.length === 0 ? 'right' : '**wrong**') : `${wrong.length} of ${plays} wrong`);
    if (contender.name === 'Billhook') expect(wrong).toEqual([]);
  }
  rows.push(row);
});

it('is told by the documents as it is', () => {
  const lines = rows.map((row) => `| ${row.join(' | ')} |`);
  process.stdout.write(`\n${lines.join('\n')}\n`);
  const page = readFileSync(new URL('../../docs/comparison.md', import.meta.url), 'utf8');
  for (const line of lines) expect(page.replaceAll(/ {2,}/g, ' ')).toContain(line);
});
