/**
 * `pnpm bench`: the costs of Billhook beside those of an alternative and beside the limit, in one run, and beside the ratios
 * that were kept last. `--keep` keeps this run's, and writes the table and the picture of docs/performance.md.
 * `--profile` prints where the time of a read and of a webhook goes; `--peers` measures what one could pick instead.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import process from 'node:process';
import { keyOf, pictureOf, tableOf, type Line } from './line.ts';
import { allLines } from './lines.ts';
import { peerLines } from './peers.ts';
import { profiles } from './profiles.ts';

const docs = resolve(import.meta.dirname, '../../docs');
const kept = resolve(import.meta.dirname, 'ratios.json');
const between = /(<!-- bench -->\n)[\s\S]*?(<!-- \/bench -->)/;

if (process.argv.includes('--profile')) {
  process.stdout.write(await profiles());
  process.exit(0);
}

if (process.argv.includes('--peers')) {
  process.stdout.write(`${tableOf(await peerLines())}\n`);
  process.exit(0);
}

const last = JSON.parse(await readFile(kept, 'utf8').catch(() => '{}')) as Record<string, number>;
const lines: Line[] = [];
for await (const some of allLines()) {
  for (const line of some) {
    lines.push(line);
    const was = last[keyOf(line)];
    process.stdout.write(
      `${line.what.padEnd(46)} ${line.ours.padStart(22)}   ${line.ratio.toFixed(2)} × ${line.baseline}` +
        `${was === undefined ? '' : `   (kept: ${was.toFixed(2)})`}\n`,
    );
  }
}
process.stdout.write(`\n${tableOf(lines)}\n`);
if (process.argv.includes('--keep')) {
  const ratios = Object.fromEntries(lines.map((line) => [keyOf(line), Number(line.ratio.toFixed(2))]));
  await writeFile(kept, `${JSON.stringify(ratios, null, 2)}\n`);
  const page = resolve(docs, 'performance.md');
  const text = await readFile(page, 'utf8');
  await writeFile(
    page,
    text.replace(between, (_, before: string, after: string) => `${before}\n${tableOf(lines)}\n\n${after}`),
  );
  await writeFile(resolve(docs, 'performance.svg'), pictureOf(lines));
}
process.exit(0);
