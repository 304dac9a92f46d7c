/** Talks to the backend-for-frontend: tokens, time limits, problems, ETag and the server's clock. It knows no state but these. */
import type {
  Action,
  BillingSnapshot,
  CheckoutSessionRequest,
  InvoiceSessionRequest,
  OpenedVisit,
  PortalSessionRequest,
  VisitReturn,
  VisitReturnRequest,
} from '../contract.ts';
import { BillhookError } from '../page/errors.ts';
import { parseSnapshot, parseVisitReturn } from './parse.ts';
import type { TokenSource } from './token-source.ts';

/** An action that the BFF opens; a link is followed without asking. */
export type OpenableAction = Exclude<Action, { via: 'link' }>;

export interface Api {
  /** The server's time in milliseconds, from its `Date`: a laptop's clock may be a day off. */
  now(): number;
  /** Drops the ETag: the next read brings the whole document. */
  forgetDocument(): void;
  /** The snapshot, or `null` when it is still the one that was read last. `wait`: seconds the answer may be held. */
  billing(wait: number, signal: AbortSignal): Promise<BillingSnapshot | null>;
  visitReturn(visit: string, wait: number, signal: AbortSignal): Promise<VisitReturn>;
  /** Opens the portal, Checkout or the invoice page; each address is made for this one click. */
  open(
    action: OpenableAction,
    seen: string | null,
    locale: string | undefined,
    signal: AbortSignal,
  ): Promise<OpenedVisit>;
}

/** A little more than the BFF allows Stripe, so that its own words for a slow Stripe arrive. */
const timeLimit = 20_000;

/** @param base - the folder that `v1/` is in, ending in a slash */
export function createApi(base: string, tokens: TokenSource): Api {
  let etag: string | null = null;
  let clockAhead = 0;

  async function call(...request: [path: string, body: object | null, wait: number, signal: AbortSignal]) {
    const token = await tokens.get();
    let answer = await send(token, ...request);
    if (answer.status === 401) {
      // Once: the tokens of a misconfigured host fail honestly, not an endless loop (polar#6372).
      tokens.refuse(token);
      answer = await send(await tokens.get(), ...request);
    }
    const { status, headers } = answer;
    if (status < 300 || status === 304) return answer;
    const { code, detail } = (answer.body ?? {}) as { code?: unknown; detail?: unknown };
    const after = headers.get('retry-after') ?? '';
    // In seconds, or as a date by the server's clock.
    const retryAfter = Number(after) * 1000 || Date.parse(after) - Date.now() - clockAhead || 0;
    throw new BillhookError(`${code ?? 'unreachable'}`, status, retryAfter, detail);
  }

  async function send(token: string, path: string, body: object | null, wait: number, signal: AbortSignal) {
    signal.throwIfAborted();
    const limit = new AbortController();
    const stop = () => limit.abort();
    signal.addEventListener('abort', stop);
    const timer = setTimeout(stop, timeLimit + wait * 1000);
    try {
      const response = await fetch(`${base}v1/${path}`, {
        method: body ? 'POST' : 'GET',
        headers: {
          authorization: `Bearer ${token}`,
          ...(body ? { 'content-type': 'application/json' } : etag && { 'if-none-match': etag }),
          ...(wait && { prefer: `wait=${wait}` }),
        },
        body: body && JSON.stringify(body),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal: limit.signal,
      });
      const { status, headers } = response;
      // The body is read under the same limit: a server that stops half-way must not hang the page. A 304 has none, and a
      // proxy's page is judged by its status, or refused by the parser.
      const json: unknown = await response.json().catch(() => {});
      limit.signal.throwIfAborted();
      const ahead = Date.parse(headers.get('date') ?? '') - Date.now();
      // `Date` has whole seconds: a smaller difference says nothing.
      clockAhead = Math.abs(ahead) > 2000 ? ahead : 0;
      return { status, headers, body: json };
    } catch (cause) {
      // Overtaken by another request, or by a sign-in to another account.
      if (!signal.aborted) {
        const code = limit.signal.aborted ? 'timed_out' : navigator.onLine ? 'unreachable' : 'offline';
        throw new BillhookError(code, 0, 0, cause);
      }
    } finally {
      clearTimeout(timer);
    }
    throw new DOMException('', 'AbortError');
  }

  return {
    now: () => Date.now() + clockAhead,
    forgetDocument: () => (etag = null),
    async billing(wait, signal) {
      const { status, headers, body } = await call('billing', null, wait, signal);
      if (status === 304 && etag !== null) return null;
      const snapshot = parseSnapshot(body);
      etag = headers.get('etag');
      return snapshot;
    },
    async visitReturn(visit, wait, signal) {
      const { body } = await call('visits/return', { visit } satisfies VisitReturnRequest, wait, signal);
      return parseVisitReturn(body);
    },
    async open(action, seen, locale, signal) {
      const body = requestFor(action, seen, locale);
      return (await call(`${action.via}-sessions`, body, 0, signal)).body as OpenedVisit;
    },
  };
}

/** The body of the request that opens an action's page. */
function requestFor(action: OpenableAction, seen: string | null, locale: string | undefined): object {
  if (action.via === 'invoice') return { seen } satisfies InvoiceSessionRequest;
  const page = { returnUrl: location.href, ...(locale && { locale }), seen };
  return action.via === 'portal'
    ? ({ ...page, ...(action.flow && { flow: action.flow }) } satisfies PortalSessionRequest)
    : ({ ...page, offer: action.offer } satisfies CheckoutSessionRequest);
}
