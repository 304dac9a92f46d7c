/** @billhook/server: importing it reads no environment and opens nothing. */

export { createBillhook, type Billhook } from './billhook.ts';
export { ConfigError, type BillhookOptions } from './config.ts';
export type { Log, LogFields } from './log.ts';
export { LedgerPinnedError, StoreUnavailableError } from './store/store.ts';
export { mintWidgetToken, type MintOptions, type Scope } from './widget-token.ts';
