/**
 * Every error that leaves the BFF: RFC 9457 problem documents with a stable code. Causes go to the log, codes and words
 * for a person go to the wire; no cause, no Stripe id and no stack ever does.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 */

import type { Problem, ProblemCode } from '@billhook/widget/contract';
import { CodedError } from './coded-error.ts';

type Known = { readonly status: number; readonly title: string; readonly detail: string };

/** Each code's status and words; the wire carries them unless the error brings better ones. */
const problemTexts: Record<ProblemCode, Known> = {
  token_missing: {
    status: 401,
    title: 'No widget token',
    detail: 'Send the widget token as "Authorization: Bearer …".',
  },
  token_malformed: {
    status: 401,
    title: 'Widget token malformed',
    detail: 'The widget token is not a signed JWT with the claims that Billhook needs.',
  },
  token_invalid: {
    status: 401,
    title: 'Widget token refused',
    detail: 'The widget token’s signature or type does not match the keys configured for its issuer.',
  },
  token_expired: {
    status: 401,
    title: 'Widget token expired',
    detail:
      'The widget token is past its time; mint a new one. Where it is new, the clock of the machine that made it is behind.',
  },
  token_issuer_unknown: {
    status: 401,
    title: 'Unknown issuer',
    detail: 'The widget token’s issuer is not a host of this server.',
  },
  token_audience_wrong: {
    status: 401,
    title: 'Wrong audience',
    detail: 'The widget token was minted for another server.',
  },
  token_keys_unavailable: {
    status: 503,
    title: 'Keys cannot be reached',
    detail:
      'The host’s keys cannot be read just now, so the widget token could not be checked. Please try again in a moment.',
  },
  scope_missing: { status: 403, title: 'Not allowed', detail: 'The widget token’s scope does not include this.' },
  origin_not_allowed: {
    status: 403,
    title: 'Origin not allowed',
    detail: 'This page’s origin is not one of the host’s configured origins.',
  },
  return_url_not_allowed: {
    status: 400,
    title: 'Return address not allowed',
    detail: 'returnUrl must lie on one of the host’s configured origins.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    detail: 'The request’s body is larger than this address accepts.',
  },
  body_malformed: {
    status: 400,
    title: 'Body malformed',
    detail: 'The request’s body is not the JSON object that this address expects.',
  },
  body_consumed: {
    status: 500,
    title: 'Body consumed',
    detail:
      'The request’s body was consumed before Billhook: mount it before express.json(), or whatever else reads bodies. A webhook’s signature is over its bytes.',
  },
  field_invalid: {
    status: 400,
    title: 'Field invalid',
    detail: 'A field of the request is missing, unknown or of the wrong form.',
  },
  no_customer: {
    status: 404,
    title: 'Nothing to manage',
    detail: 'This account has never bought anything, so there is no billing to manage yet.',
  },
  no_open_invoice: { status: 404, title: 'Nothing to pay', detail: 'There is no open invoice to pay or confirm.' },
  subscription_exists: {
    status: 409,
    title: 'Already subscribed',
    detail: 'This account already has a subscription. Change it in the billing portal instead of buying a second one.',
  },
  checkout_busy: {
    status: 409,
    title: 'Another purchase is being opened',
    detail: 'Another tab is opening a purchase for this account. Please try again in a moment.',
  },
  offer_unavailable: {
    status: 409,
    title: 'Not sold any more',
    detail: 'This plan is not sold to the account any more.',
  },
  visit_not_found: { status: 404, title: 'Visit not found', detail: 'This visit is unknown or over.' },
  introduction_refused: {
    status: 403,
    title: 'Customer refused',
    detail: 'The customer that the token introduces cannot be linked to this account.',
  },
  portal_not_configured: {
    status: 502,
    title: 'Portal not set up',
    detail:
      'The portal configuration that this server uses is not there at Stripe, or is switched off. "billhook setup" makes it.',
  },
  portal_flow_unavailable: {
    status: 409,
    title: 'Not possible here',
    detail: 'This cannot be done directly for the account as it is; open the portal instead.',
  },
  stripe_customer_missing: {
    status: 502,
    title: 'Customer not found at Stripe',
    detail:
      'Stripe does not know this account’s customer. A test key with a live customer, or the other way round, is the usual cause.',
  },
  stripe_unavailable: {
    status: 503,
    title: 'Stripe cannot be reached',
    detail: 'Stripe cannot be reached just now. Please try again in a moment.',
  },
  stripe_rate_limited: {
    status: 503,
    title: 'Too many requests to Stripe',
    detail: 'Stripe asks for patience. Please try again in a moment.',
  },
  stripe_rejected: {
    status: 502,
    title: 'Stripe refused',
    detail: 'Stripe refused the request. The server’s log says why.',
  },
  webhook_signature_invalid: {
    status: 400,
    title: 'Signature invalid',
    detail: 'No configured webhook secret matches the Stripe-Signature header, or it is too old.',
  },
  webhook_livemode_mismatch: {
    status: 400,
    title: 'Wrong mode',
    detail: 'The event’s livemode differs from the mode of this server’s Stripe key.',
  },
  store_unavailable: {
    status: 503,
    title: 'Storage unavailable',
    detail: 'The ledger cannot be read or written just now. Nothing was changed.',
  },
  rate_limited: { status: 429, title: 'Too many requests', detail: 'Too many requests. Please wait a moment.' },
  not_found: { status: 404, title: 'Not found', detail: 'There is nothing at this address.' },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'This address does not answer to this method.',
  },
  stopping: { status: 503, title: 'Restarting', detail: 'The server is restarting. Please try again in a moment.' },
  internal: {
    status: 500,
    title: 'Something went wrong',
    detail: 'Something went wrong on the server. It has been noted.',
  },
};

/** The names in a refused token: of a stranger too, for nothing has proved them. */
export interface ClaimedNames {
  readonly issuer: string;
  readonly audience?: string;
}

export interface BillhookErrorOptions {
  /** Words for a person, in place of the code's own. */
  readonly detail?: string;
  /** The field that is meant, for `field_invalid`. */
  readonly field?: string;
  /** Seconds after which a further try makes sense. */
  readonly retryAfter?: number;
  /** The origin that is meant; logged, never sent. */
  readonly origin?: string | undefined;
  /** Of the token that is refused; logged, never sent. */
  readonly claimed?: ClaimedNames | undefined;
  /** The failure underneath; logged, never sent. */
  readonly cause?: unknown;
}

/**
 * An error with a stable code, thrown anywhere between auth and answer and turned into a problem document by `app.ts`.
 *
 * @example
 * ```ts
 * throw new BillhookError('field_invalid', { field: 'flow', detail: 'flow must be one of …' });
 * ```
 */
export class BillhookError extends CodedError<ProblemCode> {
  override readonly name = 'BillhookError';
  readonly field: string | undefined;
  /** Seconds; the header of the same name. */
  readonly retryAfter: number | undefined;
  /** For the log. */
  readonly origin: string | undefined;
  /** For the log. */
  readonly claimed: ClaimedNames | undefined;

  constructor(code: ProblemCode, { detail, field, retryAfter, origin, claimed, cause }: BillhookErrorOptions = {}) {
    super(code, detail ?? problemTexts[code].detail, {
      transient: retryAfter !== undefined,
      retryAfterMs: retryAfter === undefined ? null : retryAfter * 1000,
      cause,
    });
    this.field = field;
    this.retryAfter = retryAfter;
    this.origin = origin;
    this.claimed = claimed;
  }

  get status(): number {
    return problemTexts[this.code].status;
  }

  /** The document for the wire. */
  toProblem(): Problem {
    const { status, title } = problemTexts[this.code];
    return {
      type: 'about:blank',
      title,
      status,
      detail: this.message,
      code: this.code,
      ...(this.field === undefined ? {} : { field: this.field }),
    };
  }
}
