/** Billhook in the comparison: the whole server with a ledger file, behind an address. */

import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import { reconcileLedger } from '../../server/src/cli/reconcile/reconcile.ts';
import { startBff, token } from '../server/support/bff.ts';
import { listening } from '../support/listening.ts';
import { patienceMs } from '../support/patience.ts';
import type { Contender, StripeAccess } from './contender.ts';

export async function startBillhook({ secretKey, apiUrl, webhookSecret, plans }: StripeAccess): Promise<Contender> {
  const bff = await startBff(
    { secretKey, apiUrl, webhookSecrets: [webhookSecret] },
    { host: { plans: plans.map((key) => ({ key, lookupKey: key })) }, worker: { restMs: 0 } },
  );
  const { url, close } = await listening(createAdaptorServer(bff.billhook) as Server);
  const screen = { write: () => true };
  return {
    name: 'Billhook',
    url,
    settlesMs: patienceMs,
    token: (account, customer) => token({ account, customer, scope: ['access'] }),
    async repair() {
      const code = await reconcileLedger([], bff.options, { stdout: screen, stderr: screen }, { pollMs: 20 });
      if (code !== 0) throw new Error(`billhook reconcile ended with ${code}`);
    },
    async close() {
      bff.billhook.answerWaiting();
      await close();
      await bff.close();
    },
  };
}
