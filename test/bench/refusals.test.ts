/** Bad input is not slower than good input, by far: held at twice the goal, which `pnpm bench` measures. */

import { expect, it } from 'vitest';
import { measureRefusals } from './refusals.ts';

it('each refusal costs a bounded part of the good request of its kind', async () => {
  const refusals = await measureRefusals(3, 60);
  const said = refusals.map(({ what, good, leastRatio }) => `  ${what}: ${(1 / leastRatio).toFixed(2)} × ${good}`);
  process.stdout.write(`\n${said.join('\n')}\n`);
  expect(refusals).toHaveLength(5);
  for (const { what, leastRatio } of refusals) expect(1 / leastRatio, what).toBeLessThan(4);
});
