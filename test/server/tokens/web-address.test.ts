/** The addresses that an operator may write down: each the same one to every parser. */

import { describe, expect, it } from 'vitest';
import { isSafeAddress, isWebAddress, originOf } from '../../../server/src/tokens/web-address.ts';

const good = [
  'https://a.example',
  'http://a.example:8080/b?c#d',
  'HTTPS://A-1.Example/',
  'https://127.0.0.1',
  'https://[2001:db8::1]/',
];
const bad = [
  'a.example',
  'ftp://a.example',
  'xhttps://a.example',
  'https://a@a.example',
  'https://:b@a.example',
  'https://a:b@a.example',
  'https://*.a.example',
  'https://a.example\\b',
  'https://a.example/ b',
  'https://a.example/\u0000',
  'https://a.example/\uD800',
  ' https://a.example',
];

describe('a web address', () => {
  it.each(good)('may be %j', (text) => expect(isWebAddress(text)).toBe(true));
  it.each(bad)('may not be %j', (text) => {
    expect([isWebAddress(text), isSafeAddress(text), originOf(text)]).toEqual([false, false, null]);
  });
});

describe('an address that nothing can be read on the way to', () => {
  it.each([
    'https://a.example',
    'http://localhost:80',
    'http://127.0.0.1',
    'http://127.10.20.255/a',
    'http://[::1]:80',
  ])('may be %j', (text) => expect(isSafeAddress(text)).toBe(true));
  it.each([
    'http://a.example',
    'http://localhost.a.example',
    'http://a.localhost',
    'http://127.0.0.1.a.example',
    'http://[::2]',
  ])('may not be %j', (text) => expect(isSafeAddress(text)).toBe(false));
});

describe('an origin', () => {
  it.each([
    ['https://a.example', 'https://a.example'],
    ['HTTPS://A.Example:443/', 'https://a.example'],
    ['http://a.example:8080', 'http://a.example:8080'],
  ])('%j is %s', (text, origin) => expect(originOf(text)).toBe(origin));
  it.each([
    'https://a.example/b',
    'https://a.example/https://b.example',
    'https://a.example//',
    'https://a.example?',
    'https://a.example#',
    'https:/a.example',
    'https:a',
  ])('may not be %j', (text) => expect(originOf(text)).toBeNull());
});
