/**
 * `billhook serve` with leases of seconds: where several processes share a ledger, what the dead had claimed waits for its
 * lease to end, and a test should not wait for 45 seconds.
 */

import { serveBillhook } from '../../server/src/cli/serve.ts';

process.exitCode = await serveBillhook(process.env, {
  worker: { leaseMs: 2_000, fetchLimitMs: 1_500 },
  upkeep: { leaseMs: 2_000, pollMs: 500 },
});
