/** The base of every error that the server throws on purpose: a stable code to branch on, count, log and keep. */

import type { ProblemCode } from '@billhook/widget/contract';

/** Codes that stay in the server. `http/to-problem.ts` says which problem each becomes on the wire. */
export type InnerCode =
  | 'budget_spent'
  | 'config_invalid'
  | 'event_malformed'
  | 'lease_lost'
  | 'ledger_pinned'
  | 'on_change_failed'
  | 'on_change_timeout'
  | 'stripe_object_malformed'
  | 'stripe_unauthorized'
  | 'webhook_redirected'
  | 'webhook_refused'
  | 'webhook_timeout'
  | 'webhook_unreachable';

export type ErrorCode = InnerCode | ProblemCode;

export interface CodedErrorOptions {
  /** It passes by itself: another try soon makes sense. Default: `false`. */
  readonly transient?: boolean;
  /** Milliseconds before which another try is unwelcome. Default: `null`, unknown. */
  readonly retryAfterMs?: number | null;
  /** The failure underneath; logged, never sent. */
  readonly cause?: unknown;
}

/**
 * An error with a code. Nothing branches on its message.
 *
 * @example
 * ```ts
 * export class LedgerPinnedError extends CodedError<'ledger_pinned'> {
 *   override readonly name = 'LedgerPinnedError';
 * }
 * ```
 */
export class CodedError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly transient: boolean;
  readonly retryAfterMs: number | null;

  constructor(code: Code, message: string, { transient = false, retryAfterMs = null, cause }: CodedErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.transient = transient;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The code that is logged, counted and kept beside a row; `internal` for an error without one. */
export function codeOf(cause: unknown): ErrorCode {
  return cause instanceof CodedError ? cause.code : 'internal';
}
