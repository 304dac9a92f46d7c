/** The BFF of one test in front of a sandbox of its own: real HTTP both ways, webhooks signed and delivered. */

import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Stripe } from 'stripe';
import type { BillhookOptions } from '@billhook/server';
import {
  createSandbox,
  seedDemo,
  type SeededCustomers,
  type StripeSandbox,
} from '../../../demo/stripe-sandbox/index.ts';
import { patienceMs } from '../../support/patience.ts';
import { startBff, type CallInit, type TestBff, type TestOptions } from './bff.ts';

export interface Stage {
  readonly sandbox: StripeSandbox;
  readonly stripe: Stripe;
  readonly customers: SeededCustomers;
  readonly bff: TestBff;
  readonly options: BillhookOptions;
  /** Where the BFF listens. */
  readonly url: string;
  /** A call for the account whose customer is this one: its token introduces it. */
  as(situation: keyof SeededCustomers): CallInit & { readonly account: string };
  close(): Promise<void>;
}

export async function setStage(change: TestOptions = {}): Promise<Stage> {
  const sandbox = createSandbox();
  sandbox.deliveries.settings.timeoutMs = patienceMs;
  const { url: apiUrl } = await sandbox.listen(0);
  const customers = await seedDemo(sandbox);
  const stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const { endpoint, secret } = sandbox.deliveries.addEndpoint('http://127.0.0.1:1/');
  const bff = await startBff({ secretKey: sandbox.secretKey, webhookSecrets: [secret], apiUrl }, change);

  const server = serve({ fetch: bff.billhook.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((listening) => server.once('listening', () => listening()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await stripe.webhookEndpoints.update(endpoint.id, { url: `${url}/v1/webhooks/stripe` });

  return {
    sandbox,
    stripe,
    customers,
    bff,
    options: bff.options,
    url,
    as: (situation) => ({ account: `team_${situation}`, mint: { customer: customers[situation] } }),
    async close() {
      bff.billhook.answerWaiting();
      await new Promise<void>((closed) => server.close(() => closed()));
      await bff.close();
      await sandbox.close();
    },
  };
}
