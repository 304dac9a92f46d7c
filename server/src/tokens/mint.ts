/** Mints a widget token: a host backend's signed word on the account that is signed in, and its rights. */

import type { JWTPayload } from 'jose';
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
  scopes,
  tokenType,
  type Scope,
} from './claims.ts';
import { BillhookOptionError, type OptionErrorCode } from './option-error.ts';
import { readSigningKey, type SigningKey } from './signing-key.ts';

export interface TokenContents {
  /** The host's id at the BFF (`iss`). */
  readonly issuer: string;
  /** The BFF's public address (`aud`). A slash at its end makes no difference. */
  readonly audience: string;
  /** The host's own id of the payer (`sub`), 1 to 255 characters. */
  readonly account: string;
  /** The actions that the token allows, as a list or separated by spaces. Default: `['billing:read', 'billing:manage']`. */
  readonly scope?: readonly Scope[] | string;
  /** Seconds, at most 900. Default: 300. */
  readonly expiresIn?: number;
  /** Introduces this Stripe customer (`cus_…`) as the account's, to be checked and linked once. Default: `null`, none. */
  readonly customer?: string | null;
  /** Of the payer, for the customer that Stripe makes at a first purchase. Billhook stores neither. Default: `null`, none. */
  readonly email?: string | null;
  readonly name?: string | null;
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
 * @throws {BillhookOptionError} (a `TypeError`) `secret_missing`, `secret_weak`, `private_key_invalid`, `issuer_missing`,
 *   `audience_invalid`, `account_invalid`, `scope_invalid`, `expires_in_invalid`, `customer_invalid`, `email_invalid`,
 *   `name_invalid`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515 RFC 7515} for how a token is written
 */
export async function mintWidgetToken(options: MintOptions): Promise<string> {
  must(typeof options === 'object' && options !== null, 'option_invalid', 'options', 'must be an object');
  const { issuer, audience, account, expiresIn = 300 } = options;
  const customer = options.customer ?? undefined;
  const email = options.email ?? undefined;
  const name = options.name ?? undefined;
  const scope = scopesOf(options.scope ?? ['billing:read', 'billing:manage']);
  must(
    typeof issuer === 'string' && issuer.trim() !== '',
    'issuer_missing',
    'issuer',
    'must be the host’s id at the BFF',
  );
  must(isWebAddress(audience), 'audience_invalid', 'audience', 'must be the BFF’s public address, https://…');
  must(
    Number.isInteger(expiresIn) && expiresIn >= 1 && expiresIn <= maxTokenLife,
    'expires_in_invalid',
    'expiresIn',
    `must be 1 to ${maxTokenLife} whole seconds`,
  );
  must(isAccount(account), 'account_invalid', 'account', `must be ${accountMust}`);
  must(customer === undefined || isCustomer(customer), 'customer_invalid', 'customer', `must be ${customerMust}`);

  must(email === undefined || isEmail(email), 'email_invalid', 'email', `must be ${emailMust}`);
  must(name === undefined || isName(name), 'name_invalid', 'name', `must be ${nameMust}`);

  const { key, algorithm, keyId } = await readSigningKey(options);
  // An undefined claim is not written.
  const claims: JWTPayload = { scope: scope.join(' '), stripe_customer: customer, email, name };
  // Half of what a host's package loads, and not needed by a module that is imported alone: `next build`, a guard of a kept answer.
  const { SignJWT } = await import('jose/jwt/sign');
  // Read once: two readings may lie in two seconds, and make the longest life a second too long.
  const now = Math.floor(Date.now() / 1000);
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: tokenType, ...(keyId === null ? {} : { kid: keyId }) })
    .setIssuer(issuer.trim())
    .setAudience(canonicalAudience(audience))
    .setSubject(account)
    .setJti(crypto.randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + expiresIn)
    .sign(key);
}

function scopesOf(given: unknown): readonly string[] {
  const list: unknown = typeof given === 'string' ? given.split(/[\s,]/).filter(Boolean) : given;
  const known: readonly unknown[] = scopes;
  if (Array.isArray(list) && list.length > 0 && list.every((each) => known.includes(each))) return list as string[];
  throw new BillhookOptionError('scope_invalid', 'scope', `must be of ${scopes.join(', ')}`);
}

const isWebAddress = (text: unknown) =>
  typeof text === 'string' && URL.canParse(text) && /^https?:/.test(new URL(text).protocol);

function must(holds: boolean, code: OptionErrorCode, option: string, words: string): void {
  if (!holds) throw new BillhookOptionError(code, option, words);
}
