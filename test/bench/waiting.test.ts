/** A poll that waits keeps little: memory beside a bare handler that waits, held at half of what was measured (1.5 ×). */

import process from 'node:process';
import { expect, it } from 'vitest';
import { measureWaiting } from './waiting.ts';

it('a poll that waits keeps no more than a few kilobytes', async () => {
  const { ours, bare } = await measureWaiting(500, 2);
  process.stdout.write(
    `  a waiting poll: ${ours.toFixed(0)} bytes, ${bare.toFixed(0)} of a bare handler; ${(ours / bare).toFixed(2)} ×\n`,
  );
  expect(bare).toBeGreaterThan(1_000);
  expect(ours / bare).toBeLessThan(3);
});
