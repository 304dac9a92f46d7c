/**
 * The keys that a host publishes at a web address (a JWK set), remembered so that the address may be slow or down for a
 * while, and asked for again so that a new key works at once and a withdrawn one does not work for long.
 *
 * jose's `createRemoteJWKSet` is not used: it asks again for every token while the address is down, forgets the keys
 * meanwhile, reads an answer of any size, and keeps its own clock.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-5 RFC 7517, section 5}
 */

import type { JWK } from 'jose';
import { BillhookError } from '../problem.ts';
import { importPublicKey, type TokenKey } from './keys.ts';

const seconds = 1000;

/** A copy is trusted this long without asking: a withdrawn key still works for so long, and the tokens it signed until they expire. */
const freshFor = 10 * 60 * seconds;

/** A copy that cannot be renewed is used this long. */
const usableFor = 24 * 60 * 60 * seconds;

/** Between two questions, whatever tokens come: a storm of unknown key ids must not become one at the host. */
const coolDown = 30 * seconds;

/** The same while there is no copy at all, when every request waits for one. */
const coolDownWithoutCopy = 5 * seconds;

/** A set of 20 RSA keys with their certificates takes about as much. */
const sizeLimit = 64 * 1024;

export interface JwksOptions {
  /** How long one answer may take, to its last byte, in milliseconds. Default: 5000. */
  readonly timeoutMs?: number;
  /** Hears why keys could not be had, for the log. */
  readonly onTrouble?: (cause: unknown) => void;
}

/** Keys from one address. Making it asks nothing; the first token does. */
export class Jwks {
  readonly #url: string;
  readonly #timeoutMs: number;
  readonly #onTrouble: (cause: unknown) => void;
  #copy: { readonly keys: readonly TokenKey[]; readonly at: number } | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Why the last download failed; `null` where it did not. */
  #failure: unknown = null;
  #asking: Promise<void> | null = null;

  constructor(url: string, { timeoutMs = 5 * seconds, onTrouble = () => {} }: JwksOptions = {}) {
    this.#url = url;
    this.#timeoutMs = timeoutMs;
    this.#onTrouble = onTrouble;
  }

  /**
   * The keys that may have signed a token.
   *
   * @param keyId - the token's `kid`; one that the copy lacks has the address asked again, at most every 30 s
   * @param now - Unix milliseconds
   * @throws {BillhookError} `token_keys_unavailable`, when the address does not answer and no copy can stand in.
   */
  async find(keyId: string | null, now: number): Promise<readonly TokenKey[]> {
    const known = this.#known(keyId, now);
    if (known && isWithin(freshFor, known.at, now)) return known.keys;

    if (this.#asking || !isWithin(this.#pause(), this.#askedAt, now)) {
      const asking = this.#ask(now);
      // While the address is known to be down, requests that can go on without it do not wait.
      if (!known || !this.#failure) await asking;
    }
    const copy = this.#known(keyId, now);
    if (copy) return copy.keys;
    // Only the host's own answer makes a key unknown; while it gives none, the token may be right.
    if (this.#copy && !this.#failure) return this.#copy.keys;
    throw new BillhookError('token_keys_unavailable', {
      cause: this.#failure,
      retryAfter: Math.max(1, Math.ceil((Math.min(this.#askedAt, now) + this.#pause() - now) / seconds)),
    });
  }

  /** The copy, if it may still be used and holds the key. A token that names no key may be of any, a key without a name of any token. */
  #known(keyId: string | null, now: number) {
    const copy = this.#copy;
    if (!copy || !isWithin(usableFor, copy.at, now)) return null;
    return keyId === null || copy.keys.some((key) => key.keyId === null || key.keyId === keyId) ? copy : null;
  }

  #pause(): number {
    return this.#copy ? coolDown : coolDownWithoutCopy;
  }

  /** Fetches, or joins the fetch under way. */
  async #ask(now: number): Promise<void> {
    this.#asking ??= this.#renew(now);
    await this.#asking;
  }

  /** Never rejects: a failure is remembered for its pause, and not for good. */
  async #renew(now: number): Promise<void> {
    this.#askedAt = now;
    try {
      const keys = await this.#download();
      this.#copy = { keys, at: now };
      this.#failure = null;
      if (keys.length === 0) this.#onTrouble(new Error('the key set holds no key that can be used'));
    } catch (cause) {
      this.#failure = cause;
      this.#onTrouble(cause);
    } finally {
      this.#asking = null;
    }
  }

  async #download(): Promise<readonly TokenKey[]> {
    const response = await fetch(this.#url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      // Following a redirect would let the redirecting server choose the keys, over plain http too.
      redirect: 'error',
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the key set’s address answered ${response.status}`);
    }
    return keysOf(JSON.parse(await limitedText(response)));
  }
}

/**
 * Whether less than `span` has passed. A clock that was set back says nothing of how long it has been: what was read
 * "later than now" counts as old, or a withdrawn key would work until the clock is there again.
 */
const isWithin = (span: number, since: number, now: number): boolean => now >= since && now - since < span;

async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > sizeLimit) throw new Error(`the key set is larger than ${sizeLimit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * RFC 7517, 5: keys of an unknown kind are passed over. So are secrets and private keys, which should never be
 * published.
 */
function keysOf(set: unknown): readonly TokenKey[] {
  const listed: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : null;
  if (!Array.isArray(listed)) throw new Error('the answer is no JWK set');
  return listed.flatMap((jwk: JWK | null) => {
    if (jwk === null || (jwk.use ?? 'sig') !== 'sig') return [];
    if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) return [];
    try {
      // Throws for all that is no key, such as a text.
      return [importPublicKey({ key: jwk })];
    } catch {
      return [];
    }
  });
}
