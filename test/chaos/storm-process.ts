/**
 * `billhook serve` with leases of its own. Where several processes share a ledger, what a dead one had claimed waits for
 * its lease to end, and a test need not wait for 45 seconds. Alone, a process takes back at its start what it had claimed:
 * with a lease that ends after the test, nothing else gives it back.
 */

import { serveBillhook } from '../../server/src/cli/serve.ts';

const leaseMs = Number(process.env['LEASE_MS']);
process.exitCode = await serveBillhook(process.env, {
  worker: { leaseMs, fetchLimitMs: leaseMs * 0.9 },
  upkeep: { leaseMs: 10_000, pollMs: 500 },
});
