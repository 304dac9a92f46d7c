/** `/healthz` and `/readyz`. Freshness is no readiness: Stripe being down must not take every replica out. */

import { Hono } from 'hono';
import type { RouteParts } from './parts.ts';

export function operationsRoutes({ store }: RouteParts) {
  return new Hono()
    .get('/healthz', (c) => c.json({ status: 'ok' }))
    .get('/readyz', async (c) => {
      await store.ping();
      return c.json({ status: 'ok' });
    });
}
