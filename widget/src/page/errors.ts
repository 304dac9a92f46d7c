import type { ProblemCode } from '../contract.ts';

/** Failures on the page itself, beside the BFF's own problems. */
export type WidgetErrorCode =
  | ProblemCode
  /** The browser says that it has no network. */
  | 'offline'
  /** No answer from the BFF: down, blocked by CSP or CORS, or the network failed. */
  | 'unreachable'
  | 'timed_out'
  /** An answer that is neither a known document nor a problem: a proxy's error page, half a body. */
  | 'response_malformed'
  /** The host's token address failed with a 5xx or no answer, or `getToken` threw. */
  | 'token_unavailable'
  /** Neither `token-url` nor `getToken` was given. */
  | 'token_source_missing'
  /** No address of a BFF: an npm page must set `api`. */
  | 'api_missing'
  /** An `api` attribute names another BFF than the script's or one that `configureBillhook` was given. */
  | 'api_not_allowed'
  /** A `token-url` on another origin than the page's, which `configureBillhook` was not given. */
  | 'token_url_not_allowed'
  /** The page stands in a frame without an origin of its own, where nothing can be opened or come back. */
  | 'unsupported_frame'
  /** An address to follow that is neither https nor loopback. */
  | 'address_refused'
  /** Another script defined an element under one of our names. */
  | 'element_name_taken'
  | 'render_failed';

/**
 * Status and code, one behind the other, of failures that pass by themselves. Not `portal_not_configured`, `stripe_rejected`
 * and `stripe_customer_missing`: Stripe answered, and will answer the same again.
 */
const passing = /^(408|429|5(?!02(portal|stripe_[rc]))|0(offline|unreach|timed_|token_un|response))/;

/** The page is only older than the billing. A 404 without a code is another server's, and `not_found` of another address. */
const outdated = /^40[49]([^un]|no_)/;

/** A failure with its stable `code`. Branch on the code, never on the message. */
export class BillhookError extends Error {
  declare readonly code: WidgetErrorCode | (string & {});
  /** The HTTP status, or 0 where there was no answer. */
  declare readonly status: number;
  /** `Retry-After` of the server, in milliseconds; 0 without one. */
  declare readonly retryAfter: number;

  /** Worth asking again by itself: no answer, a proxy's, a trouble of the server's own, or too many requests. */
  declare readonly transient: boolean;
  /** The host's developer is told in the console: the page, the server or its Stripe account may not be set up as it must be. */
  declare readonly setUp: boolean;

  /** @param cause - the error underneath, or the server's words for the host's developer */
  constructor(code: WidgetErrorCode | (string & {}), status = 0, retryAfter = 0, cause?: unknown) {
    super(code, { cause });
    const transient = passing.test(status + code);
    const setUp = status ? !(transient || outdated.test(status + code)) : code !== 'offline';
    Object.assign(this, { code, status, retryAfter, transient, setUp });
  }
}

/** Any other error came of an answer that was not understood. */
export const asFailure = (error: unknown): BillhookError =>
  error instanceof BillhookError ? error : new BillhookError('response_malformed', 0, 0, error);

/** The host's answer for a signed-out person. A state, not an error: the widget shows nothing. */
export class SignedOut extends Error {}
