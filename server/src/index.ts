/** @billhook/server: importing it reads no environment and opens nothing. */

export { createBillhook, lazyBillhook, type Billhook } from './billhook.ts';
export type { AccountName } from './http/host-calls.ts';
export { ConfigError, type BillhookOptions, type CustomerDetails } from './config/config.ts';
export type { Log, LogFields } from './log.ts';
export { mintWidgetToken, type MintOptions, type TokenContents } from './tokens/mint.ts';
export type { PublicAlgorithm, SigningKey } from './tokens/signing-key.ts';
export { BillhookOptionError, type OptionErrorCode } from './tokens/option-error.ts';
export { BillhookError } from './problem.ts';
export type { GivenPublicKey } from './tokens/keys.ts';
export type { Scope } from './tokens/claims.ts';
export { verifyWidgetToken, type VerifyOptions, type WidgetClaims } from './tokens/verify.ts';
export { LedgerPinnedError } from './ledger/errors.ts';
export { StoreUnavailableError } from './ledger/errors.ts';
export type { PortalCondition } from './billing/policy.ts';
export type { PortalView } from './billing/policy.ts';
export type { PortalRule } from './billing/policy.ts';
export type { NoticeData } from './billing/notice-types.ts';
export type { NoticeType } from './billing/notice-types.ts';
export type { Notice } from './billing/notice-types.ts';
