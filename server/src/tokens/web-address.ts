/** Addresses that an operator writes down: each is read by several parsers, and must be the same one to all of them. */

/** A name or an address: `*` is a letter to URL parsers, and matches nothing. */
const hostForm = /^(?:[\w.-]+|\[[\da-f:.]+\])$/;

/** As every parser reads it: no user, no backslash, no space or control character, which some leave out. */
export function isWebAddress(text: string): boolean {
  if (!URL.canParse(text) || /[\s\\\p{Cc}]/u.test(text) || !text.isWellFormed()) return false;
  const { protocol, username, password, hostname } = new URL(text);
  return hostForm.test(hostname) && /^https?:/.test(protocol) && username === '' && password === '';
}

/** https, so that nothing can be read or changed on the way; plain http never leaves this machine. */
export function isSafeAddress(text: string): boolean {
  if (!isWebAddress(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

/**
 * An origin as browsers send it, however an operator writes it: `HTTPS://App.example:443/` is `https://app.example`.
 *
 * @returns `null` for anything with a path, and for what is no web address
 */
export function originOf(text: string): string | null {
  return isWebAddress(text) && /^https?:\/\/[^/?#]+\/?$/i.test(text) ? new URL(text).origin : null;
}
