/** A read stays cheap: ratios of one run side by side, held at less than half of what was measured: 0.19 for a 200, 0.12 for a 304. */

import { expect, it } from 'vitest';
import { measureReads } from './reads.ts';

it('a read costs no more than a few times a bare handler, and less than the route written by hand', async () => {
  const { found, unchanged } = await measureReads(3);
  for (const measured of [found, unchanged]) {
    const [bare, ours, byHand] = measured;
    if (!bare || !ours || !byHand) throw new Error('nothing was measured');
    process.stdout.write(
      `  read: bare ${bare.cpuMicroseconds.toFixed(0)} µs, Billhook ${ours.cpuMicroseconds.toFixed(0)} µs, by hand ${byHand.cpuMicroseconds.toFixed(0)} µs\n`,
    );
    expect(ours.againstFirst, 'against the bare handler').toBeGreaterThan(0.05);
    expect(ours.cpuMicroseconds, 'against the route written by hand').toBeLessThan(byHand.cpuMicroseconds * 2);
  }
});
