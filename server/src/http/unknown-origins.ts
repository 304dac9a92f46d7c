/** Names origins that no host has to the operator: a browser says of them that it was CORS, and the page shows nothing. */

import { createMiddleware } from 'hono/factory';
import type { Log } from '../log.ts';

/** Origins of hosts' own are few; strangers' must not fill a log. */
const mostLines = 100;

/** Any program may send any header: what is printed is short, and has nothing in it that a terminal obeys. */
export const printedName = (name: string): string => name.replaceAll(/[^\w.:/[\]-]/g, '?').slice(0, 200);

/** A page asks first whether it may ask; where it may not, nothing else ever arrives. Each origin is named once. */
export function unknownOrigins(known: ReadonlySet<string>, log: Log) {
  const said = new Set<string>();
  return createMiddleware(async function unknownOrigins(c, next) {
    const origin = c.req.header('origin');
    if (origin !== undefined && !known.has(origin) && said.size < mostLines) {
      const printed = printedName(origin);
      if (!said.has(printed)) log.warn('origin.unknown', { origin: printed, path: c.req.path });
      said.add(printed);
    }
    await next();
  });
}
