/** Addresses that a proxy before the server may read differently: it keeps `/metrics` to itself, and lets `/%6detrics` through. */

import { createMiddleware } from 'hono/factory';
import { BillhookError } from '../problem.ts';
import type { OwnServer } from './widget-files.ts';

/** Signs that a parser decodes, or takes for another place: no route has any of them. */
const otherSpelling = /%|\\|\/\/|\/\.{1,2}(?:\/|$)/;

/**
 * Whether a request's path is spelled as its route. Mounted in another server, the address is that one's to read.
 *
 * @param publicUrl - its path comes before each route's, in whatever letters
 */
export function isPlainTarget(publicUrl: string): (env: object | undefined) => boolean {
  const folder = new URL(publicUrl).pathname.replace(/\/+$/, '');
  return (env) => {
    const { incoming, ownServer = false } = (env ?? {}) as Partial<OwnServer> & { incoming?: { url?: string } };
    if (!ownServer || incoming?.url === undefined) return true;
    // A proxy may ask for the whole address (RFC 9112, 3.2.2).
    const path = incoming.url.replace(/[?#].*/, '').replace(/^https?:\/\/[^/]*/i, '');
    return !otherSpelling.test(path.startsWith(folder) ? path.slice(folder.length) : path);
  };
}

/** @throws {BillhookError} `not_found`, for a path that {@link isPlainTarget} does not know. */
export function plainTargets(publicUrl: string) {
  const isPlain = isPlainTarget(publicUrl);
  return createMiddleware(async function plainTargets(c, next) {
    if (!isPlain(c.env as object | undefined)) throw new BillhookError('not_found');
    await next();
  });
}
