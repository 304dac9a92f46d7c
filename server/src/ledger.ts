/** What the server and the commands both need: checked options, the opened ledger, and the way to Stripe. */

import { readConfig, type BillhookOptions, type Config } from './config.ts';
import { describeCause } from './log.ts';
import { openSqliteStore } from './store/sqlite.ts';
import type { BillingStore } from './store/store.ts';
import { createStripeGateway, StripeFailure, type StripeGateway } from './stripe-gateway.ts';

export interface Ledger {
  readonly config: Config;
  readonly store: BillingStore;
  readonly gateway: StripeGateway;
  close(): Promise<void>;
}

/**
 * Opens the ledger and checks that it belongs to the key's Stripe account: a wrong key would look like "everybody is
 * gone". Stripe being down does not stop the start.
 *
 * @throws {ConfigError} `config_invalid`, with every problem at once.
 * @throws {StoreUnavailableError} `store_unavailable`, when the ledger cannot be opened.
 * @throws {LedgerPinnedError} `ledger_pinned`, when it belongs to another Stripe account or mode.
 * @throws {StripeFailure} `stripe_unauthorized`, when Stripe refuses the key.
 */
export async function openLedger(options: BillhookOptions): Promise<Ledger> {
  const config = await readConfig(options);
  const gateway = gatewayOf(config);
  const store = openSqliteStore(config.database);
  const close = async () => {
    gateway.close();
    await store.close();
  };
  try {
    await store.pin(await gateway.identity());
  } catch (cause) {
    const passing = cause instanceof StripeFailure && cause.passing;
    if (!passing) {
      await close();
      throw cause;
    }
    config.log.warn('stripe.unreachable', { code: cause.code, cause: describeCause(cause) });
  }
  return { config, store, gateway, close };
}

/** The way to Stripe alone, for what needs no ledger. */
export function gatewayOf({ stripe: { apiUrl, timeoutMs, ...keys } }: Config): StripeGateway {
  return createStripeGateway({
    ...keys,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}
