/**
 * The widget token: a short-lived JWT that a host backend mints for its signed-in user and the BFF verifies. It says who
 * pays (`sub`, the host's own account id) and what they may do (`scope`); the customer at Stripe is never taken from it,
 * except to introduce one that is then checked.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519 RFC 7519} and {@link https://www.rfc-editor.org/rfc/rfc8725 RFC 8725}
 */

import { createHash, randomUUID } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { BillhookError } from './problem.ts';

/** The token's `typ`: a token minted for another purpose with the same secret is no widget token (RFC 8725, 3.11). */
export const tokenType = 'billhook-widget+jwt';

/** The longest life of a token, in seconds. */
export const maxTokenLife = 15 * 60;

/** How far two clocks may differ, in seconds. */
const clockSkew = 30;

const cacheSize = 10_000;

export type Scope = 'billing:read' | 'billing:manage' | 'access';

export interface MintOptions {
  /** The host's secret, at least 32 bytes. */
  readonly secret: string;
  /** Which of several keys this is, where the BFF knows several. */
  readonly keyId?: string;
  /** The host's id at the BFF (`iss`). */
  readonly issuer: string;
  /** The BFF's public address (`aud`). */
  readonly audience: string;
  /** The host's own id of who pays (`sub`). */
  readonly account: string;
  /** Default: `['billing:read', 'billing:manage']`. */
  readonly scope?: readonly Scope[];
  /** Seconds, at most 900. Default: 300. */
  readonly expiresIn?: number;
  /** Introduces this Stripe customer (`cus_…`) as the account's, to be checked and linked once. */
  readonly customer?: string;
}

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
 * ```
 *
 * @throws {TypeError} when the secret is shorter than 32 bytes or the life longer than 900 s.
 */
export async function mintWidgetToken(options: MintOptions): Promise<string> {
  const expiresIn = options.expiresIn ?? 300;
  if (!(expiresIn > 0 && expiresIn <= maxTokenLife))
    throw new TypeError(`expiresIn must be 1 to ${maxTokenLife} seconds`);
  const claims: JWTPayload = {
    scope: (options.scope ?? ['billing:read', 'billing:manage']).join(' '),
    ...(options.customer === undefined ? {} : { stripe_customer: options.customer }),
  };
  return await new SignJWT(claims)
    .setProtectedHeader({
      alg: 'HS256',
      typ: tokenType,
      ...(options.keyId === undefined ? {} : { kid: options.keyId }),
    })
    .setIssuer(options.issuer)
    .setAudience(options.audience)
    .setSubject(options.account)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${expiresIn}s`)
    .sign(secretBytes(options.secret));
}

/** A key that a host signs with. The algorithm belongs to the key, never to the token. */
export interface TokenKey {
  readonly keyId: string | null;
  readonly algorithm: 'HS256';
  readonly key: CryptoKey;
}

/** Reads a shared secret once; a CryptoKey verifies half again as fast as raw bytes. */
export async function importSecret(secret: string, keyId: string | null): Promise<TokenKey> {
  const key = await crypto.subtle.importKey('raw', secretBytes(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'verify',
  ]);
  return { keyId, algorithm: 'HS256', key };
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(secret);
  // RFC 7518, 3.2: a key of the same size as the hash output or larger.
  if (bytes.length < 32) throw new TypeError('a host secret must have at least 32 bytes');
  return bytes;
}

/** What a verified token says. */
export interface WidgetClaims {
  readonly host: string;
  readonly account: string;
  readonly scopes: ReadonlySet<string>;
  readonly introduces: string | null;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

export type VerifyWidgetToken = (token: string, now: number) => Promise<WidgetClaims>;

/**
 * Makes the function that verifies tokens. Verified tokens are remembered, by hash and bounded, until they expire.
 *
 * @param audience The BFF's public address.
 * @param keysOf The keys of a host, or `null` for a host that is not ours.
 * @returns Rejects with a {@link BillhookError}: `token_malformed`, `token_issuer_unknown`, `token_invalid`,
 *   `token_audience_wrong`, `token_expired`.
 */
export function widgetTokenVerifier(
  audience: string,
  keysOf: (host: string) => readonly TokenKey[] | null,
): VerifyWidgetToken {
  const verified = new Map<string, WidgetClaims>();

  return async function verifyWidgetToken(token, now) {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = verified.get(hash);
    if (known) {
      if (known.expiresAt + clockSkew * 1000 > now) return known;
      verified.delete(hash);
      throw new BillhookError('token_expired');
    }

    const { issuer, keyId } = unverified(token);
    const keys = keysOf(issuer)?.filter((key) => keyId === null || key.keyId === null || key.keyId === keyId);
    if (!keys) throw new BillhookError('token_issuer_unknown');
    const payload = await verifyWithAny(token, keys, { issuer, audience, now });
    const claims = claimsOf(payload);

    const oldest = verified.size >= cacheSize ? verified.keys().next().value : undefined;
    if (oldest !== undefined) verified.delete(oldest);
    verified.set(hash, claims);
    return claims;
  };
}

/** What the token says of itself, only to find the key. */
function unverified(token: string): { issuer: string; keyId: string | null } {
  // A forgiving decoder would give one token several spellings, and so several places in any cache or deny-list.
  const canonical = token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
  if (!canonical || token.length > 4096) throw new BillhookError('token_malformed');
  try {
    const { iss } = decodeJwt(token);
    const { kid } = decodeProtectedHeader(token);
    if (typeof iss !== 'string') throw new BillhookError('token_malformed');
    return { issuer: iss, keyId: kid ?? null };
  } catch (cause) {
    throw cause instanceof BillhookError ? cause : new BillhookError('token_malformed', { cause });
  }
}

type Expected = { readonly issuer: string; readonly audience: string; readonly now: number };

async function verifyWithAny(token: string, keys: readonly TokenKey[], expected: Expected): Promise<JWTPayload> {
  for (const { key, algorithm } of keys) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        typ: tokenType,
        issuer: expected.issuer,
        audience: expected.audience,
        clockTolerance: clockSkew,
        maxTokenAge: maxTokenLife,
        requiredClaims: ['sub', 'iat', 'exp', 'jti', 'scope'],
        currentDate: new Date(expected.now),
      });
      return payload;
    } catch (cause) {
      if (!(cause instanceof errors.JWSSignatureVerificationFailed)) throw refused(cause);
    }
  }
  throw new BillhookError('token_invalid');
}

function refused(cause: unknown): BillhookError {
  if (cause instanceof errors.JWTExpired) return new BillhookError('token_expired', { cause });
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'aud') return new BillhookError('token_audience_wrong', { cause });
    if (cause.claim === 'typ') return new BillhookError('token_invalid', { cause });
    return new BillhookError('token_malformed', {
      cause,
      detail: `The widget token’s claim "${cause.claim}" is missing or wrong.`,
    });
  }
  const malformed = cause instanceof errors.JWSInvalid || cause instanceof errors.JWTInvalid;
  return new BillhookError(malformed ? 'token_malformed' : 'token_invalid', { cause });
}

function claimsOf({ iss, sub, scope, iat, exp, stripe_customer: introduces }: JWTPayload): WidgetClaims {
  const wrong = (claim: string, must: string) =>
    new BillhookError('token_malformed', { detail: `The widget token’s claim "${claim}" must be ${must}.` });

  if (typeof iss !== 'string' || typeof sub !== 'string' || sub === '' || sub.length > 255) {
    throw wrong('sub', 'the account’s id, 1 to 255 characters');
  }
  if (typeof scope !== 'string') throw wrong('scope', 'scopes separated by spaces');
  if (exp === undefined || iat === undefined || exp - iat > maxTokenLife) {
    throw wrong('exp', `at most ${maxTokenLife} seconds after "iat"`);
  }
  if (introduces !== undefined && (typeof introduces !== 'string' || !/^cus_\w{1,60}$/.test(introduces))) {
    throw wrong('stripe_customer', 'the id of a Stripe customer');
  }
  return {
    host: iss,
    account: sub,
    scopes: new Set(scope.split(' ')),
    introduces: introduces ?? null,
    expiresAt: exp * 1000,
  };
}
