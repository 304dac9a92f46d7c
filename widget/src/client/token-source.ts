/**
 * The widget token: fetched just before a request when it is about to expire, and once when it was refused; never on a
 * timer, because a page left open would keep a session alive that the person thinks is over.
 */
import { registry } from '../page/config.ts';
import { BillhookError, SignedOut } from '../page/errors.ts';

export interface TokenAddress {
  readonly url: string;
  readonly credentials: RequestCredentials;
}

export interface TokenSource {
  /** @throws SignedOut, BillhookError `token_unavailable`, `token_source_missing` */
  get(): Promise<string>;
  /** The BFF refused this token; the next `get` brings another, unless one has come already. */
  refuse(token: string): void;
  /** The account that the last token speaks for, so that an answer to another one's is not shown. */
  subject(): string | undefined;
  /** No request needs a token any more. */
  abort(): void;
}

/** A token this close to its end is not sent any more: it would expire on its way. */
const expiryMargin = 30_000;
const timeLimit = 10_000;

/**
 * @param now - the server's clock in milliseconds: `exp` is only used to schedule, and a wrong clock here must not fetch a
 * token for every request
 * @param onSubject - called when a token speaks for another account than the one before it
 */
export function createTokenSource(
  ask: (signal: AbortSignal) => Promise<string | null>,
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
      if (token === null) throw new SignedOut();
      const { iss, sub, exp } = claimsOf(token);
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
    subject: () => subject,
    abort,
  };
}

/** The source that a token would be asked of now. */
export const wayToToken = (address: TokenAddress | null): unknown => address?.url ?? registry.options.getToken;

/**
 * Asks the host for a token, by its address or its `getToken`.
 *
 * @throws SignedOut, BillhookError `token_unavailable`, `token_source_missing`, `unsupported_frame`
 */
export async function tokenFromHost(
  address: TokenAddress | null,
  account: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  // A page without an origin gets no answer: neither from the host, for cookies, nor from the BFF, for CORS.
  if (globalThis.origin === 'null') throw new BillhookError('unsupported_frame');
  // The host's own script may come after ours: nothing is missing before the page is complete.
  if (!wayToToken(address) && document.readyState !== 'complete') {
    await new Promise((resolve) => addEventListener('load', resolve, { signal }));
  }
  if (address) return fetchToken(address, signal);
  const { getToken } = registry.options;
  if (getToken) return getToken({ account, signal });
  throw new BillhookError('token_source_missing');
}

/**
 * `GET token-url` → `{ token }`. 401, 403 and a redirect (to a sign-in page) mean signed out.
 *
 * @throws SignedOut, BillhookError `token_unavailable`
 */
async function fetchToken({ url, credentials }: TokenAddress, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, {
    cache: 'no-store',
    credentials,
    redirect: 'manual',
    headers: { accept: 'application/json' },
    signal,
  });
  if (response.status === 401 || response.status === 403 || response.type === 'opaqueredirect') throw new SignedOut();
  const { token } = (await response.json()) as { token?: unknown };
  if (typeof token !== 'string') throw new BillhookError('token_unavailable');
  return token;
}

/** Reads the payload without checking it: the BFF does that. An unreadable token is sent as it is, and refused there. */
function claimsOf(token: string): { iss?: unknown; sub?: unknown; exp?: unknown } {
  try {
    // Not decoded from UTF-8: a name with an accent reads wrong, but the same each time, and is only compared.
    return JSON.parse(atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return {};
  }
}
