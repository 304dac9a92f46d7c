/** Opens the services that the server and the commands share: checked options, the ledger, the way to Stripe. */

import { readConfig, type BillhookOptions, type Config } from './config/config.ts';
import { describeCause } from './log.ts';
import { RequestBudget, withPriority } from './stripe/request-budget.ts';
import { createMetrics, type Metrics } from './operations/metrics.ts';
import { isPostgresAddress } from './ledger/postgres/address.ts';
import { widerThanOwner } from './ledger/sqlite/file-mode.ts';
import { SharedClock } from './ledger/shared-clock.ts';
import type { BillingStore, StripeIdentity } from './ledger/ledger.ts';
import { StripeFailure } from './stripe/failure.ts';
import { createStripeGateway, type StripeGateway, type StripeGatewayOptions } from './stripe/gateway.ts';

export interface Services {
  readonly config: Config;
  readonly store: BillingStore;
  readonly gateway: StripeGateway;
  readonly metrics: Metrics;
  readonly budget: RequestBudget;
  /**
   * Makes sure that the ledger belongs to the key's Stripe account, by asking Stripe until it has said so once.
   *
   * @throws {LedgerPinnedError} `ledger_pinned`, when it belongs to another Stripe account or mode.
   * @throws {StripeFailure} when Stripe does not answer.
   */
  confirm(): Promise<void>;
  /** The Stripe account of the key, once Stripe has said so. */
  identity(): StripeIdentity | null;
  close(): Promise<void>;
}

/**
 * Opens the ledger and checks that it belongs to the key's Stripe account: with a wrong key all customers would seem
 * gone. Stripe being down does not stop the start, nor does a slow Stripe hold up a server's: nothing is fetched
 * before Stripe has answered.
 *
 * @param serving - a server's, not a command's: of these, one may work on a ledger's file. Default: false
 * @param looking - makes no ledger, and brings none up to date. Default: false
 * @throws {ConfigError} `config_invalid`, with every problem at once.
 * @throws {StoreUnavailableError} `store_unavailable`, when the ledger cannot be opened, or another server works on its file.
 * @throws {LedgerPinnedError} `ledger_pinned`, when it belongs to another Stripe account or mode.
 * @throws {StripeFailure} `stripe_unauthorized`, when Stripe refuses the key.
 */
export async function openServices(
  options: BillhookOptions,
  { serving = false, looking = false }: { readonly serving?: boolean; readonly looking?: boolean } = {},
): Promise<Services> {
  const read = await readConfig(options);
  const store = await openStore(read, { serving, looking });
  const shared = options.now === undefined ? await clockOf(store) : {};
  const config = { ...read, ...shared };
  if (!isPostgresAddress(config.database)) {
    for (const path of widerThanOwner(config.database)) config.log.warn('ledger.readable_by_others', { path });
  }
  const metrics = createMetrics();
  const budget = new RequestBudget(store, {
    perSecond: config.stripe.requestsPerSecond,
    onAdmitted: metrics.stripeAdmitted,
    ...shared,
  });
  const gateway = gatewayOf(config, { budget, onAnswer: metrics.stripeAnswered });
  let identity: StripeIdentity | null = null;
  const confirm = async () => {
    if (identity !== null) return;
    const said = await gateway.identity();
    await store.pin(said);
    identity = said;
  };
  const close = async () => {
    gateway.close();
    await store.close();
  };
  try {
    await (serving ? atStart(confirm) : confirm());
  } catch (cause) {
    const transient = cause instanceof StripeFailure && cause.transient;
    if (!transient) {
      await close();
      throw cause;
    }
    config.log.warn('stripe.unreachable', { code: cause.code, cause: describeCause(cause) });
  }
  return { config, store, gateway, metrics, budget, confirm, identity: () => identity, close };
}

/** Milliseconds for which a server's start waits for Stripe. Pages of a restarting server show what the ledger knows. */
const startAsksMs = 3_000;

/** Asks Stripe for what a server's start would like to know, and can do without. */
export const atStart = <T>(ask: () => Promise<T>): Promise<T> =>
  withPriority('click', ask, AbortSignal.timeout(startAsksMs));

/** The one place that chooses: PostgreSQL by its address, and a file for everything else. The other's driver is not loaded. */
async function openStore(
  { database, background }: Config,
  { serving, looking }: { readonly serving: boolean; readonly looking: boolean },
): Promise<BillingStore> {
  if (isPostgresAddress(database)) {
    const { openPostgresStore } = await import('./ledger/postgres/ledger.ts');
    return await openPostgresStore(database, background === 'none' ? connectionsOfAFunction : undefined, looking);
  }
  const { openSqliteStore } = await import('./ledger/sqlite/ledger.ts');
  return openSqliteStore(database, { serving, looking });
}

/** Of several processes the machines' clocks may be minutes apart. */
async function clockOf({ sharedNow, close }: BillingStore): Promise<{ readonly now?: () => number }> {
  if (sharedNow === null) return {};
  try {
    const clock = await SharedClock.of(sharedNow);
    return { now: () => clock.now() };
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** A function has one request at a time, and there are many of it. */
const connectionsOfAFunction = 3;

/** The way to Stripe alone, for what needs no ledger. */
export function gatewayOf(
  { stripe: { apiUrl, timeoutMs, secretKey, webhookSecrets } }: Config,
  through: Pick<StripeGatewayOptions, 'budget' | 'onAnswer'> = {},
): StripeGateway {
  return createStripeGateway({
    secretKey,
    webhookSecrets,
    ...through,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
