/** HTTP-8: a POST with a key that was seen is answered as before, never carried out again. */

import { StripeError } from '../errors.ts';

export interface StoredAnswer {
  status: number;
  body: string;
  readonly requestId: string;
}

interface Entry {
  readonly fingerprint: string;
  answer: StoredAnswer | null;
  readonly at: number;
}

export interface IdempotencyKeys {
  /** The stored answer, or `null` when the call is to be carried out (and is then in progress until `finish` or `forget`). */
  begin(key: string, fingerprint: string): StoredAnswer | null;
  finish(key: string, answer: StoredAnswer): void;
  /** Nothing is kept of a call that failed before it was carried out. */
  forget(key: string): void;
}

const keptMs = 24 * 3600 * 1000;

export function createIdempotencyKeys(now: () => number): IdempotencyKeys {
  const entries = new Map<string, Entry>();
  return {
    begin(key, fingerprint) {
      const entry = entries.get(key);
      if (!entry || (entry.answer && entry.at + keptMs < now())) {
        entries.set(key, { fingerprint, answer: null, at: now() });
        return null;
      }
      if (entry.fingerprint !== fingerprint) {
        throw new StripeError(400, {
          type: 'idempotency_error',
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        });
      }
      if (!entry.answer) {
        throw new StripeError(409, {
          type: 'invalid_request_error',
          code: 'idempotency_key_in_use',
          message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
        });
      }
      return entry.answer;
    },
    finish(key, answer) {
      const entry = entries.get(key);
      if (entry) entry.answer = answer;
    },
    forget(key) {
      if (entries.get(key)?.answer === null) entries.delete(key);
    },
  };
}
