/**
 * `POST /v1/webhooks/stripe`: verify, record, raise, answer. Nothing slow comes before the 200, and a 200 is never given
 * for something that is not durable: Stripe keeps what it was refused, and delivers it again for three days.
 */

import { Hono, type Context } from 'hono';
import { eventMadeAt, readEvent } from '../../stripe/event.ts';
import { securedHeaders } from '../answer-headers.ts';
import { toProblemError } from '../to-problem.ts';
import { bodyReceived } from '../read-body.ts';
import { BillhookError } from '../../problem.ts';
import type { RouteContext } from '../route-context.ts';

const headers = { ...securedHeaders, 'Content-Type': 'application/json' };

type WebhookParts = Pick<
  RouteContext,
  'config' | 'gateway' | 'stripeAccount' | 'metrics' | 'store' | 'wakeWorker' | 'requestSweep' | 'limits'
>;

export function webhookRoute({
  config,
  gateway,
  stripeAccount: identity,
  metrics,
  store,
  wakeWorker,
  requestSweep: webhookMissed,
  limits,
}: WebhookParts) {
  return new Hono().post('/', async (c) => {
    const event = await verified(c);
    try {
      const body = JSON.stringify({ received: true, outcome: await record(event) });
      return new Response(body, { headers });
    } catch (cause) {
      const { code, status } = toProblemError(cause);
      metrics.webhookRefused(code);
      // A verified event that is not recorded is not known: Stripe delivers it again at an unknown time.
      if (status >= 500) webhookMissed();
      throw cause;
    }
  });

  async function record(event: unknown) {
    const parsed = readEvent(event, identity()?.account ?? null);
    const fields = { event: parsed.event, type: parsed.type };
    if (parsed.livemode !== null && parsed.livemode !== config.livemode) {
      config.log.error('webhook.livemode_mismatch', fields);
      throw new BillhookError('webhook_livemode_mismatch');
    }
    const now = config.now();
    const outcome = await store.recordEvent(parsed, now);
    if (outcome === 'queued' || outcome === 'unresolved') wakeWorker();
    const madeAt = eventMadeAt(event);
    metrics.webhookRecorded(outcome, madeAt === null ? null : now - madeAt);
    config.log.info(`webhook.${outcome}`, fields);
    return outcome;
  }

  /** The event in the body, when one of the secrets signed it. All else is a stranger's, and costs a hash at most. */
  async function verified(c: Context): Promise<unknown> {
    try {
      const body = await bodyReceived(c.req.text());
      const event = gateway.verifiedEvent(body, c.req.header('stripe-signature') ?? '');
      if (event === undefined) throw new BillhookError('webhook_signature_invalid');
      return event;
    } catch (cause) {
      metrics.webhookRefused(toProblemError(cause).code);
      await limits.countRefusal(c);
      throw cause;
    }
  }
}
