/**
 * A read stays cheap: ratios of one run side by side, held at half of what was measured beside a bare handler: 0.61 and 0.51
 * for a 200 and a 304 alone in their turn, 0.67 and 0.65 among sixteen.
 */

import { expect, it } from 'vitest';
import type { Measured } from './measure.ts';
import { measureReads } from './reads.ts';

it('a read costs less than twice what it must, and less than the route written by hand', async () => {
  const { firstSeen, ...reads } = await measureReads(5);
  const [, ours, byHand] = firstSeen.map(least);
  expect(ours, 'a new token').toBeLessThan(2 * (byHand ?? 0));
  for (const [what, measured] of Object.entries(reads)) {
    const [bare = 0, ours = Infinity, byHand = 0] = measured.map(least);
    process.stdout.write(
      `  read, ${what}: bare ${bare.toFixed(0)} µs, Billhook ${ours.toFixed(0)} µs, by hand ${byHand.toFixed(0)} µs\n`,
    );
    expect(bare / ours, `${what}: against the bare handler`).toBeGreaterThan(0.25);
    expect(ours, `${what}: against the route written by hand`).toBeLessThan(byHand);
  }
});

const least = ({ leastCpuMicroseconds }: Measured) => leastCpuMicroseconds;
