/**
 * Notices that the BFF sends to a host, verified as Standard Webhooks says: over the bytes, with any of several secrets, and
 * not too old.
 *
 * @see {@link https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md Standard Webhooks}
 */

import type { Notice } from '../../src/billing/notice-types.ts';
import { BillhookHostError, BillhookOptionError } from './errors.ts';

/**
 * What happened to an account: `type` tells which `data` it is. The same `id` is the same notice, however often it is
 * delivered. A newer BFF may send types that this version does not know.
 */
export type HostNotice = Notice;

export interface VerifyNoticeOptions {
  /** `whsec_…`; two while one replaces the other. */
  readonly secrets: readonly (string | undefined)[];
  /** Seconds by which a delivery may be old, or ahead. Default: 300. */
  readonly toleranceSeconds?: number;
  /** Unix milliseconds. Default: `Date.now()`. */
  readonly now?: number;
}

/** The delivery: a web-standard request, or its headers and its body as it came, before any parser. */
export type NoticeDelivery =
  | Request
  | {
      readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly body: string | Uint8Array;
    };

/**
 * @example
 * ```ts
 * const notice = await verifyNotice(request, { secrets: [process.env.BILLHOOK_HOST_WEBHOOK_SECRET] });
 * ```
 *
 * @throws {BillhookHostError} `notice_signature_invalid`, `notice_too_old`, `notice_malformed`
 * @throws {BillhookOptionError} `webhook_secret_invalid`
 */
export async function verifyNotice(delivery: NoticeDelivery, options: VerifyNoticeOptions): Promise<HostNotice> {
  const { secrets, toleranceSeconds = 300, now = Date.now() } = options;
  const keys = await Promise.all(secrets.map(keyOf));
  if (keys.length === 0) throw secretError();
  mustBeDelivery(delivery);
  const body = await bodyOf(delivery);
  const header = (name: string) => headerOf(delivery.headers, name);
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(header);
  if (!id || !timestamp || !signatures || !/^\d{1,12}$/.test(timestamp)) throw invalid();

  const signed = bytes(`${id}.${timestamp}.${body}`);
  const given = signatures.split(' ').flatMap((each) => (each.startsWith('v1,') ? decoded(each.slice(3)) : []));
  const checks = keys.flatMap((key) => given.map((signature) => crypto.subtle.verify('HMAC', key, signature, signed)));
  if (!(await Promise.all(checks)).includes(true)) throw invalid();
  if (Math.abs(now / 1000 - Number(timestamp)) > toleranceSeconds) {
    throw new BillhookHostError(
      'notice_too_old',
      `the notice was not signed within ${toleranceSeconds} seconds: compare the clocks`,
    );
  }
  return noticeOf(body);
}

const invalid = () =>
  new BillhookHostError(
    'notice_signature_invalid',
    'none of the secrets signed this body: it must be the bytes that came, before any parser',
  );

const secretError = () =>
  new BillhookOptionError('webhook_secret_invalid', 'secrets', 'must be "whsec_…", as the BFF has them');

async function keyOf(given: string | undefined): Promise<CryptoKey> {
  const text = given?.trim() ?? '';
  const [key] = text.startsWith('whsec_') ? decoded(text.slice('whsec_'.length)) : [];
  if (!key || key.length < 24) throw secretError();
  return await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** One value, or none for what is no base64. */
function decoded(base64: string): Uint8Array<ArrayBuffer>[] {
  try {
    return [Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))];
  } catch {
    return [];
  }
}

function mustBeDelivery(given: unknown): void {
  const headers: unknown = typeof given === 'object' && given !== null && 'headers' in given ? given.headers : null;
  if (typeof headers === 'object' && headers !== null) return;
  throw new BillhookHostError('notice_malformed', 'a delivery is a request, or its headers and its body as they came');
}

async function bodyOf(delivery: NoticeDelivery): Promise<string> {
  if (delivery instanceof Request) {
    if (delivery.bodyUsed)
      throw new BillhookHostError('notice_malformed', 'the body was read before it could be verified');
    return await delivery.text();
  }
  const { body } = delivery;
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  throw new BillhookHostError(
    'notice_malformed',
    body === undefined || body === null
      ? 'there is no body: give the text or the bytes that came (of Express: express.raw() before this)'
      : 'the body must be the text or bytes that came: a parser was before this',
  );
}

function headerOf(headers: NoticeDelivery['headers'], name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

function noticeOf(body: string): HostNotice {
  try {
    const notice = JSON.parse(body) as HostNotice;
    if (typeof notice.id === 'string' && typeof notice.type === 'string' && typeof notice.account === 'string')
      return notice;
  } catch {
    // Signed, and still no JSON.
  }
  throw new BillhookHostError('notice_malformed', 'what was signed is no notice');
}
