/**
 * A read stays cheap: ratios of one run side by side, held at half of what was measured beside a bare handler: 0.61 and 0.51
 * for a 200 and a 304 alone in their turn, 0.67 and 0.65 among sixteen.
 */

import { expect, it } from 'vitest';
import { measureReads } from './reads.ts';

it('a read costs less than twice what it must, and less than the route written by hand', async () => {
  const { firstSeen, ...reads } = await measureReads(3);
  const [, ours, byHand] = firstSeen;
  expect(ours?.cpuMicroseconds, 'a new token').toBeLessThan(2 * (byHand?.cpuMicroseconds ?? 0));
  for (const [what, measured] of Object.entries(reads)) {
    const [bare, ours, byHand] = measured;
    if (!bare || !ours || !byHand) throw new Error('nothing was measured');
    process.stdout.write(
      `  read, ${what}: bare ${bare.cpuMicroseconds.toFixed(0)} µs, Billhook ${ours.cpuMicroseconds.toFixed(0)} µs, by hand ${byHand.cpuMicroseconds.toFixed(0)} µs\n`,
    );
    expect(ours.againstFirst, `${what}: against the bare handler`).toBeGreaterThan(0.25);
    expect(ours.cpuMicroseconds, `${what}: against the route written by hand`).toBeLessThan(byHand.cpuMicroseconds);
  }
});
