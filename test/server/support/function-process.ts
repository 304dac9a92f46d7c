/** A server without a background of its own, in a process that a test freezes between requests: `OPTIONS` has its options. */

import type { Server } from 'node:http';
import process from 'node:process';
import { createAdaptorServer } from '@hono/node-server';
import { createBillhook, type BillhookOptions } from '@billhook/server';

const options = JSON.parse(process.env['OPTIONS'] ?? '') as BillhookOptions;
const billhook = await createBillhook({
  ...options,
  // No platform keeps this one alive after its answer.
  log: {
    info: () => undefined,
    warn: (what, fields) => process.stderr.write(`${what} ${JSON.stringify(fields)}\n`),
    error: (what, fields) => process.stderr.write(`${what} ${JSON.stringify(fields)}\n`),
  },
});
const server = createAdaptorServer(billhook) as Server;
server.listen(Number(process.env['PORT']), '127.0.0.1', () => process.stdout.write('server.listening\n'));
