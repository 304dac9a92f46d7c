/**
 * Tokens that a host really signed, with headers and claims that a JWT may have and a widget token must not: the signature is
 * right, so that only the reading of the token stands between its words and an account.
 */

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hostSecret, problemOf, publicUrl, startBff, type TestBff } from '../server/support/bff.ts';
import { report } from './corpus.ts';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff();
});
afterAll(() => bff.close());

const now = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** @param payload - a text where JSON is not what `JSON.stringify` writes */
function signed(header: object, payload: object | string): string {
  const text = `${encode({ alg: 'HS256', typ: 'billhook-widget+jwt', ...header })}.${encode(payload)}`;
  return `${text}.${createHmac('sha256', hostSecret).update(text).digest('base64url')}`;
}
const claims = (change: object = {}) => ({
  iss: 'acme',
  aud: publicUrl,
  sub: 'team_1',
  iat: now(),
  exp: now() + 300,
  scope: 'billing:read',
  ...change,
});
/** The claims as text, with one that JSON.stringify would not write so. */
const spelled = (claim: string, text: string) =>
  JSON.stringify(claims({ [claim]: undefined })).replace(/\}$/, `,"${claim}":${text}}`);

const taken = [200, ''] as const;
const malformed = [401, 'token_malformed'] as const;
const invalid = [401, 'token_invalid'] as const;
const audience = [401, 'token_audience_wrong'] as const;
const expired = [401, 'token_expired'] as const;

const tokens: Record<string, readonly [token: () => string, right: readonly [number, string]]> = {
  // What the header may say, and nothing reads.
  'a header that demands an extension': [() => signed({ crit: ['exp'] }, claims()), invalid],
  'a header that demands nothing': [() => signed({ crit: [] }, claims()), malformed],
  'a payload that is not encoded': [() => signed({ crit: ['b64'], b64: false }, claims()), malformed],
  'b64 without its demand': [() => signed({ b64: false }, claims()), taken],
  'a packed payload': [() => signed({ zip: 'DEF' }, claims()), taken],
  'a key of its own': [() => signed({ jwk: { kty: 'oct', k: encode('x'.repeat(32)) } }, claims()), taken],
  'addresses of keys': [() => signed({ jku: 'https://evil.example', x5u: 'https://evil.example' }, claims()), taken],
  'a very long key id': [() => signed({ kid: 'k'.repeat(2_000) }, claims()), taken],
  'a key id that is a path': [() => signed({ kid: '../../dev/null' }, claims()), taken],
  'a key id that is a number': [() => signed({ kid: 1 }, claims()), malformed],
  'a key id that is a prototype': [() => signed({ kid: '__proto__' }, claims()), taken],
  'another type': [() => signed({ typ: 'JWT' }, claims()), invalid],
  'the whole name of the type': [() => signed({ typ: 'application/billhook-widget+jwt' }, claims()), taken],
  'no type': [() => signed({ typ: undefined }, claims()), invalid],
  'a list of algorithms': [() => signed({ alg: ['HS256'] }, claims()), malformed],
  // Times.
  'an end in words': [() => signed({}, claims({ exp: String(now() + 300) })), malformed],
  'an end in parts of a second': [() => signed({}, claims({ exp: now() + 300.5 })), taken],
  'an end beyond all numbers': [() => signed({}, spelled('exp', '1e999')), malformed],
  'an end that is no number': [() => signed({}, spelled('exp', 'NaN')), malformed],
  'an end that is nothing': [() => signed({}, claims({ exp: null })), malformed],
  'an end that is true': [() => signed({}, claims({ exp: true })), malformed],
  'an end in a list': [() => signed({}, claims({ exp: [now() + 300] })), malformed],
  'an end in milliseconds': [() => signed({}, claims({ exp: (now() + 300) * 1000 })), malformed],
  'an end before the epoch': [() => signed({}, claims({ exp: -1 })), expired],
  'an end before its beginning': [() => signed({}, claims({ iat: now() + 200, exp: now() + 100 })), taken],
  'a beginning before all times': [() => signed({}, spelled('iat', '-1e999')), malformed],
  'a beginning in words': [() => signed({}, claims({ iat: String(now()) })), malformed],
  'a beginning that is nothing': [() => signed({}, claims({ iat: null })), malformed],
  'a first moment in words': [() => signed({}, claims({ nbf: 'now' })), malformed],
  'a first moment to come': [() => signed({}, claims({ nbf: now() + 3_600 })), malformed],
  'a first moment beyond all': [() => signed({}, spelled('nbf', '1e999')), malformed],
  'a first moment before all': [() => signed({}, spelled('nbf', '-1e999')), taken],
  // The audience.
  'several audiences': [() => signed({}, claims({ aud: ['https://evil.example', publicUrl] })), taken],
  'an audience in a list of lists': [() => signed({}, claims({ aud: [[publicUrl]] })), audience],
  'an audience with other letters': [() => signed({}, claims({ aud: publicUrl.toUpperCase() })), audience],
  'an audience with a path': [() => signed({}, claims({ aud: `${publicUrl}/v1` })), audience],
  'an audience of two slashes': [() => signed({}, claims({ aud: `${publicUrl}//` })), audience],
  'no audience': [() => signed({}, claims({ aud: undefined })), audience],
  'an empty list of audiences': [() => signed({}, claims({ aud: [] })), audience],
  // Who.
  'a name said twice': [() => signed({}, spelled('sub', '"team_2","sub":"team_1"')), taken],
  'a name that is a number': [() => signed({}, claims({ sub: 7 })), malformed],
  'a name in a list': [() => signed({}, claims({ sub: ['team_1'] })), malformed],
  'an empty name': [() => signed({}, claims({ sub: '' })), malformed],
  'a name with a zero': [() => signed({}, claims({ sub: 'team\0' })), malformed],
  'half a letter': [() => signed({}, spelled('sub', String.raw`"team\ud83e"`)), malformed],
  'a host in a list': [() => signed({}, claims({ iss: ['acme'] })), malformed],
  'a host that is a prototype': [() => signed({}, claims({ iss: '__proto__' })), [401, 'token_issuer_unknown']],
  'a host in other letters': [() => signed({}, claims({ iss: 'ACME' })), [401, 'token_issuer_unknown']],
  // Rights.
  'rights in an object': [() => signed({}, claims({ scope: { 'billing:read': true } })), malformed],
  'rights in a list of lists': [() => signed({}, claims({ scope: [['billing:read']] })), malformed],
  'rights with a tab': [() => signed({}, claims({ scope: 'billing:manage\tbilling:read' })), [403, 'scope_missing']],
  'no rights': [() => signed({}, claims({ scope: '' })), [403, 'scope_missing']],
  'rights in other letters': [() => signed({}, claims({ scope: 'BILLING:READ' })), [403, 'scope_missing']],
  // JSON.
  'a list of claims': [() => signed({}, '[1]'), malformed],
  'claims with a mark before them': [() => signed({}, `\uFEFF${JSON.stringify(claims())}`), taken],
  'claims of great depth': [() => signed({}, claims({ deep: JSON.parse('['.repeat(500) + ']'.repeat(500)) })), taken],
  'claims with a prototype': [() => signed({}, spelled('__proto__', '{"sub":"team_2","scope":"access"}')), taken],
};

it('no token that a host signed is read as more than it says', async () => {
  const wrong: string[] = [];
  for (const [name, [token, [status, code]]] of Object.entries(tokens)) {
    const response = await bff.call('/v1/billing', { token: token() });
    const said = response.status === 200 ? '' : (await problemOf(response)).code;
    if (response.status !== status || said !== code) wrong.push(`${name}: ${response.status} ${said}`);
  }
  report('tokens that a host signed', { tried: Object.keys(tokens).length, wrong: wrong.length });
  expect(wrong).toEqual([]);
});
