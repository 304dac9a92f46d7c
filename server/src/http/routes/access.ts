/**
 * `GET /v1/access`: a host backend asks, with a token of its own (scope `access`), whether an account may use the product,
 * and what it bought. The same judge answers that the widget shows, so the two never disagree.
 */

import { Hono } from 'hono';
import type { AccessAnswer } from '@billhook/widget/contract';
import { accessView } from '../../accounts/access.ts';
import type { Authenticated } from '../auth.ts';
import { etagsOf } from '../etags.ts';
import { readWithFirstFacts } from '../read-first.ts';
import type { RouteContext } from '../route-context.ts';

export function accessRoute(parts: RouteContext) {
  const { allow, catalogue, config } = parts;
  return new Hono<Authenticated>().get('/', allow('access'), async (c) => {
    const { caller } = c.var;
    const view = await readWithFirstFacts(parts, caller, c.req.raw.signal);
    const { answer, etag, maxAge } = accessView(caller, view, catalogue, config.now());
    c.header('ETag', etag);
    c.header('Cache-Control', `private, max-age=${maxAge}`);
    c.header('Vary', 'Authorization', { append: true });
    return etagsOf(c.req.header('if-none-match')).has(etag) ? c.body(null, 304) : c.json<AccessAnswer>(answer);
  });
}
