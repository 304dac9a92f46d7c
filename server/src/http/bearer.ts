/** Addresses of the operator's own: a secret as a bearer token. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { BillhookError } from '../problem.ts';

/**
 * @param secretOf - what the secret is of, to be read after "the token of"
 * @throws {BillhookError} `token_missing`, `token_invalid`
 */
export function requireBearer(secret: string, authorization: string | undefined, secretOf: string): void {
  const given = /^Bearer (.+)/i.exec(authorization ?? '')?.[1];
  if (given === undefined) throw new BillhookError('token_missing', { detail: `Send the token of ${secretOf}.` });
  if (!timingSafeEqual(digestOf(given), digestOf(secret))) {
    throw new BillhookError('token_invalid', { detail: `This is not the token of ${secretOf}.` });
  }
}

/** Of one length, whatever was sent. */
const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
