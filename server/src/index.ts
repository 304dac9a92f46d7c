/** @billhook/server: importing it reads no environment and opens nothing. */

export { createBillhook, type Billhook } from './billhook.ts';
export { ConfigError, type BillhookOptions } from './config/config.ts';
export type { PortalCondition, PortalRule, PortalView } from './billing/judge/portal.ts';
export type { Log, LogFields } from './log.ts';
export type { Notice, NoticeData, NoticeType } from './billing/notices.ts';
export { LedgerPinnedError, StoreUnavailableError } from './ledger/ledger.ts';
export { mintWidgetToken, type MintOptions, type SigningKey, type TokenContents } from './tokens/mint.ts';
export { BillhookError } from './problem.ts';
export type { GivenPublicKey, PublicAlgorithm } from './tokens/keys.ts';
export { verifyWidgetToken, type Scope, type VerifyOptions, type WidgetClaims } from './tokens/verify.ts';
