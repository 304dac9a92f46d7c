/**
 * `/healthz`, `/readyz` and `/metrics`. Freshness is a metric and no readiness: Stripe being down must not take every
 * replica out.
 */

import { Hono } from 'hono';
import type { Config } from '../../config/config.ts';
import { BillhookError } from '../../problem.ts';
import { requireBearer } from '../bearer.ts';
import type { RouteContext } from '../route-context.ts';

export function operationsRoutes({ config, metrics, store }: RouteContext) {
  let asked: Promise<void> | null = null;
  /** Requests at one time share one answer: a stranger who can reach the address must not be able to keep the ledger busy. */
  const ready = () =>
    (asked ??= store.ping().finally(() => {
      asked = null;
    }));

  return new Hono()
    .get('/healthz', (c) => c.json({ status: 'ok' }))
    .get('/readyz', async (c) => {
      await ready();
      return c.json({ status: 'ok' });
    })
    .get('/metrics', async (c) => {
      requireReader(config.metrics, c.req.header('authorization'));
      const { text, contentType } = await metrics.page();
      return c.body(text, 200, { 'Content-Type': contentType, 'Cache-Control': 'no-store' });
    });
}

/**
 * How a business goes is no page of the internet's.
 *
 * @throws {BillhookError} `not_found` where metrics are off, `token_missing` and `token_invalid` where they have a token.
 */
function requireReader(metrics: Config['metrics'], authorization: string | undefined): void {
  if (metrics === 'open') return;
  if (metrics === false) throw new BillhookError('not_found');
  requireBearer(metrics.token, authorization, 'the metrics');
}
