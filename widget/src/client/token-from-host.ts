/** Asks the host for the token of the page's person: by the address of its tokens, or by its `getToken`. */
import { isAllowedTokenUrl, ofDocument, urlOf } from '../page/addresses.ts';
import { registry } from '../page/config.ts';
import { BillhookError, SignedOut } from '../page/errors.ts';
import { warnOnce } from '../page/warn.ts';

export interface TokenAddress {
  readonly url: string;
  readonly credentials: RequestCredentials;
}

/** Answers of hosts without a session for the person: no content, refused, an expired page. */
const signedOutStatus = [204, 401, 403, 419];

/**
 * @returns a widget token: nothing else is ever sent
 * @throws SignedOut, BillhookError `token_unavailable`, `token_source_missing`, `token_url_not_allowed`, `unsupported_frame`
 */
export async function tokenFromHost(
  address: TokenAddress | null,
  account: string | null,
  signal: AbortSignal,
): Promise<string> {
  // A page without an origin gets no answer: neither from the host, for cookies, nor from the BFF, for CORS.
  if (origin === 'null') throw new BillhookError('unsupported_frame');
  // The host's own script may come after ours: nothing is missing before the page is complete.
  if (!address && !registry.options.getToken && ofDocument('readyState') !== 'complete') {
    await new Promise((resolve) => addEventListener('load', resolve, { signal }));
  }
  const { getToken } = registry.options;
  if (!address && !getToken) throw new BillhookError('token_source_missing');
  const token = address ? await fetchToken(address, signal) : await getToken?.({ account, signal });
  if (token === null) throw new SignedOut();
  if (typeof token === 'string' && claimsOf(token)) return token;
  warnOnce(`token_missing: ${address?.url ?? 'getToken'} gave none: answer { token }, or 401.`);
  throw new SignedOut();
}

/**
 * `GET token-url` → `{ token }`, with `null` when signed out. A redirect to a sign-in page means the
 * same, and so does such a page with status 200.
 */
async function fetchToken({ url, credentials }: TokenAddress, signal: AbortSignal): Promise<unknown> {
  const address = urlOf(url);
  if (!address || !isAllowedTokenUrl(address)) throw new BillhookError('token_url_not_allowed');
  const ask = (redirect: RequestRedirect) =>
    fetch(address.href, {
      cache: 'no-store',
      credentials,
      redirect,
      headers: { accept: 'application/json' },
      signal,
    });
  let response = await ask('manual');
  if (response.type === 'opaqueredirect') {
    // A page of another origin, which a sign-in may be, cannot be read.
    response = await ask('follow').catch(() => response);
    if (response.type === 'opaqueredirect' || new URL(response.url).origin !== address.origin) return undefined;
  }
  const { status } = response;
  // Also what a mistaken address answers.
  if (status === 404) return undefined;
  if (signedOutStatus.includes(status)) return null;
  if (status >= 300) throw new BillhookError('token_unavailable', 0, 0, `${status} ${url}`);
  try {
    return ((await response.json()) as { token?: unknown } | null)?.token;
  } catch (cause) {
    // Half an answer is none; a page of HTML is one.
    if (!(cause instanceof SyntaxError)) throw cause;
    return undefined;
  }
}

/**
 * Reads the claims of a widget token, without checking them: the BFF does that.
 *
 * @returns `null` for any other text
 */
export function claimsOf(token: string): { iss?: unknown; sub?: unknown; exp?: unknown } | null {
  try {
    // Not decoded from UTF-8: a name with an accent reads wrong, but the same each time, and is only compared.
    const [header, claims] = token
      .split('.', 2)
      .map((part) => JSON.parse(atob(part.replace(/-/g, '+').replace(/_/g, '/'))) as Record<string, unknown>);
    return /^([\w-]+\.){2}[\w-]+$/.test(token) && header?.['typ'] === 'billhook-widget+jwt' ? (claims ?? null) : null;
  } catch {
    return null;
  }
}
