/**
 * `GET /v1/access`: a host backend asks, with a token of its own (scope `access`), whether an account may use the product.
 * The same judge answers that the widget shows, so the two never disagree.
 */

import { Hono } from 'hono';
import type { AccessAnswer } from '@billhook/widget/contract';
import type { Authenticated } from '../auth.ts';
import { readWithFirstFacts } from '../read-first.ts';
import type { RouteContext } from '../route-context.ts';

export function accessRoute(parts: RouteContext) {
  const { allow } = parts;
  return new Hono<Authenticated>().get('/', allow('access'), async (c) => {
    const { caller } = c.var;
    const { snapshot } = await readWithFirstFacts(parts, caller, c.req.raw.signal);
    const { access, state, revision, asOf, stale, confirmedBy } = snapshot;
    return c.json<AccessAnswer>({ account: caller.account, ...access, state, revision, asOf, stale, confirmedBy });
  });
}
