/**
 * Billhook in the histories' hands: its real store, webhook route, worker, sync, gateway, linking, judge and outbox, wired
 * as `billhook.ts` wires them. Every call of the store and every request to Stripe is a step.
 */

import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { BillingSnapshot, OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { Catalogue } from '../../server/src/background/catalogue.ts';
import type { CustomerFacts } from '../../server/src/billing/facts.ts';
import { readConfig, type BillhookOptions, type Config } from '../../server/src/config/config.ts';
import { createLinking } from '../../server/src/accounts/linking.ts';
import { createMetrics } from '../../server/src/operations/metrics.ts';
import { Outbox, type ReadAccess } from '../../server/src/background/outbox.ts';
import { accessView } from '../../server/src/accounts/access.ts';
import { accessSummary } from '../../server/src/billing/access-document.ts';
import { createReadAccount } from '../../server/src/accounts/view.ts';
import { Previews } from '../../server/src/background/previews.ts';
import { reconcile } from '../../server/src/background/reconcile.ts';
import { createLimits } from '../../server/src/http/rate-limits.ts';
import type { Authenticated } from '../../server/src/http/auth.ts';
import type { RouteContext } from '../../server/src/http/route-context.ts';
import { billingRoute } from '../../server/src/http/routes/billing.ts';
import { invoiceRoute } from '../../server/src/http/routes/invoice.ts';
import { visitsRoute } from '../../server/src/http/routes/visits.ts';
import { toProblemError } from '../../server/src/http/to-problem.ts';
import { webhookRoute } from '../../server/src/http/routes/webhook.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { SharedClock } from '../../server/src/ledger/shared-clock.ts';
import { createStripeGateway, type StripeGateway } from '../../server/src/stripe/gateway.ts';
import { Scheduler } from '../../server/src/background/scheduler.ts';
import { sweep } from '../../server/src/background/sweep.ts';
import { Upkeep } from '../../server/src/background/upkeep.ts';
import { Waiters } from '../../server/src/background/waiters.ts';
import { Worker } from '../../server/src/background/worker.ts';
import type { Ledger, LedgerProcess, LedgerSettings, Machine, OpenLedger, Seen } from './ledger-under-test.ts';
import { FrozenMachine } from './frozen-machine.ts';
import { Backups } from './backups.ts';
import { Looks } from './looks.ts';
import { digest } from './stripe-account.ts';

const host = 'acme';

/** Shorter than a request may take, so that leases do run out under slow fetches. */
const leaseMs = 2_000;

/** A list of Stripe's API, as this process gets it. */
type AskStripe = (path: string) => Promise<readonly unknown[]>;

/** A change of behaviour, for the tests of the tests. Each process has its own; state that all share is in a closure. */
export interface Mutation {
  /** Wraps the store of one process. Its calls are steps. */
  readonly store?: (store: BillingStore, machine: Machine) => BillingStore;
  /** Around the store that its readers read. */
  readonly readersStore?: (store: BillingStore, now: () => number) => BillingStore;
  readonly gateway?: (gateway: StripeGateway, now: () => number, stripe: AskStripe) => StripeGateway;
  /** Around the route that takes deliveries. */
  readonly webhook?: (route: LedgerProcess['webhook']) => LedgerProcess['webhook'];
  /** Around the route that pages read by. */
  readonly page?: (route: LedgerProcess['page']) => LedgerProcess['page'];
  /** Milliseconds between two looks of a worker; `null`: no timer. Default: 1,000. */
  readonly pollMs?: number | null;
  /** By which clock a process counts that shares its ledger with others. Default: the database's. */
  readonly clock?: 'own';
  /** Around what readers are told of the facts. */
  readonly snapshot?: (snapshot: BillingSnapshot, facts: CustomerFacts | null) => BillingSnapshot;
  /** After a restore the ledger is taken for what it was. */
  readonly ignoresRestores?: boolean;
}

/** Processes that live on; or functions, which are frozen when they answer no request, and which a cron calls. */
export type Kind = 'servers' | 'functions';

/**
 * @param openStore - opens the ledger's store, empty. Where a history copies the ledger, it is a file of SQLite instead.
 * @param mutate - once a ledger.
 * @param own - options of the host. Default: it sells nothing here, and decides nothing.
 */
export function billhookLedger(
  openStore: () => Promise<BillingStore>,
  mutate: () => Mutation = () => ({}),
  kind: Kind = 'servers',
  own?: HostOptions,
): OpenLedger {
  return async (settings): Promise<Ledger> => {
    const config = await (own ? configOf(own) : theConfig);
    const looks = new Looks(kind === 'functions' || settings.processes > 1);
    const backups = settings.keepsCopies ? new Backups() : null;
    let opened = backups?.open() ?? (await openStore());
    let store = looks.below(opened);
    const mutation = mutate();
    return {
      needsCron: kind === 'functions',
      async start(machine) {
        if (kind === 'servers') return await startProcess(store, settings, machine, mutation, looks, config);
        const frozen = new FrozenMachine(machine);
        const start = () => startProcess(store, settings, frozen, { ...mutation, pollMs: null }, looks, config);
        return asFunction(await frozen.answering(start), frozen);
      },
      async restless() {
        const { stale, openHints, waitingNotices } = await store.stats(Number.MAX_SAFE_INTEGER);
        return { stale, hints: openHints, untold: waitingNotices };
      },
      thrownAway: () => looks.thrownAway,
      copy: () => backups?.make(),
      async restore(now) {
        const restored = backups?.restore() ?? null;
        if (restored === null) return false;
        await opened.close();
        opened = restored;
        store = looks.below(opened);
        // As `billhook restored` does.
        if (mutation.ignoresRestores !== true) await opened.beginAnew(now, 0);
        return true;
      },
      async close() {
        await opened.close();
        backups?.end();
      },
    };
  };
}

async function startProcess(
  shared: BillingStore,
  { stripe, processes }: LedgerSettings,
  machine: Machine,
  mutation: Mutation,
  looks: Looks,
  hostsConfig: Config,
): Promise<LedgerProcess> {
  // A function is one of many.
  const isShared = processes > 1 || mutation.pollMs === null;
  const now = await clockOf(machine, isShared && mutation.clock !== 'own');
  const config: Config = {
    ...hostsConfig,
    now,
    onChange: ({ id, type, account, revision, data }) =>
      machine.tell({ id, type, account, revision: Number(revision.split('.')[1]), data }),
  };
  const stepwise = inSteps(shared, machine, processes > 1);
  const store = looks.above(mutation.store?.(stepwise, machine) ?? stepwise, now, machine);
  const plain = createStripeGateway({
    secretKey: stripe.secretKey,
    webhookSecrets: [stripe.webhookSecret],
    apiUrl: stripe.apiUrl,
    fetch: machine.fetch,
  });
  const askStripe: AskStripe = async (path) => {
    const headers = { authorization: `Bearer ${stripe.secretKey}` };
    const answer = await machine.fetch(`${stripe.apiUrl}${path}`, { headers });
    return ((await answer.json()) as { readonly data: readonly unknown[] }).data;
  };
  const gateway = mutation.gateway?.(plain, now, askStripe) ?? plain;
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
  const waiters = new Waiters();
  const worker = new Worker(parts, waiters, { pollMs, leaseMs, random, concurrency: 3, restMs: 0 });
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

  const context = { ...parts, waiters, read, wakeWorker, linking, allow: () => callerOf(config) };
  const routes = { ...context, wantPreview: () => undefined } as unknown as RouteContext;
  const serve = (route: Hono<Authenticated>) =>
    new Hono<Authenticated>().route('/', route).onError((cause, c) => c.text('', toProblemError(cause).status as 404));
  const invoices = serve(invoiceRoute(routes));
  const visits = serve(visitsRoute(routes));
  const billing = serve(billingRoute(routes));
  const page: LedgerProcess['page'] = async (account, shown) => {
    const headers = { account, ...(shown === null ? {} : { 'if-none-match': shown }) };
    const response = await billing.request('/', { headers });
    if (response.status !== 200 && response.status !== 304) throw new Error(`a page got ${response.status}`);
    const document = response.status === 200 ? ((await response.json()) as BillingSnapshot) : null;
    return { etag: response.headers.get('etag') ?? '', document };
  };
  let opened = 0;

  const jobs = { store, gateway, now, wakeWorker, whenAvailable: async () => undefined };
  const ending = new AbortController();
  const upkeep = new Upkeep({
    config: { ...config, upkeep: { secret: '', seconds: 20 } },
    store,
    worker,
    outbox,
    previews: { idle: async () => undefined },
    scheduler: new Scheduler({ ...jobs, metrics, log: config.log, confirm: parts.confirm }, { leaseMs }),
    // A history jumps over weeks; no copy is restored in it.
    beginAnewAfterSilence: async () => undefined,
  });

  await worker.start();
  outbox.start();
  return {
    async open(account) {
      const record = await store.findAccount({ host, account });
      if (record === null || record.facts?.deleted === true) return null;
      const { customer, revision } = record;
      const id = `${customer}-${machine.name.replaceAll(/\W+/g, '_')}-${++opened}`;
      const at = { openedAt: now(), expiresAt: now() + 24 * 60 * 60_000 };
      await store.openVisit({ host, account, id, customer, kind: 'portal', seen: revision, ...at });
      return id;
    },
    async return(account, visit) {
      const response = await visits.request('/return', {
        method: 'POST',
        headers: { 'content-type': 'application/json', account },
        body: JSON.stringify({ visit }),
      });
      if (response.status === 404) return { outcome: 'gone', changes: [], fetchedAt: null };
      if (response.status !== 200) throw new Error(`a return answered ${response.status}`);
      const { outcome, changes } = (await response.json()) as VisitReturn;
      const record = await shared.findAccount({ host, account });
      const isOver = record === null || record.facts?.deleted === true || !visit.startsWith(`${record.customer}-`);
      return { outcome, changes, fetchedAt: isOver ? null : looks.fetchedAt(record) };
    },
    async invoicePage(account) {
      const response = await invoices.request('/', {
        method: 'POST',
        headers: { 'content-type': 'application/json', account },
        body: JSON.stringify({ seen: null }),
      });
      return response.status === 200 ? ((await response.json()) as OpenedVisit).url : null;
    },
    async nextPayment(account) {
      const page = { host, account, policy: hostOf(config).policy, mayManage: true };
      const { chargedNext, record, snapshot } = await read(page);
      if (record === null || chargedNext === null) return null;
      if (snapshot.nextPaymentAwaited === true) {
        const previews = new Previews({ store: shared, gateway, waiters, log: config.log, now });
        previews.want({ host, account, customer: record.customer, subscription: chargedNext });
        await previews.idle();
      }
      return (await read(page)).snapshot.nextPayment ?? null;
    },
    webhook: mutation.webhook?.(webhook) ?? webhook,
    page: mutation.page?.(page) ?? page,
    async link(account, customer) {
      await linking.link({ host, account }, customer);
    },
    async sweep() {
      const turn = await store.acquireJob('sweep', 0, leaseMs, now());
      return turn !== null && (await sweep(jobs, turn, leaseMs, ending.signal)) !== null;
    },
    async reconcile() {
      const turn = await store.acquireJob('reconcile', 0, leaseMs, now());
      return turn !== null && (await reconcile(jobs, turn, { leaseMs, signal: ending.signal })) !== null;
    },
    async upkeep() {
      await upkeep.run();
    },
    async read(account, mayManage = true): Promise<Seen> {
      const { record, snapshot } = await read({ host, account, policy: hostOf(config).policy, mayManage });
      return {
        customer: record?.customer ?? null,
        facts: record?.facts ?? null,
        fetchedAt: looks.fetchedAt(record),
        revision: record?.revision ?? 0,
        stale: record === null || record.syncedTicket < record.ticket,
        access: snapshot.access.level,
        summary: accessSummary(await access(hostOf(config), account)),
        snapshot: mutation.snapshot?.(snapshot, record?.facts ?? null) ?? snapshot,
        document: snapshot,
      };
    },
    abandon() {
      // This ends only their timers: their awaited steps never come, and none of their work is carried out any more.
      void worker.stop();
      void outbox.stop();
    },
  };
}

/** Its requests thaw the machine; a reader looks without one. */
function asFunction(process: LedgerProcess, { answering }: FrozenMachine): LedgerProcess {
  const requests = ['webhook', 'link', 'sweep', 'reconcile', 'open', 'return', 'upkeep'] as const;
  const thawing = requests.map((name) => {
    const call = process[name] as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => answering(() => call(...args))];
  });
  return { ...process, ...(Object.fromEntries(thawing) as Pick<LedgerProcess, (typeof requests)[number]>) };
}

/** No test here reads these metrics. */
const metrics = createMetrics();

type HostOptions = Partial<BillhookOptions['hosts'][number]>;

const configOf = (own: HostOptions) =>
  readConfig({
    publicUrl: 'https://billing.acme.example',
    database: ':memory:',
    stripe: { secretKey: 'sk_test_sandbox', webhookSecrets: ['whsec_history'] },
    hosts: [
      {
        id: host,
        secrets: ['a-secret-of-the-host-acme-of-more-than-32-bytes'],
        origins: ['https://app.acme.example'],
        returnUrl: 'https://app.acme.example/billing',
        ...own,
      },
    ],
  });
const theConfig = configOf({});

function hostOf(config: Config) {
  const found = config.hosts.get(host);
  if (!found) throw new Error(`no host ${host}`);
  return found;
}

/** A page of the account that the request names. */
const callerOf = (config: Config) =>
  createMiddleware<Authenticated>(async (c, next) => {
    const { policy } = hostOf(config);
    const account = c.req.header('account') ?? '';
    c.set('caller', { host, account, policy, mayManage: true, introduces: null });
    await next();
  });

/** As `services.ts` chooses it. */
async function clockOf(machine: Machine, several: boolean): Promise<() => number> {
  if (!several) return () => machine.now();
  const own = { wall: () => machine.now(), monotonic: () => machine.monotonic() };
  const clock = await SharedClock.of(() => machine.databaseNow(), own);
  return () => clock.now();
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
