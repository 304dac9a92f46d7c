/** A year of an ordinary business: rows and bytes of each table by the customer, and the time of the upkeep. `CUSTOMERS=10000` */

import { expect, it } from 'vitest';
import { growthOf, inMonth, told } from './growth.ts';
import { mustBeBounded } from './growth-bounds.ts';
import { beginning } from './stripe-account.ts';

const customers = Number(process.env['CUSTOMERS'] ?? 10_000);

/** A machine that is busier in one month than in the other. */
const load = 3;

it(
  `a year of ${customers} customers: as large after twelve months as after six`,
  async () => {
    const growth = await growthOf(customers, [6, 12], beginning);
    process.stdout.write(`\n${told(growth)}\n`);
    mustBeBounded(growth, 1.15);
    const { prune, gauges } = growth.upkeep;
    expect(inMonth(prune, 12)).toBeLessThan(inMonth(prune, 6) * load);
    expect(inMonth(gauges, 12)).toBeLessThan(inMonth(gauges, 6) * load);
  },
  6 * 60 * 60_000,
);
