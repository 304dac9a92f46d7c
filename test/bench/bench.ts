/** `pnpm bench`: Billhook's costs, beside those of an alternative and beside the limit, in one run. */

import process from 'node:process';
import type { Measured } from './measure.ts';
import { measureReads } from './reads.ts';

const reads = await measureReads();
const table = (title: string, measured: readonly Measured[]) =>
  [
    `\n${title}`,
    ...measured.map(
      ({ name, cpuMicroseconds, againstFirst }) =>
        `  ${name.padEnd(24)} ${cpuMicroseconds.toFixed(1).padStart(8)} µs CPU   ${againstFirst.toFixed(2)} × bare`,
    ),
  ].join('\n');
process.stdout.write(`${table('GET /v1/billing, 200', reads.found)}\n`);
process.stdout.write(`${table('GET /v1/billing, 304', reads.unchanged)}\n`);
process.exit(0);
