/**
 * `GET /v1/billing` where nothing is left to do but to send what is known: the token was verified before and holds, page and
 * scope are right, and the account waits for nothing. The answer is the one of the general chain, byte for byte, without its
 * middleware (`read-at-once.test.ts`). Everything else goes through that chain, every refusal and every held poll included.
 */

import type { Context, MiddlewareHandler } from 'hono';
import type { AccountView } from '../accounts/view.ts';
import { isLiving } from '../ledger/customers.ts';
import { answerHeaders } from './answer-headers.ts';
import { bearerTokenOf, callerOf, type AuthParts, type Caller } from './auth.ts';
import { includesEtag } from './etags.ts';
import { isLoading } from './read-first.ts';
import type { RouteContext } from './route-context.ts';
import { awaitsPreview } from './routes/billing.ts';

type Parts = Pick<RouteContext, 'read'> & { readonly auth: AuthParts };

/** @param origins - of all hosts */
export function readAtOnce({ auth, read }: Parts, origins: ReadonlySet<string>): MiddlewareHandler {
  const { verify, hosts, now, limits } = auth;
  const headersFor = answerHeaders(origins);
  return async function readAtOnce(c, next) {
    const origin = c.req.header('origin');
    const caller = callerAtOnce(c, origin);
    const view = caller === null ? null : await viewOf(caller);
    if (caller === null || view === null || !waitsForNothing(caller, view)) return await next();
    const headers = headersFor(origin);
    headers['ETag'] = view.etag;
    if (includesEtag(c.req.header('if-none-match'), view.etag)) return new Response(null, { status: 304, headers });
    headers['Content-Type'] = 'application/json';
    return new Response(view.body, { headers });
  };

  /** The caller, where what was read last lets expect that it is answered here: otherwise nothing is counted. */
  function callerAtOnce(c: Context, origin: string | undefined): Caller | null {
    // A poll may be held.
    if (c.req.header('prefer') !== undefined) return null;
    const token = bearerTokenOf(c);
    const claims = token === undefined ? null : verify.remembered(token, now());
    const host = claims === null ? undefined : hosts.get(claims.host);
    if (claims === null || host === undefined || !claims.scopes.has('billing:read')) return null;
    if (origin !== undefined && !host.origins.includes(origin)) return null;
    const caller = callerOf(claims, host);
    const last = read.lastView(caller);
    return last !== null && waitsForNothing(caller, last) ? caller : null;
  }

  /**
   * The account's view, counted as a request. `null` is for the general chain to tell: it counts one that asks too often
   * once more and refuses it, and asks a ledger that does not answer again.
   */
  async function viewOf(caller: Caller): Promise<AccountView | null> {
    try {
      await limits.countRequest(caller);
      return await read(caller);
    } catch {
      return null;
    }
  }
}

/** No link is to be made or doubted, no first facts are to come, and no preview is to be asked for. */
const waitsForNothing = ({ introduces }: Caller, view: AccountView): boolean =>
  (introduces === null || (view.introduced === null && isLiving(view.record) && view.record.customer === introduces)) &&
  !isLoading(view) &&
  !awaitsPreview(view);
