/**
 * The widget token: fetched just before a request when it is about to expire, and once when it was refused; never on a
 * timer, because a page left open would keep a session alive that the person thinks is over.
 */
import { BillhookError, SignedOut } from './errors.ts';

export interface TokenRequest {
  /** The element's `account` attribute. */
  readonly account: string | null;
  readonly signal: AbortSignal;
}

/** The host's way to a token; `null` says that nobody is signed in. */
export type GetToken = (request: TokenRequest) => Promise<string | null> | string | null;

/** A token this close to its end is not sent any more: it would expire on its way. */
const MARGIN = 30_000;
const TIME_LIMIT = 10_000;

export class TokenSource {
  readonly #fetchToken: (signal: AbortSignal) => Promise<string | null>;
  readonly #now: () => number;
  readonly #onSubject: () => void;
  #token: string | null = null;
  #expiresAt = 0;
  #pending: Promise<string> | null = null;
  #subject: string | null = null;
  #limit: AbortController | null = null;

  /**
   * @param now the server's clock in milliseconds: `exp` is only used to schedule, and a wrong clock here must not
   * fetch a token for every request
   * @param onSubject called when a token belongs to somebody else than the one before it
   */
  constructor(fetchToken: (signal: AbortSignal) => Promise<string | null>, now: () => number, onSubject: () => void) {
    this.#fetchToken = fetchToken;
    this.#now = now;
    this.#onSubject = onSubject;
  }

  /** Who the last token speaks for, so that an answer to somebody else's token is not shown. */
  get subject(): string | null {
    return this.#subject;
  }

  /** @throws SignedOut, BillhookError `token_unavailable`, `token_source_missing` */
  get(): Promise<string> {
    if (this.#token !== null && this.#now() < this.#expiresAt - MARGIN) return Promise.resolve(this.#token);
    if (this.#pending) return this.#pending;
    // Shared by everybody who asks meanwhile; gone when settled, so a rejection is never kept.
    const pending = this.#renew().finally(() => {
      if (this.#pending === pending) this.#pending = null;
    });
    return (this.#pending = pending);
  }

  /** Nobody needs a token any more. */
  abort(): void {
    this.#limit?.abort();
    this.#pending = null;
  }

  /** The BFF refused this token; the next `get` brings another, unless somebody else already has. */
  refuse(token: string): void {
    if (this.#token === token) this.#token = null;
  }

  async #renew(): Promise<string> {
    const limit = (this.#limit = new AbortController());
    const timer = setTimeout(() => limit.abort(), TIME_LIMIT);
    try {
      const token = await Promise.race([
        this.#fetchToken(limit.signal),
        new Promise<never>((_, reject) =>
          limit.signal.addEventListener('abort', () => reject(new BillhookError('timed_out'))),
        ),
      ]);
      if (token === null) throw new SignedOut();
      const { iss, sub, exp } = claimsOf(token);
      const subject = `${iss} ${sub}`;
      const other = this.#subject !== null && this.#subject !== subject;
      this.#token = token;
      this.#expiresAt = typeof exp === 'number' ? exp * 1000 : 0;
      this.#subject = subject;
      if (other) this.#onSubject();
      return token;
    } catch (error) {
      if (error instanceof SignedOut || error instanceof BillhookError) throw error;
      throw new BillhookError(navigator.onLine ? 'token_unavailable' : 'offline', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * `GET token-url` → `{ token }`. 401, 403 and a redirect (to a sign-in page) say that nobody is signed in.
 *
 * @throws SignedOut, BillhookError `token_unavailable`
 */
export async function fetchToken(
  url: string,
  credentials: 'same-origin' | 'include',
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(url, {
    cache: 'no-store',
    credentials,
    redirect: 'manual',
    headers: { accept: 'application/json' },
    signal,
  });
  const { status } = response;
  if (status === 401 || status === 403 || response.type === 'opaqueredirect') throw new SignedOut();
  const body = response.ok ? ((await response.json()) as { token?: unknown } | null) : null;
  if (typeof body?.token !== 'string')
    throw new BillhookError('token_unavailable', { status: response.ok ? 0 : status });
  return body.token;
}

/** Reads the payload without checking it: the BFF does that. An unreadable token is sent as it is, and refused there. */
function claimsOf(token: string): { iss?: unknown; sub?: unknown; exp?: unknown } {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}
