/**
 * The keys that hosts sign widget tokens with. An algorithm belongs to a key and is read off the key itself, so that no
 * token can choose how it is checked: a public key is never taken for a secret (RFC 8725, 2.1 and 3.1).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518 RFC 7518} and {@link https://www.rfc-editor.org/rfc/rfc8037 RFC 8037}
 */

import { createHash, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { z } from 'zod';
import { isSafeAddress } from './web-address.ts';
import { canonicalSecret } from './claims.ts';
import { pemText, publicAlgorithms, type PublicAlgorithm } from './signing-key.ts';

export type TokenAlgorithm = 'HS256' | PublicAlgorithm;

/** A key that tokens are checked with. */
export interface TokenKey {
  /** The `kid` of the tokens it signs; `null` where the host gave it no name. */
  readonly keyId: string | null;
  readonly algorithm: TokenAlgorithm;
  readonly key: CryptoKey;
  /** The same for each spelling of a public key; absent for a secret. */
  readonly fingerprint?: string;
  /** The same secret with the line end of the file that it was read from: some programs trim it, and some do not. */
  readonly untrimmed?: readonly KeyObject[];
}

/** The names that a token's header has for an algorithm. RFC 9864 renamed EdDSA with Ed25519; both are the same. */
export const headerNames: Record<TokenAlgorithm, readonly string[]> = {
  HS256: ['HS256'],
  ES256: ['ES256'],
  EdDSA: ['EdDSA', 'Ed25519'],
  RS256: ['RS256'],
};

const webCrypto = {
  HS256: { name: 'HMAC', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
} satisfies Record<TokenAlgorithm, object>;

/** Bound to its one algorithm and use. A CryptoKey verifies half again as fast as raw bytes. */
function usable(key: KeyObject, algorithm: TokenAlgorithm, uses: ('sign' | 'verify')[]): CryptoKey {
  // Node's type and the DOM's differ in which further uses they list.
  return key.toCryptoKey(webCrypto[algorithm], false, uses) as CryptoKey;
}

/**
 * Reads a shared secret.
 *
 * @throws {TypeError} when it is shorter than 32 bytes, or a PEM key: a public key is no secret.
 */
export function importSecret(given: string, keyId: string | null): TokenKey {
  const secret = canonicalSecret(given);
  const wrong = secretProblem(secret);
  if (wrong !== null) throw new TypeError(`a host secret ${wrong}`);
  const keyOf = (text: string) => createSecretKey(Buffer.from(text));
  const key = usable(keyOf(secret), 'HS256', ['sign', 'verify']);
  return { keyId, algorithm: 'HS256', key, untrimmed: [keyOf(`${secret}\n`), keyOf(`${secret}\r\n`)] };
}

function secretProblem(secret: string): string | null {
  // RFC 7518, 3.2: a key of the same size as the hash output or larger.
  if (Buffer.byteLength(secret) < 32) return 'must have at least 32 bytes (openssl rand -base64 32)';
  return secret.includes('-----BEGIN ') ? 'must be random bytes, not a PEM key' : null;
}

export interface GivenPublicKey {
  /** Default: the algorithm of the key's kind. Another one is refused. */
  readonly algorithm?: PublicAlgorithm | undefined;
  /** PEM (SPKI, "BEGIN PUBLIC KEY"), or a JWK, also as JSON text. */
  readonly key: string | JWK;
  /** Default: the JWK's `kid`. */
  readonly keyId?: string | undefined;
}

/**
 * Reads a public key: P-256, Ed25519, or RSA of at least 2048 bits.
 *
 * @throws {TypeError} when it is none of these. The message says what the key must be and repeats nothing of it.
 */
export function importPublicKey({ algorithm, key: given, keyId }: GivenPublicKey): TokenKey {
  const jwk = asJwk(given);
  if (jwk === null && !/^-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----$/.test(pemText(given))) {
    throw new TypeError('must be a public key, in PEM ("BEGIN PUBLIC KEY") or as a JWK');
  }
  // Node would derive the public half in silence; but a private key that lies in a server's options is no longer private.
  if (jwk?.d !== undefined) throw new TypeError('must be the public key, not the private one');
  const key = readable('must be a public key that can be read', () =>
    createPublicKey(jwk === null ? pemText(given) : { key: jwk, format: 'jwk' }),
  );
  const fixed = fixedAlgorithm(key, algorithm, jwk);
  return {
    keyId: keyId ?? nameOf(jwk),
    algorithm: fixed,
    key: usable(key, fixed, ['verify']),
    fingerprint: createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('base64url'),
  };
}

/** The one algorithm of a key, which must also be the one that was said. */
function fixedAlgorithm(key: KeyObject, said: PublicAlgorithm | undefined, jwk: JWK | null): PublicAlgorithm {
  const algorithm = algorithmOf(key);
  if (said !== undefined && said !== algorithm)
    throw new TypeError(`must be a key for ${said}; it is one for ${algorithm}`);
  if (jwk?.alg !== undefined && !headerNames[algorithm].includes(jwk.alg)) {
    throw new TypeError(`must be a key for ${algorithm}, which its "alg" denies`);
  }
  return algorithm;
}

function algorithmOf(key: KeyObject): PublicAlgorithm {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec':
      if (namedCurve !== 'prime256v1') throw new TypeError('must lie on the curve P-256, the one of ES256');
      return 'ES256';
    case 'ed25519':
      return 'EdDSA';
    case 'rsa':
      // RFC 7518, 3.3, and FIPS 186-5, 5.4: with an exponent of 1, say, a "signature" is the message itself.
      if (modulusLength < 2048) throw new TypeError('must have at least 2048 bits');
      if (publicExponent < 65_537n) throw new TypeError('must have a public exponent of at least 65537');
      return 'RS256';
    default:
      throw new TypeError('must be a P-256, Ed25519 or RSA key');
  }
}

function asJwk(given: string | JWK): JWK | null {
  if (typeof given !== 'string') return given;
  if (!given.trimStart().startsWith('{')) return null;
  return readable('must be a JWK that can be read', () => JSON.parse(given.trim()) as JWK);
}

const nameOf = (jwk: JWK | null): string | null => (typeof jwk?.kid === 'string' ? jwk.kid : null);

/** Node's own message is left out: it may quote the key. */
function readable<T>(must: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new TypeError(must);
  }
}

const keyId = z.string('must be the key’s "kid"').min(1, 'must be the key’s "kid"').max(255, 'must be a short name');

const secret = z.string('must be a secret').superRefine((text, context) => {
  const wrong = secretProblem(canonicalSecret(text));
  if (wrong !== null) context.addIssue(wrong);
});

const publicKey = z
  .strictObject({
    algorithm: z.enum(publicAlgorithms, `must be one of ${publicAlgorithms.join(', ')}`).optional(),
    key: z.custom<string | JWK>(
      (given) => typeof given === 'string' || typeof given === 'object',
      'must be a public key, in PEM ("BEGIN PUBLIC KEY") or as a JWK',
    ),
    keyId: keyId.optional(),
  })
  .transform((given, context): TokenKey => {
    try {
      return importPublicKey(given);
    } catch (cause) {
      context.addIssue({ code: 'custom', path: ['key'], message: (cause as TypeError).message });
      return z.NEVER;
    }
  });

/** A host's options about its keys. The values come out as keys that are ready to verify with. */
export const keyOptions = {
  secrets: z
    .array(
      z
        .union([secret, z.strictObject({ secret, keyId })], 'must be a secret, or { secret, keyId }')
        .transform((given) =>
          typeof given === 'string' ? importSecret(given, null) : importSecret(given.secret, given.keyId),
        ),
      'must be a list of secrets',
    )
    .default([]),
  publicKeys: z.array(publicKey, 'must be a list of { key, algorithm, keyId }').default([]),
  jwksUrl: z
    .string('must be a web address')
    .refine(isSafeAddress, 'must be an https address (http only on this machine), without a user or password')
    .nullable()
    .default(null),
};

type GivenKeys = { readonly secrets?: unknown; readonly publicKeys?: unknown; readonly jwksUrl?: unknown };

/** Whether a host has any key: without one, no token could ever be right. */
export function hasSomeKey({ secrets, publicKeys, jwksUrl }: GivenKeys): boolean {
  return [secrets, publicKeys, jwksUrl].some((given) => (Array.isArray(given) ? given.length > 0 : given != null));
}

/** How zod says that {@link hasSomeKey} is false: also where something else is wrong, to name every problem at once. */
export const someKeyMissing = {
  path: ['secrets'],
  error: 'must hold at least one secret, unless the host has publicKeys or a jwksUrl',
  when: ({ value }: { value: unknown }) => typeof value === 'object' && value !== null,
};
