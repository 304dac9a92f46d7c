/**
 * A twin of the part of Stripe that Billhook uses, in one process and in memory. The official `stripe` SDK talks to it by
 * host, port and protocol; nothing in the client has to know.
 */

import { serve, type ServerType } from '@hono/node-server';
import { Hono } from 'hono';
import { createControlPages } from './control/control-forms.ts';
import { createControlRoom } from './control/control.ts';
import { ownHostOnly, ownPagesOnly } from './control/guard.ts';
import { createDueWork } from './engine/due.ts';
import { followSubscriptions } from './engine/entitlements.ts';
import { webhooksDelivered } from './engine/invoices.ts';
import { applyPaidChanges } from './engine/pending-update.ts';
import { savePortalSettings } from './engine/portal.ts';
import { createApi } from './http/api.ts';
import { createFaults } from './http/faults.ts';
import { createKeys } from './http/keys.ts';
import { createRequestLog } from './http/request-log.ts';
import { createPages } from './pages/index.ts';
import { startPage } from './pages/start.ts';
import { registerRoutes } from './routes/index.ts';
import type { StripeSandbox, StripeSandboxOptions } from './sandbox.ts';
import { createClock } from './state/clock.ts';
import { defaultSettings } from './state/settings.ts';
import { createState } from './state/state.ts';
import { createDeliveries } from './webhooks/deliveries.ts';

export type { Clock } from './state/clock.ts';
export type { Deliveries, Delivery, DeliveryRule, DeliverySettings } from './webhooks/deliveries.ts';
export type { Fault, FaultKind, Faults } from './http/faults.ts';
export type { LoggedRequest, RequestLog } from './http/request-log.ts';
export type { Settings } from './state/settings.ts';
export type { StripeSandbox, StripeSandboxOptions } from './sandbox.ts';
export { seedDemo, type SeededCustomers } from './seed/seed.ts';

/**
 * Makes a sandbox. It is empty; `seedDemo` fills it.
 *
 * @example
 * const sandbox = createSandbox();
 * await sandbox.listen(0);
 * const stripe = new Stripe(sandbox.secretKey, sandbox.stripeClientOptions());
 * const customer = await stripe.customers.create({ email: 'ada@example.com' });
 */
export function createSandbox(options: StripeSandboxOptions = {}): StripeSandbox {
  const secretKey = testKey(options.secretKey ?? 'sk_test_sandbox');
  const clock = createClock(options.startAt);
  const settings = defaultSettings();
  const faults = createFaults(options.latencyMs ?? 0);
  const requests = createRequestLog();
  const closing = new AbortController();
  let listening: { server: ServerType; url: string; port: number } | null = null;

  const seed = options.seed ?? 1;
  const state = createState({
    clock,
    seed,
    account: `acct_1Sandbox${(seed - 1).toString(36).padStart(10, '0')}`,
    settings,
    origin: () => options.publicUrl ?? listening?.url ?? 'http://localhost',
  });
  const keys = createKeys(secretKey, state.account, () => state.ids.token(24));
  applyPaidChanges(state);
  followSubscriptions(state);
  const deliveries = createDeliveries({
    state,
    onAcknowledged(event) {
      if (event.type !== 'invoice.created') return;
      const invoice = state.invoices.get(String(event.data.object['id']));
      if (invoice) webhooksDelivered(state, invoice);
    },
  });
  clock.drive(createDueWork(state, () => deliveries.settled()));

  const { app: v1, api } = createApi({ state, keys, faults, log: requests, closing: closing.signal });
  registerRoutes(api, deliveries);

  const app = new Hono();
  const sandbox: StripeSandbox = {
    app,
    secretKey,
    clock,
    deliveries,
    faults,
    requests,
    settings,
    state,
    addRestrictedKey: (permissions) => keys.addRestricted(permissions),
    restrictedKeys: () => keys.restricted(),
    savePortalSettings: () => savePortalSettings(state),
    async listen(port = 0) {
      if (listening) throw new Error('the sandbox is listening already');
      const made = await serving(app, port);
      listening = { ...made, url: `http://localhost:${made.port}` };
      return { url: listening.url, port: listening.port };
    },
    stripeClientOptions() {
      if (!listening) throw new Error('call listen() first: the client needs a port');
      return { host: '127.0.0.1', port: listening.port, protocol: 'http' };
    },
    async close() {
      closing.abort();
      clock.close();
      deliveries.close();
      const server = listening?.server;
      listening = null;
      if (!server) return;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  };
  app.use(ownHostOnly(state));
  app.use('/sandbox/*', ownPagesOnly(state));
  app.get('/', (c) => startPage(c, state));
  app.route('/sandbox', createControlPages(sandbox));
  app.route('/sandbox', createControlRoom(sandbox));
  app.route('/', createPages(state));
  app.all('/v1/*', (c) => v1.fetch(c.req.raw, c.env));
  app.all('/v2/*', (c) => v1.fetch(c.req.raw, c.env));
  return sandbox;
}

/** Listens on the loopback address; resolves when it does. */
function serving(app: Hono, port: number): Promise<{ server: ServerType; port: number }> {
  return new Promise<{ server: ServerType; port: number }>((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, (info) =>
      resolve({ server, port: info.port }),
    );
    // None: it would race with a client that takes an idle connection up again, and be a reset that Stripe does not send.
    if ('keepAliveTimeout' in server) server.keepAliveTimeout = 0;
    server.once('error', reject);
  });
}

function testKey(key: string): string {
  if (/^(sk|rk)_test_/.test(key)) return key;
  throw new RangeError('secretKey must begin with sk_test_: the sandbox has no live mode');
}
