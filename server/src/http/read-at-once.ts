/**
 * `GET /v1/billing` where nothing is left to do but to send a known answer, or to wait until it changes: the token holds, page
 * and scope are right, and the account waits for nothing. The answer is the one of the general chain,
 * byte for byte, without its routing and middleware (`read-at-once.test.ts`), and a held poll keeps nothing of these.
 * Everything else goes through that chain, every refusal included.
 */

import type { MiddlewareHandler } from 'hono';
import type { AccountView } from '../accounts/view.ts';
import { isLiving } from '../ledger/customers.ts';
import { answerHeaders } from './answer-headers.ts';
import { bearerTokenOf, callerOf, type Caller } from './auth.ts';
import { includesEtag } from './etags.ts';
import { waitPreference, type PollParts } from './long-poll.ts';
import { isLoading } from './read-first.ts';
import type { RouteContext } from './route-context.ts';
import { awaitsPreview, heldReading, preferenceApplied } from './routes/billing.ts';
import type { WidgetClaims } from '../tokens/verify.ts';

/** Any preference but the one that a page has: `wait=25`. */
const prefersOther = /^(?!wait=\d+$)./;

type Parts = PollParts & Pick<RouteContext, 'read' | 'wantPreview' | 'auth'>;

export interface ReadAtOnce {
  /** Before the chain is entered. `null`: the chain has to answer, and does not try again. */
  (request: Request): Promise<Response | null> | null;
  /** For a request that enters the chain first: its routes may be mounted in another app. */
  readonly middleware: MiddlewareHandler;
}

interface Asked {
  readonly caller: Caller;
  readonly origin: string | undefined;
  /** The ETags that the client has. */
  readonly seen: string | undefined;
  /** Milliseconds. */
  readonly wait: number;
}

/** @param origins - of all hosts */
export function readAtOnce(parts: Parts, origins: ReadonlySet<string>): ReadAtOnce {
  const { auth, read } = parts;
  const { verify, claimsOf, hosts, now, limits } = auth;
  const headersFor = answerHeaders(origins);
  /** Of the tokens that are remembered. */
  const callers = new WeakMap<WidgetClaims, Caller>();
  /** Requests that were tried in vain; with the failure where a poll's wait ended by one: the chain tells it. */
  const tried = new WeakMap<Request, { readonly cause: unknown } | null>();

  const middleware: MiddlewareHandler = async function readAtOnce(c, next) {
    const request = c.req.raw;
    if (!tried.has(request)) {
      const answer = await atOnce(request);
      if (answer !== null) return answer;
    }
    const failed = tried.get(request) ?? null;
    if (failed === null) return await next();
    for (const [name, value] of Object.entries(headersFor(c.req.header('origin')))) c.header(name, value);
    throw failed.cause;
  };
  return Object.assign(atOnce, { middleware });

  function atOnce(request: Request): Promise<Response | null> | null {
    const { headers } = request;
    const token = prefersOther.test(headers.get('prefer') ?? '')
      ? undefined
      : bearerTokenOf(headers.get('authorization'));
    if (token === undefined) return left(request);
    const claims = verify.remembered(token, now());
    if (claims === null)
      return claimsOf(request).then(
        (fresh) => answered(request, fresh),
        () => left(request),
      );
    return answered(request, claims);
  }

  /** To the general chain, which refuses what is to be refused. */
  function left(request: Request): null {
    tried.set(request, null);
    return null;
  }

  function answered(request: Request, claims: WidgetClaims): Promise<Response | null> | null {
    const asked = askedBy(request, claims);
    return asked === null ? left(request) : answerTo(request, asked);
  }

  async function answerTo(request: Request, asked: Asked): Promise<Response | null> {
    const { caller, origin, seen, wait } = asked;
    let view = await viewOf(caller, seen);
    if (view === null || !waitsForNothing(caller, view)) return left(request);
    if (wait > 0 && includesEtag(seen, view.etag)) {
      try {
        view = await heldReading(parts, caller, view, { wait, seen, signal: request.signal });
      } catch (cause) {
        tried.set(request, { cause });
        return null;
      }
    }
    const headers = headersFor(origin);
    headers['ETag'] = view.etag;
    if (wait > 0) headers['Preference-Applied'] = preferenceApplied(wait);
    if (includesEtag(seen, view.etag)) return new Response(null, { status: 304, headers });
    headers['Content-Type'] = 'application/json';
    return new Response(view.body, { headers });
  }

  /** The question, where the last reading lets expect that it is answered here: otherwise nothing is counted. */
  function askedBy({ headers }: Request, claims: WidgetClaims): Asked | null {
    const host = hosts.get(claims.host);
    if (host === undefined || !claims.scopes.has('billing:read')) return null;
    const origin = headers.get('origin') ?? undefined;
    if (origin !== undefined && !host.origins.includes(origin)) return null;
    let caller = callers.get(claims);
    if (caller === undefined) callers.set(claims, (caller = callerOf(claims, host)));
    const last = read.lastView(caller);
    if (last === null || !waitsForNothing(caller, last)) return null;
    return {
      caller,
      origin,
      seen: headers.get('if-none-match') ?? undefined,
      wait: waitPreference(headers.get('prefer')),
    };
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
