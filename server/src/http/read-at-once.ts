/**
 * `GET /v1/billing` where nothing is left to do but to send what is known, or to wait until it changes: the token was verified
 * before and holds, page and scope are right, and the account waits for nothing. The answer is the one of the general chain,
 * byte for byte, without its middleware (`read-at-once.test.ts`), and a held poll keeps nothing of it. Everything else goes
 * through that chain, every refusal included.
 */

import type { Context, MiddlewareHandler } from 'hono';
import type { AccountView } from '../accounts/view.ts';
import { isLiving } from '../ledger/customers.ts';
import { answerHeaders } from './answer-headers.ts';
import { bearerTokenOf, callerOf, type Caller } from './auth.ts';
import { includesEtag } from './etags.ts';
import { waitPreference, type PollParts } from './long-poll.ts';
import { isLoading } from './read-first.ts';
import type { RouteContext } from './route-context.ts';
import { awaitsPreview, heldReading, preferenceApplied } from './routes/billing.ts';

type Parts = PollParts & Pick<RouteContext, 'read' | 'wantPreview' | 'auth'>;

/** @param origins - of all hosts */
export function readAtOnce(parts: Parts, origins: ReadonlySet<string>): MiddlewareHandler {
  const { auth, read } = parts;
  const { verify, hosts, now, limits } = auth;
  const headersFor = answerHeaders(origins);
  return async function readAtOnce(c, next) {
    const origin = c.req.header('origin');
    const wait = waitPreference(c);
    const caller = callerAtOnce(c, origin, wait);
    const seen = c.req.header('if-none-match');
    let view = caller === null ? null : await viewOf(caller, seen);
    if (caller === null || view === null || !waitsForNothing(caller, view)) return await next();
    if (wait > 0 && includesEtag(seen, view.etag)) {
      try {
        view = await heldReading(parts, caller, view, { wait, seen, signal: c.req.raw.signal });
      } catch (cause) {
        for (const [name, value] of Object.entries(headersFor(origin))) c.header(name, value);
        throw cause;
      }
    }
    const headers = headersFor(origin);
    headers['ETag'] = view.etag;
    if (wait > 0) headers['Preference-Applied'] = preferenceApplied(wait);
    if (includesEtag(seen, view.etag)) return new Response(null, { status: 304, headers });
    headers['Content-Type'] = 'application/json';
    return new Response(view.body, { headers });
  };

  /** The caller, where what was read last lets expect that it is answered here: otherwise nothing is counted. */
  function callerAtOnce(c: Context, origin: string | undefined, wait: number): Caller | null {
    // Another preference than to wait.
    if (wait === 0 && c.req.header('prefer') !== undefined) return null;
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
   *
   * @param seen - the ETags that the client has. One that is not kept here may be of something newer.
   */
  async function viewOf(caller: Caller, seen: string | undefined): Promise<AccountView | null> {
    try {
      await limits.countRequest(caller);
      const heard = read.heard(caller);
      return heard !== null && (seen === undefined || includesEtag(seen, heard.etag)) ? heard : await read(caller);
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
