/** Which problem an error of the server becomes, and when it asks to be tried again. */

import { describe, expect, it } from 'vitest';
import { CodedError } from '../../../server/src/coded-error.ts';
import { toProblemError } from '../../../server/src/http/to-problem.ts';
import { LedgerPinnedError, StoreUnavailableError } from '../../../server/src/ledger/errors.ts';
import { BillhookError } from '../../../server/src/problem.ts';
import { NotAnEventError } from '../../../server/src/stripe/event.ts';
import { StripeObjectMalformed } from '../../../server/src/stripe/facts/json.ts';
import { StripeFailure } from '../../../server/src/stripe/failure.ts';

describe('an error becomes the problem', () => {
  it.each<[string, unknown, number | undefined]>([
    ['stripe_unavailable', new StripeFailure('stripe_unavailable', null), 2],
    ['stripe_rate_limited', new StripeFailure('stripe_rate_limited', null), 2],
    ['stripe_rate_limited', new CodedError('stripe_rate_limited', 'wait', { retryAfterMs: 4_100 }), 5],
    ['stripe_rejected', new StripeFailure('stripe_rejected', null), undefined],
    ['stripe_rejected', new CodedError('stripe_rejected', 'no', { retryAfterMs: 4_100 }), undefined],
    ['stripe_rejected', new StripeFailure('stripe_unauthorized', null), undefined],
    ['portal_not_configured', new StripeFailure('portal_not_configured', null), undefined],
    ['body_malformed', new NotAnEventError('no id'), undefined],
    ['store_unavailable', new StoreUnavailableError('locked'), 5],
    ['internal', new StripeObjectMalformed('customer', 'id'), undefined],
    ['internal', new LedgerPinnedError('another'), undefined],
    ['internal', new TypeError('x'), undefined],
    ['internal', 'text', undefined],
  ])('%s: %s', (code, cause, retryAfter) => {
    const problem = toProblemError(cause);
    expect({ code: problem.code, retryAfter: problem.retryAfter }).toEqual({ code, retryAfter });
    expect(problem.cause).toBe(cause);
  });

  it('that it already is', () => {
    const problem = new BillhookError('rate_limited', { retryAfter: 7 });
    expect(toProblemError(problem)).toBe(problem);
    expect(problem).toMatchObject({ transient: true, retryAfterMs: 7_000 });
  });
});
