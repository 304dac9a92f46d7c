/** The bounds of each claim, and one form for secrets and addresses that are written in several. */

import { describe, expect, it } from 'vitest';
import {
  canonicalAudience,
  canonicalSecret,
  isAccount,
  isCustomer,
  isEmail,
  isName,
  withoutSlash,
} from '../../../server/src/tokens/claims.ts';

const half = '\uD800';
const long = (length: number) => 'x'.repeat(length);

describe.each<[string, (value: unknown) => boolean, unknown[], unknown[]]>([
  ['an account', isAccount, ['a', ' ', long(255)], ['', long(256), 'a\0', `a${half}`, 7, null, undefined]],
  [
    'a customer',
    isCustomer,
    ['cus_1', `cus_${long(60)}`],
    ['cus_', `cus_${long(61)}`, 'cus_1 ', ' cus_1', 'cus_1\n', 'xcus_1', 'CUS_1', 7, null, ['cus_1']],
  ],
  [
    'an e-mail address',
    isEmail,
    ['a@b', 'a@example.org', `${long(510)}@b`],
    [`${long(511)}@b`, 'a', '@b', 'a@', 'a b@c', 'a@b@c', 'a@b\n', 7, null, ['a@b']],
  ],
  ['a name', isName, ['a', ' a ', long(256)], ['', ' ', '\n', long(257), 'a\0', `${half}a`, 7, null, ['a']]],
])('%s', (_, is, right, wrong) => {
  it.each(right)('may be %j', (value) => expect(is(value)).toBe(true));
  it.each(wrong)('may not be %j', (value) => expect(is(value)).toBe(false));
});

describe('F16: white space and last slashes', () => {
  it('are no part of a secret, nor of an address as it was written', () => {
    expect(canonicalSecret(' \n a b \r\n')).toBe('a b');
    expect([' a// ', 'a', 'a/b/', '/'].map(withoutSlash)).toEqual(['a', 'a', 'a/b', '']);
  });

  it.each([
    [' HTTPS://A.Example:443/b// \n', 'https://a.example/b'],
    ['http://A.Example:80', 'http://a.example'],
    ['\u00A0https://A.Example/\u00A0', 'https://a.example'],
    ['https://a.example/b?c#d', 'https://a.example/b'],
    ['urn:Billing:one', 'urn:Billing:one'],
    ['xhttps://A.Example/b/', 'xhttps://A.Example/b'],
    [' Billing/ ', 'Billing'],
    ['', ''],
  ])('of %j', (written, canonical) => expect(canonicalAudience(written)).toBe(canonical));
});
