/** A host's published keys, asked over real HTTP; the clock is the test's own. */

import { mintWidgetToken, type PublicAlgorithm } from '@billhook/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Jwks } from '../../../server/src/tokens/jwks.ts';
import { importPublicKey, importSecret, type TokenKey } from '../../../server/src/tokens/keys.ts';
import { widgetTokenVerifier } from '../../../server/src/tokens/verify.ts';
import { hostSecret, origin, problemOf, publicUrl, startBff, token } from '../support/bff.ts';
import { otherPairs, pairs } from '../support/key-pairs.ts';
import { down, keySet, startKeyServer, type Answer, type KeyServer } from '../support/key-server.ts';

const start = 1_790_000_000_000;
const [second, minute, hour] = [1000, 60_000, 3_600_000];

const published = (algorithm: PublicAlgorithm, kid?: string, more: object = {}) => ({
  ...pairs[algorithm].publicKey.export({ format: 'jwk' }),
  ...(kid === undefined ? {} : { kid }),
  ...more,
});
const [first, replacement] = [published('ES256', 'one'), published('EdDSA', 'two')];
const names = (keys: readonly TokenKey[]) => keys.map(({ keyId }) => keyId);

let server: KeyServer;
let troubles: unknown[];
let jwks: Jwks;
beforeEach(async () => {
  server = await startKeyServer(keySet(first));
  troubles = [];
  jwks = new Jwks(server.url, { onTrouble: (cause) => troubles.push(cause) });
});
afterEach(() => server.close());

const unavailable = (retryAfter: unknown = expect.any(Number)) => ({
  code: 'token_keys_unavailable',
  status: 503,
  retryAfter,
});

describe('published keys', () => {
  it('are fetched when the first token comes, and cached for ten minutes', async () => {
    expect(server.requests).toBe(0);
    expect(names(await jwks.find('one', start))).toEqual(['one']);
    await jwks.find(null, start + 10 * minute - 1);
    expect(server.requests).toBe(1);
    await jwks.find('one', start + 10 * minute);
    expect(server.requests).toBe(2);
  });

  it('are fetched once for concurrent first tokens', async () => {
    await Promise.all(Array.from({ length: 100 }, () => jwks.find('one', start)));
    expect(server.requests).toBe(1);
  });

  it('replaced at the host: the new one works at once, the old one no longer', async () => {
    await jwks.find('one', start);
    server.answer = keySet(replacement);
    expect(names(await jwks.find('two', start + 30 * second))).toEqual(['two']);
    expect(names(await jwks.find('one', start + 31 * second))).toEqual(['two']);
  });

  it('withdrawn at the host: trusted for ten minutes and no longer', async () => {
    await jwks.find('one', start);
    server.answer = keySet(replacement);
    expect(names(await jwks.find('one', start + 10 * minute - 1))).toEqual(['one']);
    expect(names(await jwks.find('one', start + 10 * minute))).toEqual(['two']);
  });

  it('many unknown key ids cause one fetch, and another only after 30 s', async () => {
    const storm = (at: number) => Promise.all(Array.from({ length: 200 }, (_, i) => jwks.find(`unknown ${i}`, at)));
    await jwks.find('one', start);
    await storm(start + 29 * second);
    expect(server.requests, 'within the cool-down').toBe(1);
    await storm(start + 30 * second);
    expect(server.requests, 'one burst').toBe(2);
    await storm(start + 59 * second);
    expect(server.requests, 'the next cool-down').toBe(2);
    await storm(start + 60 * second);
    expect(server.requests).toBe(3);
  });

  it('that cannot be fetched are an error, and are tried again after 5 s: a failure is not cached', async () => {
    server.answer = down;
    await expect(jwks.find('one', start)).rejects.toMatchObject(unavailable(5));
    server.answer = keySet(first);
    await expect(jwks.find('one', start + 2 * second)).rejects.toMatchObject(unavailable(3));
    expect(server.requests, 'the address is left in peace meanwhile').toBe(1);
    expect(names(await jwks.find('one', start + 5 * second))).toEqual(['one']);
  });

  it('a copy is used for a day while the address is down', async () => {
    await jwks.find('one', start);
    server.answer = down;
    expect(names(await jwks.find('one', start + 10 * minute))).toEqual(['one']);
    expect(names(await jwks.find(null, start + 24 * hour - 1))).toEqual(['one']);
    expect(troubles).not.toEqual([]);
    await expect(jwks.find('one', start + 24 * hour)).rejects.toMatchObject(unavailable());
  });

  it('a copy is used without waiting for an address that is known to be down', async () => {
    await jwks.find('one', start);
    server.answer = down;
    await jwks.find('one', start + 10 * minute);
    let release = () => {};
    const asked = new Promise<void>((resolve) => {
      server.answer = (request, response) => {
        release = () => keySet(replacement)(request, response);
        resolve();
      };
    });
    // The answer is held back until this has been answered.
    expect(names(await jwks.find('one', start + 11 * minute))).toEqual(['one']);
    await asked;
    release();
    expect(names(await jwks.find('two', start + 11 * minute)), 'what was asked meanwhile is used').toEqual(['two']);
  });

  it('an unknown key id while the address is down is not called wrong', async () => {
    await jwks.find('one', start);
    server.answer = down;
    await expect(jwks.find('two', start + minute)).rejects.toMatchObject(unavailable(30));
    await expect(jwks.find('two', start + minute + 20 * second)).rejects.toMatchObject(unavailable(10));
    expect(server.requests).toBe(2);
    expect(names(await jwks.find('one', start + minute)), 'the others go on').toEqual(['one']);
  });

  it('an address that came back is used again', async () => {
    await jwks.find('one', start);
    server.answer = down;
    await jwks.find('one', start + 10 * minute);
    server.answer = keySet(replacement);
    await jwks.find('two', start + 11 * minute);
    expect(names(await jwks.find('one', start + 12 * minute)), 'unknown is unknown again, not unavailable').toEqual([
      'two',
    ]);
    server.answer = keySet(first);
    expect(names(await jwks.find('two', start + 22 * minute)), 'and who comes waits for its answer').toEqual(['one']);
  });

  it('without a key id are tried for any token, also while the address is down', async () => {
    server.answer = keySet(published('ES256'));
    await jwks.find('any', start);
    expect(names(await jwks.find('other', start + minute))).toEqual([null]);
    expect(server.requests, 'no name is unknown').toBe(1);
    server.answer = down;
    expect(names(await jwks.find('any', start + hour))).toEqual([null]);
  });

  it('an empty key set is accepted, but reported', async () => {
    server.answer = keySet();
    expect(await jwks.find('one', start)).toEqual([]);
    expect(troubles).toEqual([new Error('the key set holds no key that can be used')]);
    server.answer = keySet(first);
    await jwks.find('one', start + minute);
    expect(troubles).toHaveLength(1);
  });
});

describe('a copy', () => {
  it('of several keys knows each of them', async () => {
    server.answer = keySet(first, replacement);
    await jwks.find('one', start);
    expect(names(await jwks.find('two', start + minute))).toEqual(['one', 'two']);
    expect(server.requests).toBe(1);
  });

  it('is of no age at the moment of its making, and old before it', async () => {
    await jwks.find('one', start);
    await jwks.find('one', start);
    expect(server.requests).toBe(1);
    await jwks.find('one', start - 1);
    expect(server.requests, 'a clock that was set back').toBe(2);
  });

  it('is asked for as a key set', async () => {
    let accept: string | undefined;
    server.answer = (request, response) => {
      accept = request.headers.accept;
      keySet(first)(request, response);
    };
    await jwks.find('one', start);
    expect(accept).toBe('application/jwk-set+json, application/json');
  });

  it('has the keys that can be used, and passes over the others', async () => {
    const usable = [{}, { use: 'sig' }, { key_ops: ['verify'] }, { key_ops: ['sign', 'verify'] }];
    const others = [{ use: 'enc' }, { key_ops: ['sign'] }, { key_ops: [] }, { key_ops: 'verify' }, { key_ops: null }];
    const key = (more: object, i: number) => published('ES256', `${i}`, more);
    const odd = [null, 'text', 7, [], {}, { kty: 'oct', k: 'AAAA' }];
    server.answer = (_, response) =>
      void response.end(JSON.stringify({ keys: [...odd, ...[...usable, ...others].map(key)] }));
    expect(names(await jwks.find(null, start))).toEqual(['0', '1', '2', '3']);
  });

  it('may be 65,536 bytes large', async () => {
    const set = (more: string) => JSON.stringify({ keys: [first], more });
    const largest = set('x'.repeat(65_536 - set('').length));
    server.answer = (_, response) => void response.end(largest);
    expect(names(await jwks.find('one', start))).toEqual(['one']);
  });
});

const endless: Answer = (_, response) => {
  const more = () => {
    while (!response.destroyed && response.write('{"keys": [],'.padEnd(8192)));
  };
  response.on('drain', more).on('close', () => response.removeListener('drain', more));
  more();
};

describe('an answer that is no key set', () => {
  it.each<[string, Answer]>([
    ['hangs up', down],
    [
      'is a 500, whatever it says',
      (_, response) => void response.writeHead(500).end(JSON.stringify({ keys: [first] })),
    ],
    ['is a page', (_, response) => void response.setHeader('content-type', 'text/html').end('<!doctype html>')],
    ['is a list', (_, response) => void response.end('[]')],
    ['is null', (_, response) => void response.end('null')],
    ['has keys that are no list', (_, response) => void response.end('{"keys":{}}')],
    [
      'is cut off',
      (_, response) =>
        void response.writeHead(200, { 'content-length': '999' }).end('{"keys":[', () => response.destroy()),
    ],
    [
      'is huge, and says so',
      (_, response) => void response.end(JSON.stringify({ keys: [first], more: 'x'.repeat(65_536) })),
    ],
    ['never ends', endless],
  ])('that %s is refused', async (_, answer) => {
    server.answer = answer;
    await expect(jwks.find('one', start)).rejects.toMatchObject(unavailable(5));
    expect(troubles).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['the key set’s address answered 500', (_, response) => void response.writeHead(500).end()],
    ['the key set’s address answered 204', (_, response) => void response.writeHead(204).end()],
    ['the key set is larger than 65536 bytes', endless],
    ['the answer is no JWK set', (_, response) => void response.end('null')],
    ['the answer is no JWK set', (_, response) => void response.end('"keys"')],
    ['the answer is no JWK set', (_, response) => void response.end('{"key":[]}')],
  ])('is told to the operator: %s', async (message, answer) => {
    server.answer = answer;
    await expect(jwks.find('one', start)).rejects.toMatchObject({ cause: { message } });
    expect(troubles).toMatchObject([{ message }]);
  });

  it('that is a redirect is not followed', async () => {
    const other = await startKeyServer(keySet(first));
    server.answer = (_, response) => void response.writeHead(302, { location: other.url }).end();
    await expect(jwks.find('one', start)).rejects.toMatchObject(unavailable());
    expect(other.requests).toBe(0);
    await other.close();
  });

  it.each<[string, Answer]>([
    ['does not come', () => {}],
    ['stops in its middle', (_, response) => void response.write('{"keys":[')],
  ])('that %s is abandoned', async (_, answer) => {
    server.answer = answer;
    const impatient = new Jwks(server.url, { timeoutMs: 50 });
    await expect(impatient.find('one', start)).rejects.toMatchObject({
      ...unavailable(),
      cause: { name: 'TimeoutError' },
    });
  });
});

describe('in a key set', () => {
  const weak = otherPairs.weakRsa.publicKey.export({ format: 'jwk' });
  const otherCurve = otherPairs.curve.publicKey.export({ format: 'jwk' });
  it.each([
    ['a secret', { kty: 'oct', k: Buffer.from(hostSecret).toString('base64url'), alg: 'HS256' }],
    ['a private key', pairs.ES256.privateKey.export({ format: 'jwk' })],
    ['a key to encrypt with', published('RS256', 'one', { use: 'enc' })],
    ['a key that may only encrypt', published('RS256', 'one', { key_ops: ['encrypt'] })],
    ['a key of another algorithm', published('RS256', 'one', { alg: 'PS256' })],
    ['a weak key', weak],
    ['an exponent of 1', published('RS256', 'one', { e: 'AQ' })],
    ['another curve', otherCurve],
    ['a point beside the curve', published('ES256', 'one', { x: 'AAAA' })],
    ['a kind of key that is not known', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }],
    ['no key', null],
    ['a text', 'key'],
  ])('%s is skipped, and the others are used', async (_, jwk) => {
    server.answer = keySet(jwk, replacement);
    expect(names(await jwks.find(null, start))).toEqual(['two']);
  });
});

describe('a token signed with a published key', () => {
  const verifierFor = (keys: readonly TokenKey[] = []) =>
    widgetTokenVerifier(publicUrl, (host) => (host === 'acme' ? { keys, jwks } : null));
  const signed = (algorithm: PublicAlgorithm, keyId?: string) =>
    mintWidgetToken({
      privateKey: pairs[algorithm].privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      algorithm,
      issuer: 'acme',
      audience: publicUrl,
      account: 'team_1',
      ...(keyId === undefined ? {} : { keyId }),
    });

  it.each(['ES256', 'EdDSA', 'RS256'] as const)('is accepted: %s', async (algorithm) => {
    server.answer = keySet(published(algorithm, 'named', { alg: algorithm, use: 'sig' }), published('ES256'));
    const verify = verifierFor();
    expect(await verify(await signed(algorithm, 'named'), Date.now())).toMatchObject({ account: 'team_1' });
    expect(await verify(await signed(algorithm), Date.now())).toMatchObject({ account: 'team_1' });
  });

  it('is refused when the host does not know its key', async () => {
    await expect(verifierFor()(await signed('ES256', 'unknown'), Date.now())).rejects.toMatchObject({
      code: 'token_invalid',
    });
    await expect(verifierFor()(await signed('EdDSA', 'one'), Date.now())).rejects.toMatchObject({
      code: 'token_invalid',
    });
  });

  it('causes no fetch where its algorithm is a secret’s or none', async () => {
    server.answer = keySet({ kty: 'oct', k: Buffer.from(hostSecret).toString('base64url') });
    const [, payload] = (await token()).split('.');
    const header = Buffer.from('{"alg":"none","typ":"billhook-widget+jwt"}').toString('base64url');
    for (const wrong of [await token(), `${header}.${payload}.`]) {
      await expect(verifierFor()(wrong, Date.now())).rejects.toMatchObject({ code: 'token_invalid' });
    }
    expect(server.requests).toBe(0);
  });

  it('does not affect tokens of the host’s own keys, which never depend on the address', async () => {
    server.answer = down;
    const own = importPublicKey({ key: published('EdDSA') });
    const verify = verifierFor([importSecret(hostSecret, null), own]);
    for (const good of [await token({ keyId: 'any' }), await signed('EdDSA', 'any')]) {
      expect(await verify(good, Date.now())).toMatchObject({ account: 'team_1' });
    }
    expect(server.requests).toBe(0);
  });

  it('that was accepted stays accepted while the address is down', async () => {
    const verify = verifierFor();
    const known = await signed('ES256', 'one');
    await verify(known, Date.now());
    server.answer = down;
    expect(await verify(known, Date.now() + 4 * minute)).toMatchObject({ account: 'team_1' });
    expect(server.requests).toBe(1);
  });

  it('is answered over HTTP: 503 with a Retry-After, or the snapshot', async () => {
    const hosts = [{ id: 'acme', jwksUrl: server.url, origins: [origin], returnUrl: `${origin}/billing` }];
    const warned: unknown[] = [];
    const log = { info() {}, error() {}, warn: (...line: unknown[]) => void warned.push(line) };
    const bff = await startBff({}, { hosts, log });
    server.answer = down;
    const refused = await bff.call('/v1/billing', { token: await signed('ES256', 'one') });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect((await problemOf(refused)).code).toBe('token_keys_unavailable');
    expect(warned).toContainEqual(['token_keys.failed', { host: 'acme', cause: expect.any(String) }]);
    expect(JSON.stringify(warned)).not.toContain(server.url);
    await bff.close();

    server.answer = keySet(first);
    const next = await startBff({}, { hosts });
    expect((await next.call('/v1/billing', { token: await signed('ES256', 'one') })).status).toBe(200);
    await next.close();
  });
});
