/** The library's front door: everything wired, nothing listening. */

import { createHmac } from 'node:crypto';
import type { AccessAnswer } from '@billhook/widget/contract';
import type { Hono } from 'hono';
import { createApp } from './http/app.ts';
import { claimsOfRequest, widgetAuth } from './http/auth.ts';
import { createBackground } from './background/background.ts';
import { Catalogue } from './background/catalogue.ts';
import type { ReadAccess } from './background/outbox.ts';
import type { SchedulerOptions } from './background/scheduler.ts';
import type { WorkerOptions } from './background/worker.ts';
import type { BillhookOptions } from './config/config.ts';
import { withBasePath } from './http/base-path.ts';
import { atStart, openServices } from './services.ts';
import { accessView } from './accounts/access.ts';
import { onceAProcess } from './operations/once-a-process.ts';
import { hostCalls, type AccountName } from './http/host-calls.ts';
import type { RouteContext } from './http/route-context.ts';
import { createCheckout } from './accounts/checkout.ts';
import { createLimits } from './http/rate-limits.ts';
import { createLinking } from './accounts/linking.ts';
import { PortalConfigurations, loadExternalPortals } from './stripe/portal-configurations.ts';
import { createReadAccount } from './accounts/view.ts';
import { Waiters } from './background/waiters.ts';
import { readWidgetFiles } from './http/widget-files.ts';
import { unknownClaims } from './tokens/unknown-claims.ts';
import { widgetTokenVerifier } from './tokens/verify.ts';

export interface Billhook {
  /** The routes, to be served alone or mounted in a Hono app. */
  readonly app: Hono;
  /**
   * The same as a web-standard handler, for any server: `getRequestListener(billhook.fetch)` for Node's own, Express and
   * Fastify, the function itself for Next.js. Where `publicUrl` has a path, requests are answered with it and without.
   *
   * @param env - the platform's own, of Hono `c.env`: on Node it has the connection, and so the client's address
   */
  readonly fetch: (request: Request, env?: unknown) => Response | Promise<Response>;
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
  try {
    // A Stripe that has just not answered is not waited for a second time.
    const config =
      ledger.identity() === null ? ledger.config : await atStart(() => loadExternalPortals(ledger.config, gateway));
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
    const { confirm, budget, identity } = ledger;
    const background = createBackground(
      { config, store, gateway, catalogue, metrics, budget, waiters, digest, confirm, access: noticeAccess },
      { worker, upkeep },
    );
    const { wakeWorker, wantPreview, requestSweep } = background;
    const linking = createLinking(config, store, gateway, wakeWorker);
    const limits = createLimits(config.limits, config.proxies);
    const verify = widgetTokenVerifier(
      config.publicUrl,
      (host) => config.hosts.get(host) ?? null,
      unknownClaims(config.log),
    );
    const auth = {
      verify,
      claimsOf: claimsOfRequest(verify, config.now),
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
      wantPreview,
      wakeWorker,
      upkeep: background.upkeep,
      requestSweep,
      metrics,
      limits,
      stripeAccount: identity,
      read,
      linking,
      openCheckout: createCheckout(config, store, gateway),
      auth,
      allow: (scope) => widgetAuth(auth, scope),
    };
    const { app, fetch } = createApp(routes, widget);
    await background.start();

    return {
      app,
      ...hostCalls(routes),
      // The server's own bindings tell the connection's address, which the limits count by.
      fetch: withBasePath(config.publicUrl, fetch),
      answerWaiting: () => waiters.close(),
      metrics: async () => (await metrics.page()).text,
      async close() {
        waiters.close();
        await background.stop();
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
