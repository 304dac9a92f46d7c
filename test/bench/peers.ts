/**
 * What one could pick instead, side by side: better-auth with its Stripe plugin (SQLite), and Supabase's Stripe sync engine
 * (PostgreSQL). `pnpm bench --peers` installs the versions below from npm into a folder of its own: no dependency of ours.
 *
 * The same subscription of the sandbox, the same events over HTTP's own objects, the same durability of the file. What
 * each does with an event differs, and is said beside the figures: the peers write the event's object, Billhook commits a ticket
 * before its 200, and asks Stripe after it (`docs/comparison.md` has what that is for).
 */

import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import type { Line } from './line.ts';
import { scriptLines, scriptVersions } from './peer-scripts.ts';
import { sideBySide, type Contender, type Measured, type MeasureOptions } from './measure.ts';
import { origin, publicUrl, token, webhookSecret as peersSecret } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';
import { startPostgres } from '../support/postgres.ts';

/** The peers' own requirements contradict each other, so npm is told to leave them alone. */
const versions = {
  'better-auth': '1.7.6',
  '@better-auth/core': '1.7.6',
  '@better-auth/stripe': '1.7.6',
  'better-call': '1.4.0',
  stripe: '22',
  '@supabase/stripe-sync-engine': '0.48.5',
  ...scriptVersions,
};

interface SandboxSubscription {
  readonly id: string;
  readonly customer: string;
  readonly items: { readonly data: readonly { readonly price: { readonly id: string } }[] };
}

/** The lines of the peers' table. */
export async function peerLines(options: MeasureOptions = {}): Promise<readonly Line[]> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-peers-'));
  const databases = await startPostgres();
  try {
    const peers = await installed(folder);
    const sqlite = await startBffHarness();
    const postgres = await startBffHarness({ database: await databases.createDatabase() });
    try {
      await sqlite.bff.settled(sqlite.as('active'));
      const subscription = await subscriptionOf(sqlite);
      const betterAuth = await startBetterAuth(peers, folder, subscription);
      const syncEngine = await startSyncEngine(peers, await databases.createDatabase(), subscription);
      const reads = await sideBySide([betterAuth.read, await ownRead(sqlite)], options);
      const few = { ...options, operations: Math.ceil((options.operations ?? 1_000) / 4) };
      const onSqlite = await sideBySide([betterAuth.webhook, ownWebhook('SQLite', sqlite, subscription)], few);
      const onPostgres = await sideBySide([syncEngine.webhook, ownWebhook('PostgreSQL', postgres, subscription)], few);
      await syncEngine.close();
      return [
        line('a read of an account’s plan, SQLite', reads),
        line('a subscription’s event until its 200, SQLite', onSqlite),
        line('a subscription’s event until its 200, PostgreSQL', onPostgres),
        ...(await scriptLines(folder)),
      ];
    } finally {
      await sqlite.close();
      await postgres.close();
    }
  } finally {
    await databases.stop();
    await rm(folder, { recursive: true });
  }
}

function line(what: string, [peer, own]: readonly Measured[]): Line {
  if (peer === undefined || own === undefined) throw new Error(`"${what}" was not measured`);
  const said = ({ cpuMicroseconds, perSecond }: Measured) =>
    `${cpuMicroseconds.toFixed(0)} µs CPU, ${perSecond.toFixed(0)} a second`;
  return {
    what,
    ours: said(own),
    baseline: `${peer.name}: ${said(peer)}`,
    ratio: own.againstFirst,
    limit: '',
    goal: null,
  };
}

/** Loads a module of the peers. */
type Peers = (name: string) => Promise<Record<string, unknown>>;

async function installed(folder: string): Promise<Peers> {
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: versions }),
  );
  await promisify(execFile)('npm', ['install', '--legacy-peer-deps', '--no-audit', '--no-fund'], { cwd: folder });
  const { resolve } = createRequire(join(folder, 'package.json'));
  return async (name) => (await import(pathToFileURL(resolve(name)).href)) as Record<string, unknown>;
}

async function subscriptionOf({ options, customers }: BffHarness): Promise<SandboxSubscription> {
  const { apiUrl, secretKey } = options.stripe;
  const answer = await fetch(`${apiUrl}/v1/subscriptions?customer=${customers.active}`, {
    headers: { authorization: `Bearer ${secretKey}` },
  });
  const { data } = (await answer.json()) as { readonly data: readonly SandboxSubscription[] };
  const [first] = data;
  if (first === undefined) throw new Error('the sandbox has no subscription of an active customer');
  return first;
}

let sent = 0;
/** Signed as Stripe signs it. */
function eventOf(
  subscription: SandboxSubscription,
  secret = peersSecret,
): { readonly body: string; readonly signature: string } {
  sent += 1;
  const body = JSON.stringify(
    {
      id: `evt_${sent}`,
      object: 'event',
      type: 'customer.subscription.updated',
      created: Math.floor(Date.now() / 1_000) + sent,
      livemode: false,
      data: { object: subscription },
    },
    null,
    2,
  );
  const t = Math.floor(Date.now() / 1_000);
  return { body, signature: `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}` };
}

function delivery(url: string, subscription: SandboxSubscription, secret?: string): Request {
  const { body, signature } = eventOf(subscription, secret);
  const headers = {
    'stripe-signature': signature,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
  };
  return new Request(url, { method: 'POST', headers, body });
}

type Handler = (request: Request) => Response | Promise<Response>;

async function answered(handler: Handler, request: Request): Promise<string> {
  const answer = await handler(request);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${request.url} was answered ${answer.status}: ${text}`);
  return text;
}

async function ownRead({ bff, as }: BffHarness): Promise<Contender> {
  const headers = { origin, authorization: `Bearer ${await token({ account: as('active').account })}` };
  const run = () => answered(bff.billhook.fetch, new Request(`${publicUrl}/v1/billing`, { headers }));
  return { name: 'Billhook', run };
}

/** Of a customer that no account has: the ticket is what both commit, and no fetch comes after it in the measured time. */
function ownWebhook(database: string, { bff, options }: BffHarness, subscription: SandboxSubscription): Contender {
  const [secret] = options.stripe.webhookSecrets;
  const foreign = { ...subscription, customer: 'cus_of_no_account' };
  const run = () => answered(bff.billhook.fetch, delivery(`${publicUrl}/v1/webhooks/stripe`, foreign, secret));
  return { name: `Billhook, ${database}`, run };
}

interface BetterAuth {
  readonly handler: Handler;
  readonly $context: Promise<{
    readonly adapter: {
      create(of: { model: string; data: Record<string, unknown> }): Promise<unknown>;
      findOne(of: { model: string; where: readonly object[] }): Promise<{ readonly id: string } | null>;
    };
  }>;
}

/** A signed-in user with the subscription, on a file with the durability of ours. */
async function startBetterAuth(
  peers: Peers,
  folder: string,
  subscription: SandboxSubscription,
): Promise<{ readonly read: Contender; readonly webhook: Contender }> {
  const { betterAuth } = (await peers('better-auth')) as { betterAuth: (options: object) => BetterAuth };
  const { stripe: plugin } = (await peers('@better-auth/stripe')) as { stripe: (options: object) => unknown };
  const { default: Stripe } = (await peers('stripe')) as { default: new (key: string) => unknown };
  const { getMigrations } = (await peers('better-auth/db/migration')) as {
    getMigrations: (options: object) => Promise<{ runMigrations(): Promise<void> }>;
  };
  const database = new Database(join(folder, 'better-auth.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  const base = 'https://auth.acme.example';
  const plans = [{ name: 'pro', priceId: subscription.items.data[0]?.price.id ?? '' }];
  const options = {
    database,
    baseURL: base,
    secret: 'a-secret-of-better-auth-of-more-than-32-bytes',
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: 'error' },
    plugins: [
      plugin({
        stripeClient: new Stripe('sk_test_peer'),
        stripeWebhookSecret: peersSecret,
        subscription: { enabled: true, plans },
      }),
    ],
  };
  await (await getMigrations(options)).runMigrations();
  const auth = betterAuth(options);
  const person = { email: 'payer@acme.example', password: 'a long password', name: 'A payer' };
  const signedUp = await auth.handler(
    new Request(`${base}/api/auth/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: base },
      body: JSON.stringify(person),
    }),
  );
  if (signedUp.status !== 200) throw new Error(`better-auth: ${await signedUp.text()}`);
  const cookie = signedUp.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const { adapter } = await auth.$context;
  const user = await adapter.findOne({ model: 'user', where: [{ field: 'email', value: person.email }] });
  const { id: stripeSubscriptionId, customer: stripeCustomerId } = subscription;
  const own = { plan: 'pro', referenceId: user?.id, stripeCustomerId, stripeSubscriptionId, status: 'active' };
  await adapter.create({ model: 'subscription', data: own });
  const list = () => new Request(`${base}/api/auth/subscription/list`, { headers: { cookie, origin: base } });
  const found = await answered(auth.handler, list());
  if (!found.includes(stripeSubscriptionId)) throw new Error(`better-auth does not find the subscription: ${found}`);
  return {
    read: { name: 'better-auth', run: () => answered(auth.handler, list()) },
    webhook: {
      name: 'better-auth',
      run: () => answered(auth.handler, delivery(`${base}/api/auth/stripe/webhook`, subscription)),
    },
  };
}

async function startSyncEngine(
  peers: Peers,
  database: string,
  subscription: SandboxSubscription,
): Promise<{ readonly webhook: Contender; close(): Promise<void> }> {
  const { StripeSync, runMigrations } = (await peers('@supabase/stripe-sync-engine')) as {
    StripeSync: new (options: object) => {
      processWebhook(payload: string, signature: string): Promise<void>;
      readonly postgresClient: { close(): Promise<void> };
    };
    runMigrations: (options: object) => Promise<void>;
  };
  await runMigrations({ databaseUrl: database, schema: 'stripe' });
  const sync = new StripeSync({
    poolConfig: { connectionString: database, max: 10 },
    schema: 'stripe',
    stripeSecretKey: 'sk_test_peer',
    stripeWebhookSecret: peersSecret,
    backfillRelatedEntities: false,
    autoExpandLists: false,
  });
  return {
    webhook: {
      name: 'sync engine',
      async run() {
        const { body, signature } = eventOf(subscription);
        await sync.processWebhook(body, signature);
      },
    },
    close: () => sync.postgresClient.close(),
  };
}
