/** Talks to the backend-for-frontend: tokens, time limits, problems, ETag and the server's clock. It knows no state but these. */
import type { Action, BillingSnapshot, OpenedVisit, VisitReturn } from './contract.ts';
import { BillhookError } from './errors.ts';
import { parseSnapshot, parseVisitReturn } from './parse.ts';
import type { TokenSource } from './token-source.ts';

/** An action that the BFF opens; a link is followed without asking. */
export type OpenableAction = Exclude<Action, { via: 'link' }>;

interface Call {
  readonly path: string;
  /** Makes it a POST. */
  readonly body?: object;
  /** Sends the last document's ETag. Read when sending: a token for somebody else drops it. */
  readonly conditional?: boolean;
  /** Seconds for `Prefer: wait`; the time limit grows by them. */
  readonly wait?: number;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A little more than the BFF allows Stripe, so that its own words for a slow Stripe arrive. */
const TIME_LIMIT = 20_000;

export class Bff {
  readonly #base: string;
  readonly #tokens: TokenSource;
  #etag: string | null = null;
  #clockAhead = 0;

  /** @param base the folder that `v1/` is in, ending in a slash */
  constructor(base: string, tokens: TokenSource) {
    this.#base = base;
    this.#tokens = tokens;
  }

  /** The server's time in milliseconds, from its `Date`: a laptop's clock may be a day off. */
  now(): number {
    return Date.now() + this.#clockAhead;
  }

  forgetDocument(): void {
    this.#etag = null;
  }

  /** The snapshot, or `null` when it is still the one that was read last. */
  async billing(wait: number, signal: AbortSignal): Promise<BillingSnapshot | null> {
    const { status, headers, body } = await this.#call({ path: 'billing', conditional: true, wait, signal });
    if (status === 304 && this.#etag !== null) return null;
    const snapshot = parseSnapshot(body);
    this.#etag = headers.get('etag');
    return snapshot;
  }

  async visitReturn(visit: string, wait: number, signal: AbortSignal): Promise<VisitReturn> {
    return parseVisitReturn((await this.#call({ path: 'visits/return', body: { visit }, wait, signal })).body);
  }

  /** Opens the portal, Checkout or the invoice page; each address is made for this one click. */
  async open(
    action: OpenableAction,
    seen: string | null,
    returnUrl: string,
    signal: AbortSignal,
  ): Promise<OpenedVisit> {
    const [path, body] =
      action.via === 'portal'
        ? ['portal-sessions', { ...(action.flow ? { flow: action.flow } : {}), returnUrl, seen }]
        : action.via === 'checkout'
          ? ['checkout-sessions', { offer: action.offer, returnUrl, seen }]
          : ['invoice-sessions', { seen }];
    const opened = (await this.#call({ path, body, signal })).body as Partial<OpenedVisit> | null;
    if (typeof opened?.url !== 'string' || typeof opened.visit !== 'string')
      throw new BillhookError('response_malformed');
    return { url: opened.url, visit: opened.visit };
  }

  async #call(call: Call): Promise<Answer> {
    const token = await this.#tokens.get();
    let answer = await this.#send(call, token);
    if (answer.status === 401) {
      // Once: a host whose tokens are refused gets an honest failure, not an endless loop (polar#6372).
      this.#tokens.refuse(token);
      answer = await this.#send(call, await this.#tokens.get());
    }
    if (answer.status === 304 || (answer.status >= 200 && answer.status < 300)) return answer;
    throw problemOf(answer);
  }

  async #send({ path, body, conditional, wait = 0, signal }: Call, token: string): Promise<Answer> {
    signal.throwIfAborted();
    const subject = this.#tokens.subject;
    const limit = new AbortController();
    const stop = () => limit.abort();
    signal.addEventListener('abort', stop);
    const timer = setTimeout(stop, TIME_LIMIT + wait * 1000);
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body) headers['content-type'] = 'application/json';
    if (conditional && this.#etag) headers['if-none-match'] = this.#etag;
    if (wait) headers['prefer'] = `wait=${wait}`;
    try {
      const sentAt = Date.now();
      const response = await fetch(`${this.#base}v1/${path}`, {
        method: body ? 'POST' : 'GET',
        headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
        signal: limit.signal,
      });
      // The body is read under the same limit: a server that stops half-way must not hang the page.
      const text = await response.text();
      this.#readClock(response.headers, wait ? Date.now() : sentAt);
      if (this.#tokens.subject !== subject) throw new DOMException('Answered for another account', 'AbortError');
      return { status: response.status, headers: response.headers, body: text ? jsonOf(text) : null };
    } catch (error) {
      if (signal.aborted || this.#tokens.subject !== subject) throw error;
      if (limit.signal.aborted) throw new BillhookError('timed_out');
      throw new BillhookError(navigator.onLine ? 'unreachable' : 'offline', { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  #readClock(headers: Headers, at: number): void {
    const date = Date.parse(headers.get('date') ?? '');
    // `Date` has whole seconds: a smaller difference says nothing.
    if (!Number.isNaN(date)) this.#clockAhead = Math.abs(date - at) > 2000 ? date - at : 0;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's page: judged by its status, or refused by the parser
  }
}

function problemOf({ status, headers, body }: Answer): BillhookError {
  const code = (body as { code?: unknown } | null)?.code;
  const after = headers.get('retry-after') ?? '';
  const seconds = /^\d+$/.test(after) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
  return new BillhookError(typeof code === 'string' ? code : status >= 500 ? 'unreachable' : 'response_malformed', {
    status,
    retryAfter: seconds > 0 ? Math.min(seconds, 600) * 1000 : 0,
  });
}
