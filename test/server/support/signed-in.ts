/** Authentication for a route that is tested alone: every request is this caller's, at this host. */

import type { MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { Authenticated } from '../../../server/src/http/auth.ts';

/** @param host - default: none, for a route that asks for nothing of its host */
export const signedIn = (caller: object, host?: object): MiddlewareHandler<Authenticated> =>
  createMiddleware<Authenticated>(async (c, next) => {
    c.set('caller', caller as never);
    if (host) c.set('host', host as never);
    await next();
  });
