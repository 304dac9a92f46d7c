/**
 * `POST /v1/webhooks/stripe`: verify, record, raise, answer. Nothing slow comes before the 200, and a 200 is never given
 * for something that is not durable: Stripe keeps what it was refused, and delivers it again for three days.
 */

import { Hono } from 'hono';
import { hintOf, NotAnEventError } from '../hints.ts';
import { BillhookError } from '../problem.ts';
import type { RouteParts } from './parts.ts';

export function webhookRoute({ config, gateway, store, wakeWorker }: RouteParts) {
  return new Hono().post('/', async (c) => {
    const body = await c.req.text();
    const hint = readHint(body, c.req.header('stripe-signature') ?? '');
    if (hint.livemode !== null && hint.livemode !== config.livemode) {
      config.log.error('webhook.livemode_mismatch', { event: hint.event, type: hint.type });
      throw new BillhookError('webhook_livemode_mismatch');
    }
    const outcome = await store.recordHint(hint, config.now());
    if (outcome === 'ticket' || outcome === 'open') wakeWorker();
    config.log.info(`webhook.${outcome}`, { event: hint.event, type: hint.type });
    return c.json({ received: true, outcome });
  });

  function readHint(body: string, signature: string) {
    try {
      const event = gateway.verifiedEvent(body, signature);
      if (event === null) throw new BillhookError('webhook_signature_invalid');
      return hintOf(event);
    } catch (cause) {
      const malformed = cause instanceof NotAnEventError || cause instanceof SyntaxError;
      throw malformed ? new BillhookError('body_malformed', { cause }) : cause;
    }
  }
}
