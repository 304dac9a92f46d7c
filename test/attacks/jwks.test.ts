/**
 * A host's key set in an attacker's hands, as far as one can have it: the address redirects, is huge, slow or gone, or holds
 * keys that confuse; and tokens by the thousand with keys that nobody published. No forged token passes, and the address is
 * asked a handful of times.
 */

import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BillhookError } from '@billhook/server';
import { Jwks } from '../../server/src/tokens/jwks.ts';
import { widgetTokenVerifier, type VerifyWidgetToken } from '../../server/src/tokens/verify.ts';
import { publicUrl } from '../server/support/bff.ts';
import { keySet, startKeyServer, type Answer, type KeyServer } from '../server/support/key-server.ts';
import { report, share, tally } from './corpus.ts';

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const [host, forger] = [pair(), pair()];
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwkOf = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });
const [own, foreign] = [jwkOf(host.publicKey, 'own'), jwkOf(forger.publicKey, 'own')];
const published = jwkOf(rsa.publicKey, 'rsa');

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = () => {
  const iat = Math.floor(Date.now() / 1000);
  return { iss: 'acme', aud: publicUrl, sub: 'team_victim', iat, exp: iat + 300, jti: 'x', scope: 'billing:manage' };
};
type Signing = (text: string) => Buffer;
const es256 =
  (key: KeyObject): Signing =>
  (text) =>
    sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
const hs256 =
  (secret: string | Buffer): Signing =>
  (text) =>
    createHmac('sha256', secret).update(text).digest();
function tokenOf(header: object, signing: Signing): string {
  const text = `${encode({ typ: 'billhook-widget+jwt', ...header })}.${encode(claims())}`;
  return `${text}.${signing(text).toString('base64url')}`;
}

let server: KeyServer;
let evil: KeyServer;
let verify: VerifyWidgetToken;
beforeEach(async () => {
  [server, evil] = await Promise.all([startKeyServer(keySet(own, published)), startKeyServer(keySet(foreign))]);
  verify = verifierFor(new Jwks(server.url));
});
const verifierFor = (jwks: Jwks) =>
  widgetTokenVerifier(publicUrl, (issuer) => (issuer === 'acme' ? { keys: [], jwks } : null));
afterEach(() => Promise.all([server.close(), evil.close()]));

const pem = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString();
const forgerJwk = forger.publicKey.export({ format: 'jwk' });
/** Tokens that only the forger's key, or a public key as a secret, has signed. */
const forged: Readonly<Record<string, () => string>> = {
  'the forger’s key under the host’s name': () => tokenOf({ alg: 'ES256', kid: 'own' }, es256(forger.privateKey)),
  'the forger’s key under no name': () => tokenOf({ alg: 'ES256' }, es256(forger.privateKey)),
  'a key in the token': () => tokenOf({ alg: 'ES256', kid: 'own', jwk: forgerJwk }, es256(forger.privateKey)),
  'an address in the token': () => tokenOf({ alg: 'ES256', kid: 'own', jku: evil.url }, es256(forger.privateKey)),
  'a certificate in the token': () => tokenOf({ alg: 'ES256', x5u: evil.url }, es256(forger.privateKey)),
  'an address for a name': () => tokenOf({ alg: 'ES256', kid: evil.url }, es256(forger.privateKey)),
  'the public key as a secret': () => tokenOf({ alg: 'HS256', kid: 'rsa' }, hs256(pem)),
  'the public key as a secret, trimmed': () => tokenOf({ alg: 'HS256', kid: 'rsa' }, hs256(pem.trim())),
  'the published JSON as a secret': () => tokenOf({ alg: 'HS256', kid: 'rsa' }, hs256(JSON.stringify(published))),
  'the modulus as a secret': () =>
    tokenOf({ alg: 'HS256', kid: 'rsa' }, hs256(Buffer.from(String(Reflect.get(published, 'n')), 'base64url'))),
  'the published secret': () => tokenOf({ alg: 'HS256', kid: 'oct' }, hs256('x'.repeat(32))),
  'no algorithm': () => tokenOf({ alg: 'none', kid: 'own' }, () => Buffer.alloc(0)),
  'another algorithm for the key': () => tokenOf({ alg: 'RS256', kid: 'own' }, es256(host.privateKey)),
  'a signature of zeros': () => tokenOf({ alg: 'ES256', kid: 'own' }, () => Buffer.alloc(64)),
};

const oct = { kty: 'oct', kid: 'oct', alg: 'HS256', k: Buffer.from('x'.repeat(32)).toString('base64url') };
const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
const drip: Answer = (_, response) => {
  response.write('{"keys":[');
  const more = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(more));
};
const redirect =
  (status: number): Answer =>
  (_, response) =>
    void response.writeHead(status, { location: evil.url }).end(JSON.stringify({ keys: [foreign] }));
/** Answers of the address that must make no token right. `honest`: the host's own token still passes. */
const answers: Readonly<Record<string, { readonly answer: Answer; readonly honest: boolean }>> = {
  'is honest': { answer: keySet(own, published), honest: true },
  'holds a secret too': { answer: keySet(oct, own, published), honest: true },
  'holds a private key too': { answer: keySet({ ...jwkOf(forger.privateKey, 'own') }, own, published), honest: true },
  'holds keys of all kinds': {
    answer: keySet(null, 7, [], {}, { kty: 'EC' }, { kty: 'RSA', n: 'AQ', e: 'AQ' }, own),
    honest: true,
  },
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map((status) => [
      `redirects with ${status}`,
      { answer: redirect(status), honest: false },
    ]),
  ),
  'says no, with keys': {
    answer: (_, response) => void response.writeHead(403).end(JSON.stringify({ keys: [foreign] })),
    honest: false,
  },
  'is a bomb of gzip': {
    answer: (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    honest: false,
  },
  'is deep': {
    answer: (_, response) => void response.end(`{"keys":${'['.repeat(30_000)}${']'.repeat(30_000)}}`),
    honest: false,
  },
  drips: { answer: drip, honest: false },
  'never answers': { answer: () => undefined, honest: false },
  'hangs up': { answer: ({ socket }) => void socket.destroy(), honest: false },
  'names a prototype': {
    answer: (_, response) => void response.end('{"__proto__":{"keys":[]},"keys":null}'),
    honest: false,
  },
};

it.each(Object.entries(answers))('no forged token passes while the address %s', async (name, { answer, honest }) => {
  server.answer = answer;
  if (!honest) verify = verifierFor(new Jwks(server.url, { timeoutMs: 300 }));
  const { counts, add } = tally();
  let passed = 0;
  for (const make of Object.values(forged)) {
    const code = await verify(make(), Date.now()).then(
      () => 'passed',
      (cause: unknown) => (cause instanceof BillhookError ? cause.code : String(cause)),
    );
    if (code === 'passed') passed += 1;
    add(code);
  }
  const right = verify(tokenOf({ alg: 'ES256', kid: 'own' }, es256(host.privateKey)), Date.now());
  if (honest) await expect(right).resolves.toMatchObject({ account: 'team_victim' });
  else
    await expect(right).rejects.toMatchObject({ code: /deep/.test(name) ? 'token_invalid' : 'token_keys_unavailable' });
  report(`key set that ${name}`, {
    forged: passed,
    asked: server.requests,
    'asked elsewhere': evil.requests,
    ...counts,
  });
  expect([passed, evil.requests]).toEqual([0, 0]);
  expect(server.requests).toBeLessThanOrEqual(2);
  expect(Object.keys(counts).toSorted().join()).toMatch(
    /^(?:token_invalid|token_invalid,token_keys_unavailable|token_keys_unavailable,token_invalid)$/,
  );
});

it('a stampede of tokens with keys that nobody published asks the address once', async () => {
  const count = share(10_000, 1_000);
  const tokens = Array.from({ length: count }, (_, index) =>
    tokenOf({ alg: 'ES256', kid: `k${index}` }, es256(forger.privateKey)),
  );
  const now = Date.now();
  const refused = await Promise.all(
    tokens.map((token) =>
      verify(token, now).then(
        () => 'passed',
        (cause: unknown) => (cause as BillhookError).code,
      ),
    ),
  );
  const passed = refused.filter((code) => code === 'passed').length;
  report('a stampede of unknown keys', { tokens: count, forged: passed, asked: server.requests });
  expect(passed).toBe(0);
  expect(server.requests).toBe(1);
});
