/**
 * Notices to a host over HTTP, in the format of Standard Webhooks, so that a host in any language verifies them with a
 * library that exists: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import { createHmac } from 'node:crypto';
import { CodedError } from '../coded-error.ts';
import { type HostWebhook } from '../config/webhook.ts';

export type DeliveryCode =
  | 'webhook_refused'
  | 'webhook_redirected'
  | 'webhook_timeout'
  | 'webhook_unreachable'
  | 'on_change_failed'
  | 'on_change_timeout';

/** The host did not take a notice; it is tried again. */
export class DeliveryFailure extends CodedError<DeliveryCode> {
  override readonly name = 'DeliveryFailure';
  readonly status: number | null;

  constructor(code: DeliveryCode, { status = null, cause }: { status?: number | null; cause?: unknown } = {}) {
    super(code, status === null ? code : `${code}: ${status}`, { cause });
    this.status = status;
  }
}

/**
 * The headers that prove a body: `webhook-signature` holds one signature for each secret, so that a host that knows any
 * of them takes it.
 *
 * @param at - Unix milliseconds of this attempt; a host refuses what is too old, so each attempt is signed anew
 */
export function signedHeaders(
  secrets: readonly Buffer[],
  id: string,
  at: number,
  body: string,
): Readonly<Record<`webhook-${'id' | 'timestamp' | 'signature'}`, string>> {
  const timestamp = String(Math.floor(at / 1000));
  const signatures = secrets.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/**
 * Posts one notice.
 *
 * @param timeLimitMs - for the answer's status; its body is not read
 * @throws {DeliveryFailure} for everything but a 2xx. A redirect is not followed: the signed body would go to an
 *   unknown address
 */
export async function postNotice(
  { url, secrets }: HostWebhook,
  id: string,
  at: number,
  body: string,
  timeLimitMs: number,
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Billhook',
        ...signedHeaders(secrets, id, at, body),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeLimitMs),
    });
  } catch (cause) {
    const isLate = cause instanceof Error && cause.name === 'TimeoutError';
    throw new DeliveryFailure(isLate ? 'webhook_timeout' : 'webhook_unreachable', { cause });
  }
  // The status is the whole answer. Cancelling the unread body may fail on a connection that is gone; that is harmless.
  await response.body?.cancel().catch(() => undefined);
  const { status, ok } = response;
  if (ok) return;
  throw new DeliveryFailure(status >= 300 && status < 400 ? 'webhook_redirected' : 'webhook_refused', { status });
}
