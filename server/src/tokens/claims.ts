/** The claims of a widget token, for both sides: the package that mints it and the BFF that verifies it. */

/** The token's `typ`: a token minted for another purpose with the same key is no widget token (RFC 8725, 3.11). */
export const tokenType = 'billhook-widget+jwt';

/** The longest life of a token, in seconds. */
export const maxTokenLife = 15 * 60;

export const scopes = ['billing:read', 'billing:manage', 'access'] as const;

export type Scope = (typeof scopes)[number];

export const accountMust = 'the account’s id, 1 to 255 characters';

/** No zero and no half of a pair: a database refuses them, or takes two such names for one. */
export const isAccount = (sub: unknown): sub is string =>
  typeof sub === 'string' && sub !== '' && sub.length <= 255 && !/[\0\p{Surrogate}]/u.test(sub);

export const customerMust = 'the id of a Stripe customer';

export const isCustomer = (id: unknown): id is string => typeof id === 'string' && /^cus_\w{1,60}$/.test(id);

export const emailMust = 'an e-mail address of at most 512 characters';

export const isEmail = (email: unknown): email is string =>
  typeof email === 'string' && email.length <= 512 && /^[^\s@]+@[^\s@]+$/.test(email);

export const nameMust = 'a name of 1 to 256 characters';

export const isName = (name: unknown): name is string =>
  typeof name === 'string' && name.trim() !== '' && name.length <= 256 && !/[\0\p{Surrogate}]/u.test(name);

/** A secret file ends in a newline, and only one of two programs trims it: without white space both have the same key (F16). */
export const canonicalSecret = (secret: string): string => secret.trim();

/** One server, however its address is written: a host's capitals, a default port and a last slash make no difference (F16). */
export function canonicalAudience(address: string): string {
  const text = address.trim();
  if (!URL.canParse(text)) return withoutSlash(text);
  const { origin, pathname, protocol } = new URL(text);
  return withoutSlash(/^https?:/.test(protocol) ? `${origin}${pathname}` : text);
}

/** As it was written, but for its last slash: other languages put the text that they are given into a token. */
export const withoutSlash = (address: string): string => address.trim().replace(/\/+$/, '');
