/**
 * The key that a host signs with, read by Web Crypto alone. The algorithm belongs to the key: one that does not fit is
 * refused here, with words, and not at the BFF with a 401.
 */

import type { JWK } from 'jose';
import { canonicalSecret } from './claims.ts';
import { BillhookOptionError } from './option-error.ts';

export const publicAlgorithms = ['ES256', 'EdDSA', 'RS256'] as const;

export type PublicAlgorithm = (typeof publicAlgorithms)[number];

/** A host's key for signing: a secret that it shares with the BFF, or a private key of which the BFF has the public half. */
export type SigningKey =
  | {
      /** The host’s secret, at least 32 bytes (HS256). White space around it makes no difference. */
      readonly secret: string | undefined;
      /** Which of several keys this is (`kid`), where the BFF knows several. Default: none is named. */
      readonly keyId?: string;
    }
  | {
      /** PEM (PKCS #8), a JWK, or a CryptoKey, which saves reading the key for every token. */
      readonly privateKey: string | JWK | CryptoKey;
      /** The key's algorithm: P-256 signs ES256, Ed25519 EdDSA, RSA of at least 2048 bits RS256. */
      readonly algorithm: PublicAlgorithm;
      /** Which of several keys this is (`kid`). Default: the JWK's own. */
      readonly keyId?: string;
    };

export interface ReadKey {
  readonly algorithm: 'HS256' | PublicAlgorithm;
  readonly key: CryptoKey | Uint8Array;
  readonly keyId: string | null;
}

/** @throws {BillhookOptionError} `secret_missing`, `secret_weak`, `private_key_invalid` */
export async function readSigningKey(given: SigningKey): Promise<ReadKey> {
  if ('privateKey' in given) return await readPrivateKey(given);
  return { algorithm: 'HS256', key: readSecret(given.secret), keyId: given.keyId?.trim() ?? null };
}

/** @throws {BillhookOptionError} `secret_missing`, `secret_weak` */
export function readSecret(given: unknown): Uint8Array {
  if (typeof given !== 'string' || given === '') {
    const must = 'is not set: give the secret that the BFF has for this host (its BILLHOOK_HOST_SECRET)';
    throw new BillhookOptionError('secret_missing', 'secret', must);
  }
  const secret = canonicalSecret(given);
  const bytes = new TextEncoder().encode(secret);
  // RFC 7518, 3.2: a key of the same size as the hash output or larger.
  if (bytes.length < 32)
    throw new BillhookOptionError('secret_weak', 'secret', 'must have at least 32 bytes (openssl rand -base64 32)');
  if (secret.includes('-----BEGIN '))
    throw new BillhookOptionError('secret_weak', 'secret', 'must be random bytes, not a PEM key');
  return bytes;
}

const wrong = (must: string, cause?: unknown) =>
  new BillhookOptionError('private_key_invalid', 'privateKey', must, cause);

async function readPrivateKey({ privateKey, algorithm, keyId }: Exclude<SigningKey, { secret: unknown }>) {
  if (!publicAlgorithms.includes(algorithm)) {
    throw new BillhookOptionError('private_key_invalid', 'algorithm', 'must be ES256, EdDSA or RS256');
  }
  const { key, name } = await importPrivate(privateKey, algorithm);
  const { modulusLength = Infinity } = key.algorithm as { readonly modulusLength?: number };
  if (modulusLength < 2048) throw wrong('must have at least 2048 bits');
  return { algorithm, key, keyId: keyId?.trim() ?? name };
}

async function importPrivate(
  given: unknown,
  algorithm: PublicAlgorithm,
): Promise<{ key: CryptoKey; name: string | null }> {
  const isRead = given instanceof CryptoKey;
  const jwk = isRead ? null : jwkOf(given);
  const found = isRead ? algorithmOfRead(given) : jwk === null ? algorithmOfPem(given) : algorithmOfJwk(jwk);
  if (found === null) throw wrong('must be a private key, in PEM (PKCS #8, not encrypted), as a JWK or as a CryptoKey');
  if (found !== algorithm) throw wrong(`must be a key for ${algorithm}; it is one for ${found}`);
  if (isRead) return { key: given, name: null };
  if (jwk?.alg !== undefined && jwk.alg !== algorithm && !(algorithm === 'EdDSA' && jwk.alg === 'Ed25519')) {
    throw wrong(`must be a key for ${algorithm}, which its "alg" denies`);
  }
  const { importJWK, importPKCS8 } = await import('jose/key/import');
  try {
    const key =
      jwk === null ? await importPKCS8(pemText(given), algorithm) : await importJWK({ ...jwk, alg: algorithm });
    return { key: key as CryptoKey, name: typeof jwk?.kid === 'string' ? jwk.kid : null };
  } catch (cause) {
    throw wrong('must be a private key that can be read', cause);
  }
}

/** An environment file cannot hold line ends, so they may be written as "\n" or "\r\n"; no PEM contains a backslash. */
export const pemText = (given: unknown): string =>
  String(given)
    .replaceAll(/(?:\\r)?\\n/g, '\n')
    .trim();

function jwkOf(given: unknown): JWK | null {
  if (typeof given === 'object') return given;
  if (typeof given !== 'string' || !given.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(given.trim()) as JWK;
  } catch {
    throw wrong('must be a JWK that can be read');
  }
}

/** By a JWK's `kty` and `crv`. */
const jwkKinds = new Map<string, PublicAlgorithm>([
  ['RSA', 'RS256'],
  ['EC P-256', 'ES256'],
  ['OKP Ed25519', 'EdDSA'],
]);

const algorithmOfJwk = ({ kty, crv = '', d }: JWK): PublicAlgorithm | null =>
  typeof d === 'string' ? (jwkKinds.get(`${kty} ${crv}`.trim()) ?? null) : null;

/** By the name of a CryptoKey's algorithm, and its curve or hash. */
const readKinds = new Map<string, PublicAlgorithm>([
  ['RSASSA-PKCS1-v1_5 SHA-256', 'RS256'],
  ['ECDSA P-256', 'ES256'],
  ['Ed25519', 'EdDSA'],
]);

type ReadAlgorithm = { readonly name: string; readonly namedCurve?: string; readonly hash?: { readonly name: string } };

function algorithmOfRead({ algorithm, usages }: CryptoKey): PublicAlgorithm | null {
  const { name, namedCurve, hash } = algorithm as ReadAlgorithm;
  const kind = `${name} ${namedCurve ?? hash?.name ?? ''}`.trim();
  return usages.includes('sign') ? (readKinds.get(kind) ?? null) : null;
}

/** The object identifiers that a PKCS #8 key names its algorithm by (RFC 5208, 8410, 5480), as hexadecimal DER. */
const identifiers: Record<PublicAlgorithm, string> = {
  ES256: '06082a8648ce3d030107',
  EdDSA: '06032b6570',
  RS256: '06092a864886f70d010101',
};

function algorithmOfPem(given: unknown): PublicAlgorithm | null {
  const body = /^-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----$/.exec(pemText(given))?.[1];
  if (body === undefined) return null;
  try {
    const head = atob(body.replaceAll(/\s/g, '')).slice(0, 48);
    const hex = Array.from(head, (character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join('');
    return publicAlgorithms.find((algorithm) => hex.includes(identifiers[algorithm])) ?? null;
  } catch {
    return null;
  }
}
