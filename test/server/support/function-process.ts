/** A server without a background of its own, in a process that a test freezes between requests: `OPTIONS` has its options. */

import type { Server } from 'node:http';
import process from 'node:process';
import { createAdaptorServer } from '@hono/node-server';
import { createBillhook, type BillhookOptions } from '@billhook/server';
import { listening } from '../../support/listening.ts';

const options = JSON.parse(process.env['OPTIONS'] ?? '') as BillhookOptions;
/** A claim that a frozen process has comes back when this is over. */
const leaseMs = Number(process.env['LEASE_MS'] ?? 45_000);
const pace = [{ leaseMs, fetchLimitMs: leaseMs * 0.8 }, { leaseMs }] as const;
const settings: BillhookOptions = {
  ...options,
  // No platform keeps this one alive after its answer.
  log: {
    info: () => undefined,
    warn: (what, fields) => process.stderr.write(`${what} ${JSON.stringify(fields)}\n`),
    error: (what, fields) => process.stderr.write(`${what} ${JSON.stringify(fields)}\n`),
  },
};
const billhook = await createBillhook(settings, ...pace);
await listening(createAdaptorServer(billhook) as Server, Number(process.env['PORT']));
process.stdout.write('server.listening\n');
