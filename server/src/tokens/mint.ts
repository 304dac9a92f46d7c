/** Mints a widget token: a host backend's signed word on the account that is signed in, and its rights. */

import { randomUUID } from 'node:crypto';
import { SignJWT, type JWK, type JWTPayload } from 'jose';
import { importPrivateKey, importSecret, publicAlgorithms, type PublicAlgorithm, type TokenKey } from './keys.ts';
import {
  accountMust,
  customerMust,
  isAccount,
  isCustomer,
  maxTokenLife,
  scopes,
  tokenType,
  type Scope,
} from './verify.ts';

/**
 * A host's signing key: a secret that it shares with the server, or a private key of which the server has the public
 * half.
 */
export type SigningKey =
  | {
      /** The host's secret, at least 32 bytes (HS256). */
      readonly secret: string;
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

export interface TokenContents {
  /** The host's id at the BFF (`iss`). */
  readonly issuer: string;
  /** The BFF's public address (`aud`), exactly as the BFF has it. */
  readonly audience: string;
  /** The host's own id of the payer (`sub`), 1 to 255 characters. */
  readonly account: string;
  /** The token's scopes. Default: `['billing:read', 'billing:manage']`. */
  readonly scope?: readonly Scope[];
  /** Seconds, at most 900. Default: 300. */
  readonly expiresIn?: number;
  /** Introduces this Stripe customer (`cus_…`) as the account's, to be checked and linked once. Default: nobody. */
  readonly customer?: string;
}

export type MintOptions = SigningKey & TokenContents;

/**
 * Mints a widget token. A host backend calls this for its signed-in user, after its own checks.
 *
 * @example
 * ```ts
 * const token = await mintWidgetToken({
 *   secret: process.env.BILLHOOK_HOST_SECRET,
 *   issuer: 'acme',
 *   audience: 'https://billing.acme.example',
 *   account: user.teamId,
 * });
 *
 * // With a private key, so that the BFF can check tokens and not make them:
 * const signed = await mintWidgetToken({
 *   privateKey: process.env.BILLHOOK_PRIVATE_KEY,
 *   algorithm: 'ES256',
 *   keyId: '2026-08',
 *   …
 * });
 * ```
 *
 * @throws {TypeError} when the key is too weak or not the algorithm's, the life longer than 900 s, or a claim one that
 *   the BFF would refuse.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515 RFC 7515} for how a token is written
 */
export async function mintWidgetToken(options: MintOptions): Promise<string> {
  const { issuer, audience, account, scope = ['billing:read', 'billing:manage'], expiresIn = 300, customer } = options;
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > maxTokenLife) {
    throw new TypeError(`expiresIn must be 1 to ${maxTokenLife} whole seconds`);
  }
  if (!isAccount(account)) throw new TypeError(`account must be ${accountMust}`);
  if (!scope.every((one) => scopes.includes(one))) throw new TypeError(`scope must be of ${scopes.join(', ')}`);
  if (customer !== undefined && !isCustomer(customer)) throw new TypeError(`customer must be ${customerMust}`);

  const { key, algorithm, keyId } = signingKey(options);
  const claims: JWTPayload = {
    scope: scope.join(' '),
    ...(customer === undefined ? {} : { stripe_customer: customer }),
  };
  // Read once: two readings may lie in two seconds, and make the longest life a second too long.
  const now = Math.floor(Date.now() / 1000);
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: tokenType, ...(keyId === null ? {} : { kid: keyId }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(account)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + expiresIn)
    .sign(key);
}

function signingKey(options: SigningKey): TokenKey {
  if ('secret' in options) return importSecret(options.secret, options.keyId ?? null);
  const { privateKey, algorithm, keyId } = options;
  if (!publicAlgorithms.includes(algorithm)) throw new TypeError('algorithm must be ES256, EdDSA or RS256');
  // Of a CryptoKey, jose checks that it fits the algorithm when it signs.
  if (privateKey instanceof CryptoKey) return { keyId: keyId ?? null, algorithm, key: privateKey };
  try {
    const key = importPrivateKey(privateKey, algorithm);
    return keyId === undefined ? key : { ...key, keyId };
  } catch (cause) {
    throw new TypeError(`privateKey ${(cause as TypeError).message}`, { cause });
  }
}
