/** How Stripe prints and signs what it sends (WH-1). */

import { createHmac } from 'node:crypto';

/**
 * JSON as Ruby prints it: two spaces, and a line break inside empty arrays and hashes. A verifier that parses and prints
 * again before it checks the signature fails here, as it does with the real thing.
 */
export function prettyJson(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return `[\n\n${indent}]`;
    return `[\n${value.map((entry) => inner + prettyJson(entry, inner)).join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    if (entries.length === 0) return `{\n${indent}}`;
    return `{\n${entries.map(([key, entry]) => `${inner}${JSON.stringify(key)}: ${prettyJson(entry, inner)}`).join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value);
}

/**
 * The `Stripe-Signature` header.
 *
 * @param secrets - while a secret is being rolled there are two, and one `v1` for each
 * @param at - Unix seconds of sending, by the real clock: receivers compare it with theirs
 */
export function signatureHeader(body: string, secrets: readonly string[], at: number): string {
  const sign = (secret: string): string => createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return [`t=${at}`, ...secrets.map((secret) => `v1=${sign(secret)}`)].join(',');
}
