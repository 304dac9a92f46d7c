/** @billhook/host: for a host's own backend. Importing it reads no environment and opens nothing. */

export { createBillhookHost, type BillhookHost, type BillhookHostOptions } from './host.ts';
export { lazyBillhookHost } from './lazy-host.ts';
export { mintWidgetToken, type MintOptions, type TokenContents } from '../../src/tokens/mint.ts';
export { verifyNotice, type HostNotice, type NoticeDelivery, type VerifyNoticeOptions } from './notice.ts';
export type { NoticeData, NoticeType } from '../../src/billing/notice-types.ts';
export type { Decision, GuardRule, Refusal, RefusalCode } from './guard.ts';
export type { AccountOf, Guard } from './guarded.ts';
export { BillhookHostError, BillhookOptionError, type HostErrorCode, type OptionErrorCode } from './errors.ts';
export type { PublicAlgorithm, SigningKey } from '../../src/tokens/signing-key.ts';
export {
  accountMust,
  canonicalAudience,
  canonicalSecret,
  customerMust,
  isAccount,
  isCustomer,
  maxTokenLife,
  scopes,
  tokenType,
  type Scope,
} from '../../src/tokens/claims.ts';
export type {
  Access,
  AccessAnswer,
  AccessItem,
  AccessLevel,
  AccessPlan,
  BillingState,
  ConfirmedBy,
  Problem,
} from './contract.ts';
