/**
 * The widget token: a short-lived JWT that a host backend mints for its signed-in user and the BFF verifies. It names
 * the account (`sub`, the host's own id) and its rights (`scope`); the customer at Stripe is never taken from it,
 * except to introduce one that is then checked.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519 RFC 7519} and {@link https://www.rfc-editor.org/rfc/rfc8725 RFC 8725}
 */

import { createHmac, hash, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import * as errors from 'jose/errors';
import { decodeJwt } from 'jose/jwt/decode';
import { jwtVerify } from 'jose/jwt/verify';
import { BillhookError } from '../problem.ts';
import {
  accountMust,
  canonicalAudience,
  customerMust,
  emailMust,
  isAccount,
  isCustomer,
  isEmail,
  isName,
  maxTokenLife,
  nameMust,
  tokenType,
  withoutSlash,
} from './claims.ts';
import { headerNames, importPublicKey, importSecret, type GivenPublicKey, type TokenKey } from './keys.ts';

/** Seconds for which a token is taken after its end. */
const clockSkew = 30;

/** Seconds by which a host's clock may be ahead of ours: an `iat` in the future does no harm, `exp` ends the token. */
const aheadMost = 5 * 60;

/** The claims that the BFF reads. Any other one is named to the operator: a misspelt one would be ignored in silence. */
const knownClaims = new Set([
  'iss',
  'aud',
  'sub',
  'iat',
  'nbf',
  'exp',
  'jti',
  'scope',
  'stripe_customer',
  'email',
  'name',
]);

/** Verified tokens that are remembered. */
const mostRemembered = 10_000;

/** The claims of a verified token. */
export interface WidgetClaims {
  readonly host: string;
  readonly account: string;
  readonly scopes: ReadonlySet<string>;
  readonly introduces: string | null;
  /** Details at Stripe of a customer that is made for the account. Absent without a claim about it. */
  readonly payer?: { readonly email?: string; readonly name?: string };
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** Hears of claims that nothing reads, once a token. */
export type OnUnknownClaims = (host: string, names: readonly string[]) => void;

/** @param now - Unix milliseconds */
export interface VerifyWidgetToken {
  (token: string, now: number): Promise<WidgetClaims>;
  /** The claims of a token that was verified before and still holds; `null` says nothing about a token. */
  remembered(token: string, now: number): WidgetClaims | null;
}

/** The keys of one host: those that it gave, and where it publishes more. */
export interface HostKeys {
  readonly keys: readonly TokenKey[];
  readonly jwks: { find(keyId: string | null, now: number): Promise<readonly TokenKey[]> } | null;
}

/**
 * Makes the function that verifies tokens. Verified tokens are remembered, by hash and bounded, until they expire: so a
 * key that is withdrawn ends with the last token it signed, at most 15 minutes later.
 *
 * @param audience - the BFF's public address
 * @param keysOf - the keys of a host, or `null` for a host that is not ours
 * @param most - verified tokens that are remembered
 * @returns Rejects with a {@link BillhookError}: `token_malformed`, `token_issuer_unknown`, `token_invalid`,
 *   `token_audience_wrong`, `token_expired`, `token_keys_unavailable`.
 */
export function widgetTokenVerifier(
  audience: string,
  keysOf: (host: string) => HostKeys | null,
  onUnknownClaims: OnUnknownClaims = () => undefined,
  most = mostRemembered,
): VerifyWidgetToken {
  const verified = new Map<string, { readonly claims: WidgetClaims; readonly at: number }>();

  return Object.assign(verifyWidgetToken, {
    remembered: (token: string, now: number) => rememberedBy(hashOf(token), now),
  });

  function rememberedBy(key: string, now: number): WidgetClaims | null {
    const known = verified.get(key);
    // After a clock was set back, a remembered token would outlive the key that signed it: it is verified again.
    return known !== undefined && known.at <= now && holds(known.claims, now) ? known.claims : null;
  }

  async function verifyWidgetToken(token: string, now: number): Promise<WidgetClaims> {
    const key = hashOf(token);
    const known = rememberedBy(key, now);
    if (known) return known;
    const claims = await verify(token, audience, keysOf, now, onUnknownClaims);

    // Only what a host signed gets here: no one can push others out with tokens of their own making.
    for (const oldest of verified.keys()) {
      if (verified.size < most) break;
      verified.delete(oldest);
    }
    verified.set(key, { claims, at: now });
    return claims;
  }
}

const hashOf = (token: string): string => hash('sha256', token);

const holds = ({ expiresAt }: WidgetClaims, now: number): boolean => expiresAt + clockSkew * 1000 > now;

export interface VerifyOptions {
  /** The host's id at the BFF (`iss`). */
  readonly issuer: string;
  /** The BFF's public address (`aud`). */
  readonly audience: string;
  /** Secrets, each of at least 32 bytes, with its `kid` where tokens name one. Default: none. */
  readonly secrets?: readonly (string | { readonly secret: string; readonly keyId: string })[];
  /** Public keys, each with its `kid` where tokens name one. Default: none. */
  readonly publicKeys?: readonly GivenPublicKey[];
  /** Unix milliseconds. Default: `Date.now()`. */
  readonly now?: number;
}

/**
 * Verifies one token by the BFF's own rules: for a host backend that wants to check its own tokens, or that is handed a
 * widget token. The BFF itself needs no such call.
 *
 * @example
 * ```ts
 * const { account, scopes } = await verifyWidgetToken(token, {
 *   issuer: 'acme',
 *   audience: 'https://billing.acme.example',
 *   secrets: [process.env.BILLHOOK_HOST_SECRET],
 * });
 * ```
 *
 * @throws {BillhookError} `token_malformed`, `token_issuer_unknown`, `token_invalid`, `token_audience_wrong`,
 *   `token_expired`.
 * @throws {TypeError} when a key is too weak or cannot be read.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519#section-7.2 RFC 7519, 7.2}
 */
export async function verifyWidgetToken(token: string, options: VerifyOptions): Promise<WidgetClaims> {
  const { issuer, audience, secrets = [], publicKeys = [], now = Date.now() } = options;
  const keys = [
    ...secrets.map((given) =>
      typeof given === 'string' ? importSecret(given, null) : importSecret(given.secret, given.keyId),
    ),
    ...publicKeys.map(importPublicKey),
  ];
  return await verify(
    token,
    audience,
    (host) => (host === issuer ? { keys, jwks: null } : null),
    now,
    () => undefined,
  );
}

async function verify(
  token: string,
  audience: string,
  keysOf: (host: string) => HostKeys | null,
  now: number,
  onUnknownClaims: OnUnknownClaims,
): Promise<WidgetClaims> {
  const { issuer, keyId, algorithm } = unverified(token);
  const host = keysOf(issuer);
  if (!host) throw new BillhookError('token_issuer_unknown', { claimed: { issuer } });

  // The token's header only picks among keys; the key alone says how it is used.
  const fitting = (keys: readonly TokenKey[]) =>
    keys.filter(
      (key) =>
        headerNames[key.algorithm].includes(algorithm) && (keyId === null || key.keyId === null || key.keyId === keyId),
    );
  const expected = { issuer, audience, now };
  let payload = await verifyWithAny(token, fitting(host.keys), expected);
  // Published keys are public ones: a token that names another algorithm is not worth a question.
  const published = Object.entries(headerNames).some(([own, names]) => own !== 'HS256' && names.includes(algorithm));
  if (!payload && host.jwks && published) {
    payload = await verifyWithAny(token, fitting(await host.jwks.find(keyId, now)), expected);
  }
  if (!payload) throw new BillhookError('token_invalid', { claimed: { issuer } });
  const claims = claimsOf(issuer, payload, now);
  const unknown = Object.keys(payload).filter((name) => !knownClaims.has(name));
  if (unknown.length > 0) onUnknownClaims(claims.host, unknown);
  return claims;
}

/** The token's own header, only to find the key. */
function unverified(token: string): { issuer: string; keyId: string | null; algorithm: string } {
  if (token.length > 4096) throw new BillhookError('token_malformed');
  // A forgiving decoder would give one token several spellings, and so several places in any cache or deny-list.
  const parts = token.split('.');
  const canonical = parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
  // Other than three parts: refused before the library makes an error of it, which costs more than a good request.
  if (!canonical || parts.length !== 3) throw new BillhookError('token_malformed');
  try {
    const { iss } = decodeJwt(token);
    const { kid = null, alg } = decodeProtectedHeader(token) as { kid?: unknown; alg?: unknown };
    if (typeof iss === 'string' && typeof alg === 'string' && (kid === null || typeof kid === 'string')) {
      return { issuer: iss, keyId: kid, algorithm: alg };
    }
  } catch (cause) {
    throw new BillhookError('token_malformed', { cause });
  }
  throw new BillhookError('token_malformed');
}

type Expected = { readonly issuer: string; readonly audience: string; readonly now: number };

/** The payload, or `null` when none of the keys signed the token. */
async function verifyWithAny(token: string, keys: readonly TokenKey[], expected: Expected): Promise<JWTPayload | null> {
  const audiences = [canonicalAudience(expected.audience), withoutSlash(expected.audience)];
  for (const { key, algorithm } of candidates(token, keys)) {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [...headerNames[algorithm]],
        typ: tokenType,
        issuer: expected.issuer,
        audience: audiences.flatMap((audience) => [audience, `${audience}/`]),
        // For "nbf"; the end is looked at more closely below.
        clockTolerance: aheadMost,
        currentDate: new Date(expected.now),
      });
      return payload;
    } catch (cause) {
      if (!(cause instanceof errors.JWSSignatureVerificationFailed)) throw refused(cause, expected.issuer);
    }
  }
  return null;
}

/** Each key, and then the spellings of a secret that made the signature: a token of the first one costs no other hash. */
function* candidates(token: string, keys: readonly TokenKey[]) {
  for (const { key, algorithm, untrimmed = [] } of keys) {
    yield { key, algorithm };
    for (const spelling of untrimmed) if (signed(token, spelling)) yield { key: spelling, algorithm };
  }
}

/** One hash, and no more, for a stranger's bytes. */
function signed(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  const made = createHmac('sha256', key).update(token.slice(0, end)).digest();
  const given = Buffer.from(token.slice(end + 1), 'base64url');
  return made.length === given.length && timingSafeEqual(made, given);
}

function refused(cause: unknown, issuer: string): BillhookError {
  if (cause instanceof errors.JWTExpired) return new BillhookError('token_expired', { cause });
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'aud') {
      const { aud = [] } = cause.payload;
      const claimed = { issuer, audience: [aud].flat().join(' ') };
      return new BillhookError('token_audience_wrong', { cause, claimed });
    }
    if (cause.claim === 'typ') return new BillhookError('token_invalid', { cause });
    return new BillhookError('token_malformed', {
      cause,
      detail: `The widget token’s claim "${cause.claim}" is missing or wrong.`,
    });
  }
  const malformed = cause instanceof errors.JWSInvalid || cause instanceof errors.JWTInvalid;
  return new BillhookError(malformed ? 'token_malformed' : 'token_invalid', { cause });
}

function claimsOf(host: string, payload: JWTPayload, now: number): WidgetClaims {
  const { sub, scope, iat, exp, ...optional } = payload;
  // JSON's null is what most languages write for a value that there is not.
  const introduces = optional['stripe_customer'] ?? undefined;
  const email = optional['email'] ?? undefined;
  const name = optional['name'] ?? undefined;
  const wrong = (claim: string, must: string) =>
    new BillhookError('token_malformed', { detail: `The widget token’s claim "${claim}" must be ${must}.` });

  if (!isAccount(sub)) throw wrong('sub', accountMust);
  const scopes = typeof scope === 'string' ? scope.split(' ') : scope;
  if (!Array.isArray(scopes) || !scopes.every((each) => typeof each === 'string')) {
    throw wrong('scope', 'scopes separated by spaces, or a list of them');
  }
  if (iat === undefined) throw wrong('iat', 'the time at which the token was made, in seconds since 1970');
  if (exp === undefined || exp - iat > maxTokenLife) {
    throw wrong('exp', `at most ${maxTokenLife} seconds after "iat"`);
  }
  if (iat > now / 1000 + aheadMost) {
    throw wrong('iat', 'in the past: the clock of the machine that made the token is minutes ahead');
  }
  if (introduces !== undefined && !isCustomer(introduces)) throw wrong('stripe_customer', customerMust);
  if (email !== undefined && !isEmail(email)) throw wrong('email', emailMust);
  if (name !== undefined && !isName(name)) throw wrong('name', nameMust);
  const payer = { ...(email === undefined ? {} : { email }), ...(name === undefined ? {} : { name }) };
  if (exp <= now / 1000 - clockSkew) throw new BillhookError('token_expired');
  return {
    host,
    account: sub,
    scopes: new Set(scopes as string[]),
    introduces: introduces ?? null,
    ...(email === undefined && name === undefined ? {} : { payer }),
    expiresAt: exp * 1000,
  };
}
