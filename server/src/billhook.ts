/** The library's front door: everything wired, nothing listening. */

import { createHmac } from 'node:crypto';
import type { AccessAnswer } from '@billhook/widget/contract';
import type { Hono } from 'hono';
import { createApp } from './http/app.ts';
import { widgetAuth } from './http/auth.ts';
import { Catalogue } from './background/catalogue.ts';
import type { BillhookOptions } from './config/config.ts';
import { withBasePath } from './http/base-path.ts';
import { openServices } from './services.ts';
import { Outbox, type ReadAccess } from './background/outbox.ts';
import { accessView } from './accounts/access.ts';
import { onceAProcess } from './operations/once-a-process.ts';
import { hostCalls, type AccountName } from './http/host-calls.ts';
import type { RouteContext } from './http/route-context.ts';
import { beginAnewAfterSilence } from './background/silence.ts';
import { Previews } from './background/previews.ts';
import { Scheduler, type SchedulerOptions } from './background/scheduler.ts';
import { createCheckout } from './accounts/checkout.ts';
import { createLimits } from './http/rate-limits.ts';
import { createLinking } from './accounts/linking.ts';
import { PortalConfigurations, loadExternalPortalFeatures } from './stripe/portal-configurations.ts';
import { createReadAccount } from './accounts/view.ts';
import { Upkeep } from './background/upkeep.ts';
import { Waiters } from './background/waiters.ts';
import { readWidgetFiles } from './http/widget-files.ts';
import { unknownClaims } from './tokens/unknown-claims.ts';
import { widgetTokenVerifier } from './tokens/verify.ts';
import { Worker, type WorkerOptions } from './background/worker.ts';

export interface Billhook {
  /** The routes, to be served alone or mounted in a Hono app. */
  readonly app: Hono;
  /**
   * The same as a web-standard handler, for any server: `getRequestListener(billhook.fetch)` for Node's own, Express and
   * Fastify, the function itself for Next.js. Where `publicUrl` has a path, requests are answered with it and without.
   */
  readonly fetch: (request: Request, env?: object) => Response | Promise<Response>;
  /**
   * May this account use the product, and what did it buy? The answer of `GET /v1/access`, without a request and without a
   * token. `access` is of another level than `none` only where the host said so; `unknown` is no "no".
   *
   * @example
   * ```ts
   * const { level, features, seats } = await billhook.access(user.teamId);
   * ```
   *
   * @throws {BillhookError} `field_invalid`: no account, or several hosts are configured and none of them is named.
   * @throws {BillhookError} `store_unavailable`
   */
  access(account: AccountName): Promise<AccessAnswer>;
  /**
   * Links an account to its Stripe customer, after Stripe was asked about it. A link that is there already stays.
   *
   * @throws {BillhookError} `introduction_refused`, with the reason in `detail`: deleted, of another mode, another host's,
   *   or another account's. One customer pays for one account.
   * @throws {StripeFailure} when Stripe does not know the customer, or cannot be asked.
   */
  link(account: AccountName, customer: string): Promise<'linked' | 'alreadyLinked'>;
  /**
   * Answers all held polls. Call it before the HTTP server is closed, and {@link close} after: a held poll would keep
   * the server open until its time is up.
   */
  answerWaiting(): void;
  /** The page of `GET /metrics`, for a server that says its own metrics beside these. */
  metrics(): Promise<string>;
  /**
   * Ends the worker and the outbox after what they have in hand, and closes the ledger. Nothing is lost: stale
   * customers and undelivered notices stay in the tables.
   */
  close(): Promise<void>;
}

/**
 * Opens the ledger, checks that it belongs to the key's Stripe account, and starts the worker.
 *
 * @example
 * ```ts
 * const billhook = await createBillhook(options);
 * serve({ fetch: billhook.fetch, port: 4001 });
 * ```
 *
 * @throws {ConfigError} `config_invalid`, with every problem at once.
 * @throws {StoreUnavailableError} `store_unavailable`, when the ledger cannot be opened, or another server works on its file.
 * @throws {LedgerPinnedError} `ledger_pinned`, when it belongs to another Stripe account or mode.
 */
export async function createBillhook(
  options: BillhookOptions,
  worker: WorkerOptions = {},
  upkeep: SchedulerOptions = {},
): Promise<Billhook> {
  const ledger = await openServices(options, { serving: true });
  const { store, gateway, metrics } = ledger;
  const { pollMs } = worker;
  try {
    const config = await loadExternalPortalFeatures(ledger.config, gateway);
    const catalogue = new Catalogue(config, store, gateway);
    await catalogue.load();
    const widget = await readWidgetFiles();
    if (!widget.has('/widget.js')) config.log.warn('widget.not_built');

    const waiters = new Waiters(store.shared ? { pollMs: 2_000 } : {});
    metrics.watch({ store, now: config.now, log: config.log, waiting: () => waiters.total });
    const digest = (text: string) =>
      createHmac('sha256', store.digestKey).update(text).digest('base64url').slice(0, 22);
    const read = createReadAccount(store, catalogue, config.now);
    const noticeAccess: ReadAccess = async ({ id, policy }, name) => {
      const account = { host: id, account: name, policy, mayManage: false };
      return accessView(account, await read(account), catalogue, config.now()).answer;
    };
    const frozen = config.background === 'none';
    const outbox = new Outbox(config, store, noticeAccess, {
      ...(pollMs === undefined ? {} : { pollMs }),
      ...(frozen ? { pollMs: null } : {}),
    });
    const wakeOutbox = () => outbox.wake();
    const { confirm, identity } = ledger;
    const working = new Worker(
      { config, store, gateway, catalogue, digest, metrics, confirm, wakeOutbox },
      waiters,
      // A customer that rests would be looked at by a timer.
      frozen ? { ...worker, pollMs: null, restMs: 0 } : worker,
    );
    const wakeWorker = () => {
      working.wake();
      if (frozen) upkeeping.handOver();
    };
    const previews = new Previews({ store, gateway, waiters, log: config.log, now: config.now });
    const keeping = new Scheduler(
      {
        store,
        gateway,
        metrics,
        confirm,
        wakeWorker,
        whenAvailable: ledger.budget.whenAvailable,
        log: config.log,
        now: config.now,
      },
      upkeep,
    );
    const upkeeping = new Upkeep({
      config,
      store,
      worker: working,
      outbox,
      previews,
      scheduler: keeping,
      beginAnewAfterSilence: () => beginAnewAfterSilence(store, config),
    });
    const linking = createLinking(config, store, gateway, wakeWorker);
    const limits = createLimits(config.limits, config.proxies);
    const auth = {
      verify: widgetTokenVerifier(
        config.publicUrl,
        (host) => config.hosts.get(host) ?? null,
        unknownClaims(config.log),
      ),
      hosts: config.hosts,
      now: config.now,
      limits,
    };
    const routes: RouteContext = {
      config,
      store,
      gateway,
      portals: new PortalConfigurations(gateway, config.log),
      catalogue,
      waiters,
      wantPreview: (wanted) => {
        previews.want(wanted);
        if (frozen) upkeeping.handOver();
      },
      wakeWorker,
      upkeep: upkeeping,
      requestSweep: () => keeping.requestSweep(),
      metrics,
      limits,
      stripeAccount: identity,
      read,
      linking,
      openCheckout: createCheckout(config, store, gateway),
      auth,
      allow: (scope) => widgetAuth(auth, scope),
    };
    const app = createApp(routes, widget);
    // A connection that listens would be dead when the process is woken: polls look at the tables.
    const follow: typeof store.subscribe = frozen && store.shared ? () => () => undefined : store.subscribe;
    const unfollow = follow((commit) => {
      if (commit.kind === 'looked') {
        waiters.wake(commit.host, commit.account);
        return;
      }
      if (commit.kind === 'raised') waiters.watched.raised(commit.customers);
      if (commit.kind === 'catalogue' || commit.kind === 'missed') {
        // Another process may have learned what a product is called. The snapshot that needs the name comes after it.
        void catalogue.reload().finally(() => waiters.wakeAll());
      }
      if (commit.kind === 'catalogue') return;
      wakeWorker();
      if (commit.kind === 'missed' || commit.customers.length === 0) wakeOutbox();
    });
    if (!frozen) await beginAnewAfterSilence(store, config);
    await working.start();
    outbox.start();
    if (!frozen) keeping.start();

    return {
      app,
      ...hostCalls(routes),
      // The server's own bindings tell the connection's address, which the limits count by.
      fetch: withBasePath(config.publicUrl, (request, env) => app.fetch(request, env)),
      answerWaiting: () => waiters.close(),
      metrics: async () => (await metrics.page()).text,
      async close() {
        waiters.close();
        unfollow();
        await keeping.stop();
        gateway.close();
        await working.stop();
        await previews.idle();
        await outbox.stop();
        await store.close();
      },
    };
  } catch (cause) {
    await ledger.close();
    throw cause;
  }
}

/**
 * Makes the function that gives the process its one {@link Billhook}, made when it is called first. For frameworks that
 * import route modules without serving them: `next build` opens no ledger, and asks Stripe nothing. A module that is loaded
 * anew while developing gets the one that is there, with the options of its start. A failed start is tried again at the next
 * call, and after `close()` there is another one.
 *
 * @param options - what {@link createBillhook} takes, or a function that reads it when it is needed
 * @param name - of several in one process. Default: `billhook`
 *
 * @example
 * ```ts
 * export const billhook = lazyBillhook(() => options);
 * const handler = async (request: Request) => (await billhook()).fetch(request);
 * ```
 */
export function lazyBillhook(
  options: BillhookOptions | (() => BillhookOptions | Promise<BillhookOptions>),
  name = 'billhook',
): () => Promise<Billhook> {
  return onceAProcess(name, async () => createBillhook(typeof options === 'function' ? await options() : options));
}
