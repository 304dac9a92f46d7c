/** The private keys that a host may sign with: each kind by its own algorithm, and every other one refused by its code. */

import type { KeyObject } from 'node:crypto';
import { mintWidgetToken, type PublicAlgorithm } from '@billhook/server';
import { decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { publicUrl } from '../support/bff.ts';
import { otherPairs, pairs } from '../support/key-pairs.ts';

const webCrypto = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  EdDSA: { name: 'Ed25519' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
};
const algorithms = ['ES256', 'EdDSA', 'RS256'] as const;

const jwkOf = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const read = (key: KeyObject, algorithm: object, uses: ('sign' | 'verify')[] = ['sign']) =>
  key.toCryptoKey(algorithm as never, false, uses);

const signed = (privateKey: unknown, algorithm: string) =>
  mintWidgetToken({
    privateKey: privateKey as string,
    algorithm: algorithm as PublicAlgorithm,
    issuer: 'acme',
    audience: publicUrl,
    account: 'team_1',
  });
const refusal = (words: string, option = 'privateKey') => ({
  code: 'private_key_invalid',
  option,
  message: `${option} must be ${words}`,
});

describe.each(algorithms)('a private key for %s', (algorithm) => {
  const { privateKey } = pairs[algorithm];
  const forms = { pem: pemOf(privateKey), jwk: jwkOf(privateKey), cryptoKey: read(privateKey, webCrypto[algorithm]) };

  it.each(Object.entries(forms))('signs by its own algorithm and no other: %s', async (_, key) => {
    expect(decodeProtectedHeader(await signed(key, algorithm))).toEqual({ alg: algorithm, typ: 'billhook-widget+jwt' });
    for (const other of algorithms.filter((each) => each !== algorithm)) {
      await expect(signed(key, other)).rejects.toMatchObject(refusal(`a key for ${other}; it is one for ${algorithm}`));
    }
  });

  it('may name its algorithm itself, and only its own', async () => {
    const own = algorithm === 'EdDSA' ? 'Ed25519' : algorithm;
    await expect(signed(jwkOf(privateKey, { alg: own }), algorithm)).resolves.toBeTypeOf('string');
    await expect(signed(jwkOf(privateKey, { alg: algorithm }), algorithm)).resolves.toBeTypeOf('string');
    for (const alg of ['PS256', algorithm === 'EdDSA' ? 'ES256' : 'Ed25519']) {
      await expect(signed(jwkOf(privateKey, { alg }), algorithm)).rejects.toMatchObject(
        refusal(`a key for ${algorithm}, which its "alg" denies`),
      );
    }
  });
});

describe('no private key', () => {
  const none = refusal('a private key, in PEM (PKCS #8, not encrypted), as a JWK or as a CryptoKey');
  const curve = otherPairs.curve.privateKey;
  const edwards = otherPairs.edwards.privateKey;
  const rsa = pairs.RS256.privateKey;
  const pem = (body: Buffer | string) =>
    `-----BEGIN PRIVATE KEY-----\n${typeof body === 'string' ? body : body.toString('base64')}\n-----END PRIVATE KEY-----`;

  it.each<[string, unknown]>([
    ['one whose variable is not set', undefined],
    ['null', null],
    ['a number', 7],
    ['a public JWK', jwkOf(pairs.ES256.publicKey)],
    ['a JWK on another curve', jwkOf(curve)],
    ['a JWK on another Edwards curve', jwkOf(edwards)],
    ['a secret as JWK', { kty: 'oct', k: 'AAAA', d: 'AAAA' }],
    ['a curve of another kind', { kty: 'OKP', crv: 'P-256', d: 'AAAA' }],
    ['PEM on another curve', pemOf(curve)],
    ['text before a PEM', `key: ${pemOf(pairs.ES256.privateKey)}`],
    ['text after a PEM', `${pemOf(pairs.ES256.privateKey)} key`],
    ['a PEM that is not Base64', pem('*')],
    [
      'a PEM that names no algorithm at its head',
      pem(Buffer.concat([Buffer.alloc(48), Buffer.from('06032b6570', 'hex')])),
    ],
    ['a CryptoKey that verifies', read(pairs.ES256.publicKey, webCrypto.ES256, ['verify'])],
    ['a CryptoKey on another curve', read(curve, { name: 'ECDSA', namedCurve: 'P-384' })],
    ['a CryptoKey for another hash', read(rsa, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' })],
    ['a CryptoKey for another padding', read(rsa, { name: 'RSA-PSS', hash: 'SHA-256' })],
  ])('is %s', (_, key) => expect(signed(key, 'ES256')).rejects.toMatchObject(none));

  it('is a JWK that is no JSON, or that cannot be read', async () => {
    await expect(signed(' {"kty"', 'ES256')).rejects.toMatchObject(refusal('a JWK that can be read'));
    await expect(signed({ kty: 'EC', crv: 'P-256', d: 'AAAA' }, 'ES256')).rejects.toMatchObject({
      ...refusal('a private key that can be read'),
      cause: expect.any(Error) as unknown,
    });
  });

  it('is one for an algorithm that is not ours', () =>
    expect(signed(pemOf(rsa), 'RS512')).rejects.toMatchObject(refusal('ES256, EdDSA or RS256', 'algorithm')));

  it.each<[string, (key: KeyObject) => unknown]>([
    ['in PEM', pemOf],
    ['as a JWK', (key) => jwkOf(key)],
    ['as a CryptoKey', (key) => read(key, webCrypto.RS256)],
  ])('is an RSA key of less than 2048 bits %s', (_, form) => {
    return expect(signed(form(otherPairs.weakRsa.privateKey), 'RS256')).rejects.toMatchObject({
      code: 'private_key_invalid',
      message: 'privateKey must have at least 2048 bits',
    });
  });
});
