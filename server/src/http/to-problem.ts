/** Any thrown value as a problem: this is answered and counted, its cause is only logged. */

import type { ProblemCode } from '@billhook/widget/contract';
import { CodedError, codeOf, type ErrorCode, type InnerCode } from '../coded-error.ts';
import { BillhookError } from '../problem.ts';

/** The problem that a code of the server's own becomes. */
const problemFor: Record<InnerCode, ProblemCode> = {
  budget_spent: 'stripe_rate_limited',
  config_invalid: 'internal',
  event_malformed: 'body_malformed',
  lease_lost: 'internal',
  ledger_pinned: 'internal',
  on_change_failed: 'internal',
  on_change_timeout: 'internal',
  stripe_object_malformed: 'internal',
  stripe_unauthorized: 'stripe_rejected',
  webhook_redirected: 'internal',
  webhook_refused: 'internal',
  webhook_timeout: 'internal',
  webhook_unreachable: 'internal',
};

/** Seconds after which a further try makes sense, where the failure underneath does not say. */
const retryAfterSeconds: Partial<Record<ProblemCode, number>> = {
  stripe_rate_limited: 2,
  stripe_unavailable: 2,
  store_unavailable: 5,
};

/** `internal` for an error without a code. */
export function toProblemError(cause: unknown): BillhookError {
  if (cause instanceof BillhookError) return cause;
  const inner = codeOf(cause);
  const code = isInner(inner) ? problemFor[inner] : inner;
  const seconds = retryAfterSeconds[code];
  if (seconds === undefined) return new BillhookError(code, { cause });
  const retryAfterMs = cause instanceof CodedError ? cause.retryAfterMs : null;
  const retryAfter = retryAfterMs === null ? seconds : Math.ceil(retryAfterMs / 1000);
  return new BillhookError(code, { cause, retryAfter });
}

const isInner = (code: ErrorCode): code is InnerCode => Object.hasOwn(problemFor, code);
