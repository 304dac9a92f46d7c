/** @billhook/server: importing it reads no environment and opens nothing. */

export { createBillhook, type Billhook } from './billhook.ts';
export { ConfigError, type BillhookOptions } from './config.ts';
export type { PortalCondition, PortalRule, PortalView } from './judge/portal.ts';
export type { Log, LogFields } from './log.ts';
export type { Notice, NoticeData, NoticeType } from './notices.ts';
export { LedgerPinnedError, StoreUnavailableError } from './store/store.ts';
export { mintWidgetToken, type MintOptions, type SigningKey, type TokenContents } from './mint-token.ts';
export { BillhookError } from './problem.ts';
export type { GivenPublicKey, PublicAlgorithm } from './token-keys.ts';
export { verifyWidgetToken, type Scope, type VerifyOptions, type WidgetClaims } from './widget-token.ts';
