/** The whole demo in three origins: a host, Billhook's BFF, and a Stripe. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { Stripe } from 'stripe';
import { BillhookProcess } from './billhook-process.ts';
import type { DemoOptions, StripeAccount } from './demo-options.ts';
import type { Account } from './host/accounts.ts';
import { createHost } from './host/app.ts';
import { choosePorts } from './ports.ts';
import { createSandbox, seedDemo, type StripeSandbox } from './stripe-sandbox/index.ts';
import { seededAccounts, unknownAccounts } from './workspaces.ts';

export interface Demo {
  readonly hostUrl: string;
  readonly billhookUrl: string;
  /** `null` on a real Stripe account, as {@link Demo.sandbox}. */
  readonly sandboxUrl: string | null;
  readonly sandbox: StripeSandbox | null;
  /** The host's workspaces; one that is added while it runs can be signed in at. */
  readonly accounts: Account[];
  /** The BFF's process: its `pid`, `kill()` as by `kill -9`, and `start()` again on the same port and ledger. */
  readonly billhook: BillhookProcess;
  /** Stops everything and removes the ledger. May be called more than once. */
  stop(): Promise<void>;
}

/** The host's id at the BFF. */
const issuer = 'tidewater';

/** The seeded business's offers for accounts without a plan, by the names of the sandbox's catalogue. */
const seededOffers: NonNullable<DemoOptions['offers']> = [
  { id: 'starter_monthly', price: 'starter_monthly', description: 'One team’s capacity, week by week.' },
  { id: 'starter_yearly', price: 'starter_yearly', description: 'One team’s capacity, week by week.' },
  {
    id: 'team_monthly',
    price: 'team_monthly',
    description: 'Several teams in one plan.',
    features: ['Forecasts', 'Holidays'],
    recommended: true,
    adjustableQuantity: { minimum: 1, maximum: 50 },
  },
  {
    id: 'business_yearly',
    price: 'business_yearly',
    // Its features are those of Stripe's catalogue.
    description: 'Every department.',
  },
];

/**
 * Starts the demo and resolves when all of it answers.
 *
 * @example
 * ```ts
 * const demo = await startDemo({ hostPort: 0, billhookPort: 0, sandboxPort: 0, billhookHostname: '127.0.0.1' });
 * await demo.billhook.kill();
 * await demo.billhook.start();
 * await demo.stop();
 * ```
 *
 * @throws {PortTakenError} `port_taken`. With any error, nothing is left running.
 */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const ports = await choosePorts({
    HOST_PORT: options.hostPort ?? 4000,
    BILLHOOK_PORT: options.billhookPort ?? 4001,
    SANDBOX_PORT: options.stripe ? 0 : (options.sandboxPort ?? 4002),
  });
  const hostUrl = options.hostUrl ?? `http://localhost:${ports.HOST_PORT}`;
  const billhookUrl = options.billhookUrl ?? `http://${options.billhookHostname ?? 'localhost'}:${ports.BILLHOOK_PORT}`;
  const secret = randomBytes(32).toString('base64url');

  const undo: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    // The last one started is the first to go: the BFF while its Stripe and its ledger are still there.
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    for (let step = undo.pop(); step; step = undo.pop()) await step();
  };

  try {
    const folder = mkdtempSync(join(tmpdir(), 'billhook-demo-'));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    // Also where the process ends by an exception, or by a second Ctrl-C.
    process.once('exit', remove);
    undo.push(async () => {
      process.off('exit', remove);
      remove();
    });

    const { sandbox, sandboxUrl, accounts, environment } = options.stripe
      ? { sandbox: null, sandboxUrl: null, ...onAccount(options.stripe) }
      : await onSandbox(ports.SANDBOX_PORT, ports.BILLHOOK_PORT, options.sandboxUrl, undo);

    const host = createHost({
      hostUrl,
      accounts,
      tokens: { secret, issuer, audience: billhookUrl },
      corner: {
        sandbox: sandbox !== null,
        stripeUrl: sandboxUrl ?? 'https://dashboard.stripe.com/test/customers',
      },
    });
    await listen(host.fetch, ports.HOST_PORT, undo);

    const config = join(folder, 'billhook.json');
    writeFileSync(config, JSON.stringify({ hosts: [hostOptions(hostUrl, options, sandbox !== null)] }));
    const billhook = new BillhookProcess({
      env: {
        ...inherited(),
        ...environment,
        PORT: String(ports.BILLHOOK_PORT),
        HOST: '127.0.0.1',
        BILLHOOK_URL: billhookUrl,
        DATABASE_URL: join(folder, 'ledger.db'),
        BILLHOOK_CONFIG: config,
        BILLHOOK_HOST_SECRET: secret,
        LOG_LEVEL: options.logLevel ?? 'warn',
      },
      onDeath: options.onBillhookDeath ?? (() => {}),
    });
    undo.push(() => billhook.stop());
    await billhook.start();
    return { hostUrl, billhookUrl, sandboxUrl, sandbox, accounts, billhook, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** The host as the BFF's configuration file has it: all but its secret. */
function hostOptions(hostUrl: string, { offers, stripe }: DemoOptions, isSeeded: boolean) {
  const sold = offers ?? (isSeeded ? seededOffers : []);
  return {
    id: issuer,
    origins: [new URL(hostUrl).origin],
    returnUrl: `${hostUrl}/settings/billing`,
    portalConfiguration: stripe?.portalConfiguration ?? null,
    // Stripe lets few accounts pause in the portal so far.
    ...(isSeeded && { portal: { configurations: { standard: { pause: {} } } } }),
    offers: sold.map((offer) => (typeof offer === 'string' ? { id: offer, price: offer } : offer)),
    checkout: { allowPromotionCodes: true },
    policy: { freePlan: { name: 'Free', access: 'full' } },
  };
}

type Undo = (() => Promise<unknown>)[];

/** The BFF's Stripe, and the workspaces that may sign in. */
interface Backing {
  readonly accounts: Account[];
  readonly environment: Readonly<Record<string, string>>;
}

async function onSandbox(
  port: number,
  billhookPort: number,
  publicUrl: string | undefined,
  undo: Undo,
): Promise<Backing & { sandbox: StripeSandbox; sandboxUrl: string }> {
  const sandbox = createSandbox(publicUrl === undefined ? {} : { publicUrl });
  undo.push(() => sandbox.close());
  const { url } = await sandbox.listen(port);
  sandbox.settings.businessName = 'Tidewater';
  const accounts = seededAccounts(await seedDemo(sandbox));

  const stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const endpoint = await stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${billhookPort}/v1/webhooks/stripe`,
    enabled_events: ['*'],
  });
  const environment = {
    STRIPE_SECRET_KEY: sandbox.secretKey,
    STRIPE_WEBHOOK_SECRET: endpoint.secret ?? '',
    STRIPE_API_URL: `http://127.0.0.1:${port}`,
  };
  return { sandbox, sandboxUrl: publicUrl ?? url, accounts, environment };
}

function onAccount({ secretKey, webhookSecret, customers }: StripeAccount): Backing {
  return {
    accounts: unknownAccounts(customers),
    environment: {
      STRIPE_SECRET_KEY: secretKey,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
    },
  };
}

/** The surroundings, such as `PATH` and proxies, without variables that are set for another Billhook. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^(?:BILLHOOK|STRIPE)_/.test(name));
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

async function listen(fetch: (request: Request) => Response | Promise<Response>, port: number, undo: Undo) {
  const server = serve({ fetch, port, hostname: '127.0.0.1' });
  await new Promise<void>((listening, failed) => server.once('listening', listening).once('error', failed));
  undo.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    // A browser keeps connections open that it may never use again.
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  });
}
