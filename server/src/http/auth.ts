/** The middleware that turns a widget token into a caller: an account of a host, and what the token allows. */

import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { CustomerDetails, Host } from '../config/config.ts';
import type { Limits } from './rate-limits.ts';
import { BillhookError } from '../problem.ts';
import { ofAccount } from '../stripe/request-budget.ts';
import type { Scope } from '../tokens/claims.ts';
import type { VerifyWidgetToken, WidgetClaims } from '../tokens/verify.ts';
import type { Account } from '../accounts/account.ts';

/** The account that a request is about, and what its token allows. */
export interface Caller extends Account {
  /** A Stripe customer that the host introduces as this account's. */
  readonly introduces: string | null;
  /** The host's details of the payer, for a customer that is yet to be made. */
  readonly payer?: CustomerDetails;
}

/** The parts of authentication, the same for every route. */
export interface AuthParts {
  readonly verify: VerifyWidgetToken;
  readonly claimsOf: ClaimsOfRequest;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly now: () => number;
  readonly limits: Limits;
}

/**
 * The verified claims of a request's token. A request is verified once, however many parts of the server ask.
 *
 * @returns Rejects with a {@link BillhookError}: `token_missing`, and what {@link widgetTokenVerifier} throws.
 */
export type ClaimsOfRequest = (request: Request) => Promise<WidgetClaims>;

export function claimsOfRequest(verify: VerifyWidgetToken, now: () => number): ClaimsOfRequest {
  const asked = new WeakMap<Request, Promise<WidgetClaims>>();
  return (request) => {
    let claims = asked.get(request);
    if (claims === undefined) asked.set(request, (claims = verified(request)));
    return claims;
  };

  async function verified({ headers }: Request): Promise<WidgetClaims> {
    const token = bearerTokenOf(headers.get('authorization'));
    if (token === undefined) throw new BillhookError('token_missing');
    return await verify(token, now());
  }
}

export type Authenticated = { Variables: { caller: Caller; host: Host } };

/**
 * Lets a request through with a valid token of `scope`, from one of its host's pages.
 *
 * @example
 * ```ts
 * app.get('/v1/billing', widgetAuth(parts, 'billing:read'), (c) => c.json(c.var.caller.account));
 * ```
 *
 * @throws {BillhookError} `token_missing`, what {@link widgetTokenVerifier} throws, `scope_missing`,
 *   `origin_not_allowed`, `rate_limited`
 */
export function widgetAuth({ claimsOf, hosts, limits }: AuthParts, scope: Scope) {
  return createMiddleware<Authenticated>(async function widgetAuth(c, next) {
    const claims = await verified(c);
    const host = hosts.get(claims.host);
    if (!host) throw new BillhookError('token_issuer_unknown');

    // One host's token must not work on another host's page, even when this server serves both.
    const origin = c.req.header('origin');
    if (origin !== undefined && !host.origins.includes(origin))
      throw new BillhookError('origin_not_allowed', { origin });
    if (!claims.scopes.has(scope)) {
      throw new BillhookError('scope_missing', { detail: `This needs a widget token with the scope "${scope}".` });
    }
    if (scope === 'access') await limits.countAccess(claims);
    else await limits.countRequest(claims);
    if (scope === 'billing:manage') await limits.countOpening(claims);
    c.set('host', host);
    c.set('caller', callerOf(claims, host));
    await ofAccount(claims, next);
  });

  async function verified(c: Context): Promise<WidgetClaims> {
    try {
      return await claimsOf(c.req.raw);
    } catch (cause) {
      if (cause instanceof BillhookError && cause.status === 401) await limits.countRefusal(c);
      throw cause;
    }
  }
}

export const bearerTokenOf = (authorization: string | null | undefined): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];

export function callerOf(claims: WidgetClaims, { policy }: Host): Caller {
  return {
    host: claims.host,
    account: claims.account,
    policy,
    mayManage: claims.scopes.has('billing:manage'),
    introduces: claims.introduces,
    ...(claims.payer === undefined ? {} : { payer: claims.payer }),
  };
}
