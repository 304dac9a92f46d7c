/** Stripe's errors, in its own words: HTTP-2 to HTTP-8. */

export interface ErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
  readonly doc_url?: string;
  readonly decline_code?: string;
  readonly advice_code?: string;
  readonly network_decline_code?: string;
  readonly charge?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
  setup_intent?: unknown;
}

/** An answer that is an error. `executed` says that the request was carried out, and so is remembered by its idempotency key. */
export class StripeError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly executed: boolean;

  constructor(status: number, body: ErrorBody, executed = false) {
    super(body.message);
    this.name = 'StripeError';
    this.status = status;
    this.body = body.code ? { doc_url: docUrl(body.code), ...body } : body;
    this.executed = executed;
  }
}

const docUrl = (code: string): string => `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;

/** A request that cannot be carried out as it stands. */
export const invalidRequest = (
  message: string,
  detail: { param?: string; code?: string; status?: number } = {},
): StripeError => {
  const { status = 400, ...body } = detail;
  return new StripeError(status, { type: 'invalid_request_error', message, ...body });
};

/** HTTP-2: 404 for an id in the path, 400 naming the field for an id in the body. */
export const noSuch = (what: string, id: string, param = 'id'): StripeError =>
  invalidRequest(`No such ${what}: '${id}'`, { code: 'resource_missing', param, status: param === 'id' ? 404 : 400 });

export const missingParam = (param: string): StripeError =>
  invalidRequest(`Missing required param: ${param}.`, { code: 'parameter_missing', param });

export const unknownParam = (param: string): StripeError =>
  invalidRequest(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param });

/** A card that the bank refused. */
export const cardError = (body: Omit<ErrorBody, 'type'>): StripeError =>
  new StripeError(402, { type: 'card_error', ...body }, true);
