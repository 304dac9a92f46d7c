/**
 * `POST /v1/webhooks/stripe`: verify, record, raise, answer. Nothing slow comes before the 200, and a 200 is never given
 * for something that is not durable: Stripe keeps what it was refused, and delivers it again for three days.
 */

import { Hono } from 'hono';
import { eventMadeAt, readEvent } from '../../stripe/event.ts';
import { toProblemError } from '../to-problem.ts';
import { BillhookError } from '../../problem.ts';
import type { RouteContext } from '../route-context.ts';

type WebhookParts = Pick<
  RouteContext,
  'config' | 'gateway' | 'stripeAccount' | 'metrics' | 'store' | 'wakeWorker' | 'requestSweep'
>;

export function webhookRoute({
  config,
  gateway,
  stripeAccount: identity,
  metrics,
  store,
  wakeWorker,
  requestSweep: webhookMissed,
}: WebhookParts) {
  return new Hono().post('/', async (c) => {
    try {
      const body = await c.req.text();
      const outcome = await record(verified(body, c.req.header('stripe-signature') ?? ''));
      return c.json({ received: true, outcome });
    } catch (cause) {
      const { code, status } = toProblemError(cause);
      metrics.webhookRefused(code);
      // Not recorded, and so not known: Stripe delivers it again at an unknown time.
      if (status >= 500) webhookMissed();
      throw cause;
    }
  });

  async function record(event: unknown) {
    const hint = readEvent(event, identity()?.account ?? null);
    const fields = { event: hint.event, type: hint.type };
    if (hint.livemode !== null && hint.livemode !== config.livemode) {
      config.log.error('webhook.livemode_mismatch', fields);
      throw new BillhookError('webhook_livemode_mismatch');
    }
    const now = config.now();
    const outcome = await store.recordEvent(hint, now);
    if (outcome === 'queued' || outcome === 'unresolved') wakeWorker();
    const madeAt = eventMadeAt(event);
    metrics.webhookRecorded(outcome, madeAt === null ? null : now - madeAt);
    config.log.info(`webhook.${outcome}`, fields);
    return outcome;
  }

  /** The event in the body, when one of the secrets signed it. */
  function verified(body: string, signature: string): unknown {
    const event = gateway.verifiedEvent(body, signature);
    if (event === undefined) throw new BillhookError('webhook_signature_invalid');
    return event;
  }
}
