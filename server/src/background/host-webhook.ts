/**
 * Notices to a host over HTTP, in the format of Standard Webhooks, so that a host in any language verifies them with a
 * library that exists: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */

import { createHmac } from 'node:crypto';
import { z } from 'zod';

/** Where a host listens, and the keys that it knows: two while one replaces the other. */
export interface HostWebhook {
  readonly url: string;
  readonly secrets: readonly Buffer[];
}

export type DeliveryCode =
  | 'webhook_refused'
  | 'webhook_redirected'
  | 'webhook_timeout'
  | 'webhook_unreachable'
  | 'on_change_failed'
  | 'on_change_timeout';

/** The host did not take a notice; it is tried again. */
export class DeliveryFailure extends Error {
  override readonly name = 'DeliveryFailure';
  readonly code: DeliveryCode;
  readonly status: number | null;

  constructor(code: DeliveryCode, { status = null, cause }: { status?: number | null; cause?: unknown } = {}) {
    super(status === null ? code : `${code}: ${status}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.status = status;
  }
}

const urlMust = 'must be an https address without a password (http only on this machine)';
const secretMust = 'must be "whsec_" and 24 to 64 bytes in base64: echo "whsec_$(openssl rand -base64 32)"';
const unpadded = (text: string) => text.replace(/=+$/, '');

const secret = z.string(secretMust).transform((text, context) => {
  const encoded = text.startsWith('whsec_') ? text.slice('whsec_'.length) : '';
  const key = Buffer.from(encoded, 'base64');
  // A decoder that forgives would sign with another key than the host verifies with.
  if (unpadded(key.toString('base64')) !== unpadded(encoded) || key.length < 24 || key.length > 64) {
    context.addIssue({ code: 'custom', message: secretMust });
    return z.NEVER;
  }
  return key;
});

/** The option `webhook` of a host, checked by `config.ts`. */
export const webhookOption = z
  .strictObject(
    {
      url: z.string(urlMust).refine(isSafeAddress, urlMust),
      secrets: z.array(secret, 'must be a list of secrets').min(1, 'must hold at least one secret'),
    },
    'must be { url, secrets }',
  )
  .nullable()
  .default(null);

function isSafeAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback));
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
 * @throws {DeliveryFailure} for everything but a 2xx. A redirect is none: the signed body would go who knows where
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
  // The status is the whole answer. Cancelling what is not read may fail on a connection that is gone, and nobody minds.
  await response.body?.cancel().catch(() => undefined);
  const { status, ok } = response;
  if (ok) return;
  throw new DeliveryFailure(status >= 300 && status < 400 ? 'webhook_redirected' : 'webhook_refused', { status });
}
