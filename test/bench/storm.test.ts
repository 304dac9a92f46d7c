/** A small storm, so that the measure stays whole: it ends, nothing is lost, and pages that wait are answered meanwhile. */

import { expect, it } from 'vitest';
import { measureStorm } from './storm.ts';

it('every customer of a storm is fetched, and held polls are answered meanwhile', async () => {
  const { fetchesACustomer, heldMs, held, readMs } = await measureStorm(200);
  process.stdout.write(
    `\n  storm of 200 × 5: ${fetchesACustomer.toFixed(2)} fetches a customer, ` +
      `${held} held polls within ${heldMs.toFixed(0)} ms beyond Stripe, read p95 ${readMs.toFixed(0)} ms\n`,
  );
  expect(fetchesACustomer).toBeGreaterThanOrEqual(1);
  expect(held).toBeGreaterThan(0);
});
