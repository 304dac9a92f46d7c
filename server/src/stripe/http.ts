/** The one door that every request to Stripe goes through: admitted by the budget, ended with its errand, and counted. */

import { Stripe } from 'stripe';
import { currentContext, type RequestBudget, type Priority } from './request-budget.ts';

type SdkHttpClient = ReturnType<typeof Stripe.createFetchHttpClient>;

export interface StripeHttpOptions {
  readonly send: typeof globalThis.fetch;
  /** Ends everything that is under way. */
  readonly closing: AbortSignal;
  /** `null`: no limit but Stripe's own. */
  readonly budget: Pick<RequestBudget, 'acquire' | 'backOff'> | null;
  /** @param status - `null`: no answer came */
  readonly onAnswer: (priority: Priority, status: number | null) => void;
}

/** Stripe does not say how long to wait; a second fills its budget as it fills ours. */
const defaultPatienceMs = 1_000;

/** The SDK's client with the budget before it. The SDK's own time limit runs from when the request is sent. */
export function stripeHttp({ send, closing, budget, onAnswer }: StripeHttpOptions): SdkHttpClient {
  const client = Stripe.createFetchHttpClient((url: string | URL | Request, init?: RequestInit) => {
    const { signal } = currentContext();
    const signals = [closing, signal, init?.signal].filter((each) => each != null);
    return send(url, { ...init, signal: AbortSignal.any(signals) });
  });
  return {
    getClientName: () => client.getClientName(),
    async makeRequest(...request: Parameters<SdkHttpClient['makeRequest']>) {
      const context = currentContext();
      await budget?.acquire(context);
      try {
        const response = await client.makeRequest(...request);
        const status = response.getStatusCode();
        onAnswer(context.priority, status);
        const patience = status === 429 ? patienceMs(response.getHeaders()) : null;
        if (patience !== null) budget?.backOff(patience);
        return response;
      } catch (cause) {
        onAnswer(context.priority, null);
        throw cause;
      }
    },
  };
}

/**
 * For how long Stripe wants to be asked less; `null` when only one object was busy.
 *
 * @see {@link https://docs.stripe.com/rate-limits Stripe: a lock's 429 comes without `Stripe-Rate-Limited-Reason`}
 */
function patienceMs(headers: Readonly<Record<string, unknown>>): number | null {
  const asked = retryAfterMs(headers);
  if (asked !== null) return asked;
  return headers['stripe-rate-limited-reason'] === undefined ? null : defaultPatienceMs;
}

/** `Retry-After` in milliseconds, said in seconds or as a date (RFC 9110, section 10.2.3); `null` when it is not said. */
export function retryAfterMs(headers: Readonly<Record<string, unknown>> | undefined): number | null {
  const said = headers?.['retry-after'];
  if (typeof said !== 'string' || said === '') return null;
  const milliseconds = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - Date.now();
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : null;
}
