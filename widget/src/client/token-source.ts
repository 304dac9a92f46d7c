/**
 * The widget token: fetched just before a request when it is about to expire, once when it was refused, and where another
 * person may be at the page by now; never on a timer, because a page left open would keep a session alive that the person
 * thinks is over.
 */
import { BillhookError, SignedOut } from '../page/errors.ts';
import { claimsOf } from './token-from-host.ts';

export interface TokenSource {
  /** @throws SignedOut, BillhookError `token_unavailable`, `token_source_missing`, `token_url_not_allowed` */
  get(): Promise<string>;
  /** The BFF refused this token; the next `get` brings another, unless one has come already. */
  refuse(token: string): void;
  /** The next `get` asks the host anew: a token is of the person signed in when it was made. */
  expire(): void;
  /** No request needs a token any more. */
  abort(): void;
}

/** A token this close to its end is not sent any more: it would expire on its way. */
const expiryMargin = 30_000;
const timeLimit = 10_000;

/**
 * @param now - the server's clock in milliseconds: `exp` is only used to schedule, and a wrong clock here must not fetch a
 * token for every request
 * @param onSubject - called when a token speaks for another account than the one before it, before it is sent
 */
export function createTokenSource(
  ask: (signal: AbortSignal) => Promise<string>,
  now: () => number,
  onSubject: () => void,
): TokenSource {
  let current: string | null = null;
  let expiresAt = 0;
  let subject: string | undefined;
  let pending: Promise<string> | null = null;
  let limit: AbortController | undefined;

  async function renew(): Promise<string> {
    const { signal } = (limit = new AbortController());
    const timer = setTimeout(abort, timeLimit);
    try {
      // Raced, because a `getToken` that never answers must not load for ever.
      const token = await Promise.race([
        ask(signal),
        new Promise<never>((_, reject) => signal.addEventListener('abort', reject)),
      ]);
      signal.throwIfAborted();
      const { iss, sub, exp } = claimsOf(token) ?? {};
      const before = subject;
      subject = `${iss} ${sub}`;
      current = token;
      expiresAt = Number(exp) * 1000;
      if (before !== undefined && before !== subject) onSubject();
      return token;
    } catch (cause) {
      if (cause instanceof SignedOut || cause instanceof BillhookError) throw cause;
      throw new BillhookError(navigator.onLine ? 'token_unavailable' : 'offline', 0, 0, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  function abort(): void {
    limit?.abort();
    pending = null;
  }

  return {
    get() {
      if (current !== null && now() < expiresAt - expiryMargin) return Promise.resolve(current);
      if (!pending) {
        // Shared by all requests meanwhile; gone when settled, so a rejection is never kept.
        const mine = (pending = renew().finally(() => {
          if (pending === mine) pending = null;
        }));
      }
      return pending;
    },
    refuse(token) {
      if (current === token) current = null;
    },
    expire() {
      abort();
      current = null;
    },
    abort,
  };
}
