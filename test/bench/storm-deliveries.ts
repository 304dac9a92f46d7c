/**
 * A program that delivers a storm as Stripe does, sixty-four at a time and as fast as they are taken, and tells its parent
 * how many seconds that took. A customer's events come soon one after the other, among those of a hundred other customers.
 *
 * `node storm-deliveries.ts <server's address> <signing secret> <customers, in hundreds> <events of each>`
 */

import process from 'node:process';
import { deliver } from './storm-delivery.ts';

const [url = '', secret = '', customers = '0', events = '0'] = process.argv.slice(2);
const atOnce = 64;
/** Customers whose events come mixed. */
const together = 100;
const began = performance.now();
let next = 0;
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    while (next < Number(customers) * Number(events)) {
      const [group, at] = [Math.floor(next / (together * Number(events))), next % (together * Number(events))];
      const [customer, event] = [group * together + (at % together), Math.floor(at / together)];
      next += 1;
      // oxlint-disable-next-line no-await-in-loop -- one after the other, each
      await deliver(url, secret, `${event}_${customer}`, `cus_many_${customer}`);
    }
  }),
);
process.send?.((performance.now() - began) / 1_000, () => process.disconnect?.());
