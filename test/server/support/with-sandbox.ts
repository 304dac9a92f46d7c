/** The BFF of one test in front of a sandbox of its own: real HTTP both ways, webhooks signed and delivered. */

import type { Server } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { Stripe } from 'stripe';
import type { BillhookOptions } from '@billhook/server';
import type { BillingSnapshot } from '@billhook/widget/contract';
import {
  createSandbox,
  seedDemo,
  type SeededCustomers,
  type StripeSandbox,
} from '../../../demo/stripe-sandbox/index.ts';
import { listening } from '../../support/listening.ts';
import { patienceMs } from '../../support/patience.ts';
import { startBff, type CallInit, type TestBff, type TestOptions } from './bff.ts';

export interface BffHarness {
  readonly sandbox: StripeSandbox;
  readonly stripe: Stripe;
  readonly customers: SeededCustomers;
  readonly bff: TestBff;
  readonly options: BillhookOptions;
  /** Where the BFF listens. */
  readonly url: string;
  /** A call for the account of this customer: its token introduces the customer. */
  as(situation: keyof SeededCustomers): CallInit & { readonly account: string };
  close(): Promise<void>;
}

/** @param keyOf - the key that the BFF has. Default: the account's secret key. */
export async function startBffHarness(
  change: TestOptions = {},
  keyOf?: (sandbox: StripeSandbox) => string,
): Promise<BffHarness> {
  const sandbox = createSandbox();
  sandbox.deliveries.settings.timeoutMs = patienceMs;
  const { url: apiUrl } = await sandbox.listen(0);
  const customers = await seedDemo(sandbox);
  const stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const { endpoint, secret } = sandbox.deliveries.addEndpoint('http://127.0.0.1:1/');
  const secretKey = keyOf?.(sandbox) ?? sandbox.secretKey;
  const bff = await startBff({ secretKey, webhookSecrets: [secret], apiUrl }, change);

  const server = createAdaptorServer(bff.billhook) as Server;
  const { url, close } = await listening(server);
  await stripe.webhookEndpoints.update(endpoint.id, { url: `${url}/v1/webhooks/stripe` });
  const sweepsByItself = change.jobs === undefined && change.waitUntil === undefined && keyOf === undefined;
  if (sweepsByItself) await swept(bff);

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
      await close();
      await bff.close();
      await sandbox.close();
    },
  };
}

/** Later, the sweep of the start would look again at customers that a test has linked, in the middle of a test. */
async function swept({ billhook }: TestBff): Promise<void> {
  const lastEnd = /^billhook_job_last_end_timestamp_seconds\{job="sweep"\} [1-9]/m;
  while (!lastEnd.test(await billhook.metrics())) await nextTurn();
}

/** The first document for which the condition holds: each poll waits for a newer one. */
export async function billingWhen(
  { bff }: Pick<BffHarness, 'bff'>,
  init: CallInit,
  holds: (snapshot: BillingSnapshot) => boolean,
): Promise<BillingSnapshot> {
  for (let etag = ''; ;) {
    const headers = { 'if-none-match': etag, prefer: 'wait=25' };
    const response = await bff.call('/v1/billing', { ...init, headers });
    etag = response.headers.get('etag') ?? '';
    if (response.status === 304) continue;
    const snapshot = (await response.json()) as BillingSnapshot;
    if (holds(snapshot)) return snapshot;
  }
}
