/** Paths that a proxy before the server may read differently than its router: no route has them. */

import { describe, expect, it } from 'vitest';
import { isPlainTarget } from '../../../server/src/http/plain-target.ts';

const own = (url: string) => ({ ownServer: true as const, incoming: { url } });

describe.each(['https://a.example', 'https://a.example/'])('at %s', (publicUrl) => {
  const isPlain = isPlainTarget(publicUrl);
  it.each([
    '/v1/billing',
    '/v1/billing?a=%20//b',
    '/v1/billing#%',
    'http://a.example/metrics',
    'HTTPS://a%20b/metrics',
    '/.well',
    '/a..b',
    '/a/...',
    '*',
  ])('%s is plain', (url) => expect(isPlain(own(url))).toBe(true));
  it.each([
    '/%6detrics',
    '/v1\\billing',
    '//metrics',
    '/a//b',
    '/a/../metrics',
    '/a/./b',
    '/a/..',
    '/a/..?b',
    '/a/.',
    '/xhttp://a',
  ])('%s is not', (url) => expect(isPlain(own(url))).toBe(false));

  it.each([
    undefined,
    {},
    { ownServer: true as const },
    { incoming: { url: '/%6d' } },
    { ...own('/%6d'), ownServer: false },
  ])('in another server the address is that one’s to read: %j', (env) => expect(isPlain(env)).toBe(true));
});

it('the server’s own folder may be in any letters, once and at the beginning', () => {
  const isPlain = isPlainTarget('https://a.example/%C3%A9//');
  const plain = ['/%C3%A9/metrics', '/%C3%A9', '/metrics', 'http://a.example/%C3%A9/metrics'];
  expect(plain.map((url) => isPlain(own(url)))).toEqual(plain.map(() => true));
  expect(['/%C3%A9/%6d', '/a/%C3%A9/metrics', '/%C3%A9/%C3%A9'].map((url) => isPlain(own(url)))).toEqual([
    false,
    false,
    false,
  ]);
});
