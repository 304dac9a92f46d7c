/**
 * Billhook in the histories' hands: its real store, webhook route, worker, sync, gateway, linking, judge and outbox, wired
 * as `billhook.ts` wires them. Every call of the store and every request to Stripe is a step.
 */

import { Hono } from 'hono';
import { Catalogue } from '../../server/src/background/catalogue.ts';
import { readConfig, type Config } from '../../server/src/config/config.ts';
import { createLinking } from '../../server/src/accounts/linking.ts';
import { createMetrics } from '../../server/src/operations/metrics.ts';
import { Outbox, type ReadAccess } from '../../server/src/background/outbox.ts';
import { accessView } from '../../server/src/accounts/access.ts';
import { createReadAccount } from '../../server/src/accounts/view.ts';
import { reconcile } from '../../server/src/background/reconcile.ts';
import { createLimits } from '../../server/src/http/rate-limits.ts';
import { webhookRoute } from '../../server/src/http/routes/webhook.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { createStripeGateway, type StripeGateway } from '../../server/src/stripe/gateway.ts';
import { sweep } from '../../server/src/background/sweep.ts';
import { Waiters } from '../../server/src/background/waiters.ts';
import { Worker } from '../../server/src/background/worker.ts';
import type { Ledger, LedgerProcess, LedgerSettings, Machine, OpenLedger, Seen } from './ledger-under-test.ts';
import { digest } from './stripe-account.ts';

const host = 'acme';

/** Shorter than a request may take, so that leases do run out under slow fetches. */
const leaseMs = 2_000;

/** A change of behaviour, for the tests of the tests. Each process has its own; what all of them share is in a closure. */
export interface Mutation {
  /** Around the store of one process. What it calls are steps. */
  readonly store?: (store: BillingStore, machine: Machine) => BillingStore;
  /** Around the store that its readers read. */
  readonly readersStore?: (store: BillingStore, now: () => number) => BillingStore;
  readonly gateway?: (gateway: StripeGateway, now: () => number) => StripeGateway;
  /** Around the route that takes deliveries. */
  readonly webhook?: (route: LedgerProcess['webhook']) => LedgerProcess['webhook'];
  /** Milliseconds between two looks of a worker. Default: 1,000. */
  readonly pollMs?: number;
}

/**
 * @param openStore Opens the ledger's store, empty.
 * @param mutate Once a ledger.
 */
export function billhookLedger(
  openStore: () => Promise<BillingStore>,
  mutate: () => Mutation = () => ({}),
): OpenLedger {
  return async (settings): Promise<Ledger> => {
    const store = await openStore();
    const mutation = mutate();
    return {
      start: (machine) => startProcess(store, settings, machine, mutation),
      async restless() {
        const { stale, openHints, waitingNotices } = await store.stats(Number.MAX_SAFE_INTEGER);
        return { stale, hints: openHints, untold: waitingNotices };
      },
      close: () => store.close(),
    };
  };
}

async function startProcess(
  shared: BillingStore,
  { stripe, processes }: LedgerSettings,
  machine: Machine,
  mutation: Mutation,
): Promise<LedgerProcess> {
  const now = () => machine.now();
  const config: Config = {
    ...(await theConfig),
    now,
    onChange: ({ id, type, account, revision, data }) =>
      machine.tell({ id, type, account, revision: Number(revision.split('.')[1]), data }),
  };
  const stepwise = inSteps(shared, machine, processes > 1);
  const store = mutation.store?.(stepwise, machine) ?? stepwise;
  const plain = createStripeGateway({
    secretKey: stripe.secretKey,
    webhookSecrets: [stripe.webhookSecret],
    apiUrl: stripe.apiUrl,
    fetch: machine.fetch,
  });
  const gateway = mutation.gateway?.(plain, now) ?? plain;
  const catalogue = new Catalogue(config, store, gateway);
  await catalogue.load();

  const { pollMs = 1_000 } = mutation;
  const random = () => 0.5;
  const read = createReadAccount(mutation.readersStore?.(shared, now) ?? shared, catalogue, now);
  const access: ReadAccess = async ({ id, policy }, name) => {
    const account = { host: id, account: name, policy, mayManage: false };
    return accessView(account, await read(account), catalogue, now()).answer;
  };
  const outbox = new Outbox(config, store, access, { pollMs, leaseMs, random });
  const wakeOutbox = () => outbox.wake();
  const parts = { config, store, gateway, catalogue, digest, wakeOutbox, metrics, confirm: async () => undefined };
  const worker = new Worker(parts, new Waiters(), { pollMs, leaseMs, random, concurrency: 3, restMs: 0 });
  const wakeWorker = () => worker.wake();
  const linking = createLinking(config, store, gateway, wakeWorker);
  const app = new Hono()
    .route(
      '/',
      webhookRoute({
        ...parts,
        stripeAccount: () => null,
        wakeWorker,
        requestSweep: () => undefined,
        limits: createLimits(config.limits, 0),
      }),
    )
    .onError((_cause, c) => c.text('', 500));
  const webhook: LedgerProcess['webhook'] = async (body, signature) =>
    (await app.request('/', { method: 'POST', body, headers: { 'stripe-signature': signature } })).status;

  const upkeep = { store, gateway, now, wakeWorker, whenAvailable: async () => undefined };
  const ending = new AbortController();

  await worker.start();
  outbox.start();
  return {
    webhook: mutation.webhook?.(webhook) ?? webhook,
    async link(account, customer) {
      await linking.link({ host, account }, customer);
    },
    async sweep() {
      const turn = await store.acquireJob('sweep', 0, leaseMs, now());
      return turn !== null && (await sweep(upkeep, turn, leaseMs, ending.signal)) !== null;
    },
    async reconcile() {
      const turn = await store.acquireJob('reconcile', 0, leaseMs, now());
      return turn !== null && (await reconcile(upkeep, turn, { leaseMs, signal: ending.signal })) !== null;
    },
    async read(account): Promise<Seen> {
      const { record, snapshot } = await read({ host, account, policy: hostOf(config).policy, mayManage: true });
      return {
        customer: record?.customer ?? null,
        facts: record?.facts ?? null,
        fetchedAt: record?.fetchedAt ?? null,
        revision: record?.revision ?? 0,
        stale: record === null || record.syncedTicket < record.ticket,
        access: snapshot.access.level,
      };
    },
    abandon() {
      // Only their timers: what they wait for never comes, and nothing they do is carried out any more.
      void worker.stop();
      void outbox.stop();
    },
  };
}

/** What is counted is looked at by nobody here. */
const metrics = createMetrics();

const theConfig = readConfig({
  publicUrl: 'https://billing.acme.example',
  database: ':memory:',
  stripe: { secretKey: 'sk_test_sandbox', webhookSecrets: ['whsec_history'] },
  hosts: [
    {
      id: host,
      secrets: ['a-secret-of-the-host-acme-of-more-than-32-bytes'],
      origins: ['https://app.acme.example'],
      returnUrl: 'https://app.acme.example/billing',
    },
  ],
});

function hostOf(config: Config) {
  const found = config.hosts.get(host);
  if (!found) throw new Error(`no host ${host}`);
  return found;
}

/** Every method of the store as a step of this machine. */
function inSteps(store: BillingStore, machine: Machine, several: boolean): BillingStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || name === ('subscribe' satisfies keyof BillingStore)) return value;
      // Where several processes share a ledger, a start must not end the leases of the others.
      if (name === ('releaseLeases' satisfies keyof BillingStore) && several) return async () => undefined;
      return (...args: unknown[]) =>
        machine.step(String(name), async () => (await Reflect.apply(value, target, args)) as unknown);
    },
  });
}
