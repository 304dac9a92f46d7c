/** A guard at the doors of the frameworks: an API answers problem+json, a page may lead to where one can pay. */

import type { AccessAnswer } from './contract.ts';
import { BillhookOptionError } from './errors.ts';
import { refuse, type Decision, type Refusal } from './guard.ts';
import { checkFunction } from './options.ts';

/** The account of a request, from the host's own session; nothing: nobody is signed in. */
export type AccountOf<Request> = (request: Request) => string | null | undefined | Promise<string | null | undefined>;

export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

export interface FastifyReplyLike {
  code(status: number): FastifyReplyLike;
  header(name: string, value: string): FastifyReplyLike;
  send(body: string): unknown;
}

export interface Guard {
  /** Decides, and does nothing else. Never throws: what went wrong is a refusal, and `onError` hears it. */
  check(account: string | null | undefined): Promise<Decision>;
  /**
   * The answer that refuses, or `null`. For middleware of any fetch-based framework, Next.js's included.
   *
   * @param redirectTo Where pages lead instead, as an absolute address.
   */
  response(account: string | null | undefined, redirectTo?: string | URL): Promise<Response | null>;
  /** A route handler of Next.js, Remix, Deno, workers: `export const GET = guard.route(accountOf, handler)`. */
  route<Asked extends Request, Rest extends readonly unknown[]>(
    accountOf: AccountOf<Asked>,
    handler: (request: Asked, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Asked, ...rest: Rest) => Promise<Response>;
  /**
   * For a page that is rendered on the server: calls the framework's `redirect` where the account may not see it.
   *
   * @returns What the account may use; `null` where that is not known and the host lets it pass.
   */
  page(account: string | null | undefined, to: string, redirect: (to: string) => never): Promise<AccessAnswer | null>;
  hono<C>(accountOf: AccountOf<C>): (c: C, next: () => Promise<void>) => Promise<Response | undefined>;
  /** Express, Connect, and Node's own server. */
  express<Asked>(
    accountOf: AccountOf<Asked>,
  ): (request: Asked, response: NodeResponse, next: (cause?: unknown) => void) => Promise<void>;
  /** A `preHandler`. */
  fastify<Asked>(accountOf: AccountOf<Asked>): (request: Asked, reply: FastifyReplyLike) => Promise<unknown>;
  /**
   * What the account of a request bought, for the route behind this guard; `null` where that is not known, and the host lets
   * it pass.
   *
   * @param request - the one that the guard let pass; of Hono its context
   * @throws {BillhookOptionError} `not_guarded`: this guard does not stand before the route
   */
  accessOf(request: object): AccessAnswer | null;
}

const json = 'application/problem+json';

const notGuarded = 'was not let pass by this guard: put the guard before the route';

/** What is refused is refused now: nobody may keep it. */
const headersOf = ({ status }: Refusal): Record<string, string> => ({
  'content-type': json,
  'cache-control': 'no-store',
  ...(status === 503 ? { 'retry-after': '2' } : {}),
});

export function guarded(decide: (account: string) => Promise<Decision>): Guard {
  const check: Guard['check'] = async (account) => (account ? await decide(account) : refuse('account_missing'));
  const passed = new WeakMap<object, AccessAnswer | null>();
  const refusalOf = async (account: string | null | undefined, request?: unknown) => {
    const decision = await check(account);
    if (!decision.allowed) return decision.refusal;
    if (typeof request === 'object' && request !== null) passed.set(request, decision.access);
    return null;
  };
  const answer = (refusal: Refusal) =>
    new Response(JSON.stringify(refusal), { status: refusal.status, headers: headersOf(refusal) });

  return {
    check,

    async response(account, redirectTo) {
      const refusal = await refusalOf(account);
      if (refusal === null) return null;
      return redirectTo === undefined ? answer(refusal) : Response.redirect(redirectTo, 303);
    },

    route(accountOf, handler) {
      checkFunction('accountOf', accountOf);
      checkFunction('handler', handler);
      return async function guardedRoute(request, ...rest) {
        const refusal = await refusalOf(await accountOf(request), request);
        return refusal === null ? await handler(request, ...rest) : answer(refusal);
      };
    },

    async page(account, to, redirect) {
      const decision = await check(account);
      return decision.allowed ? decision.access : redirect(to);
    },

    hono(accountOf) {
      checkFunction('accountOf', accountOf);
      return async function billhookGuard(c, next) {
        const refusal = await refusalOf(await accountOf(c), c);
        if (refusal !== null) return answer(refusal);
        await next();
        return undefined;
      };
    },

    express(accountOf) {
      checkFunction('accountOf', accountOf);
      return async function billhookGuard(request, response, next) {
        let refusal: Refusal | null;
        try {
          refusal = await refusalOf(await accountOf(request), request);
        } catch (cause) {
          next(cause);
          return;
        }
        if (refusal === null) {
          next();
          return;
        }
        response.statusCode = refusal.status;
        for (const [name, value] of Object.entries(headersOf(refusal))) response.setHeader(name, value);
        response.end(JSON.stringify(refusal));
      };
    },

    fastify(accountOf) {
      checkFunction('accountOf', accountOf);
      return async function billhookGuard(request, reply) {
        const refusal = await refusalOf(await accountOf(request), request);
        if (refusal === null) return undefined;
        reply.code(refusal.status);
        for (const [name, value] of Object.entries(headersOf(refusal))) reply.header(name, value);
        return reply.send(JSON.stringify(refusal));
      };
    },

    accessOf(request) {
      const access = passed.get(request);
      if (access === undefined) throw new BillhookOptionError('not_guarded', 'request', notGuarded);
      return access;
    },
  };
}
