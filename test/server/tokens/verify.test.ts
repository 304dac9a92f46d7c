import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  mintWidgetToken,
  verifyWidgetToken,
  type MintOptions,
  type PublicAlgorithm,
  type SigningKey,
  type TokenContents,
} from '@billhook/server';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { tokenType } from '../../../server/src/tokens/claims.ts';
import { importSecret, type TokenKey } from '../../../server/src/tokens/keys.ts';
import { widgetTokenVerifier } from '../../../server/src/tokens/verify.ts';
import { hostSecret, publicUrl, token } from '../support/bff.ts';
import { otherPairs, pairs } from '../support/key-pairs.ts';

const secondSecret = 'the-secret-that-replaces-the-first-one-soon';
const verifierFor = (keys: readonly TokenKey[]) =>
  widgetTokenVerifier(publicUrl, (host) => (host === 'acme' ? { keys, jwks: null } : null));

describe('a widget token', () => {
  it('has the account, the scopes, and the customer that the host introduces', async () => {
    const verify = verifierFor([importSecret(hostSecret, null)]);
    const now = 1_800_000_000_000;
    vi.setSystemTime(now);
    onTestFinished(() => void vi.useRealTimers());
    expect(await verify(await token({ customer: 'cus_1', expiresIn: 60 }), now)).toEqual({
      host: 'acme',
      account: 'team_1',
      scopes: new Set(['billing:read', 'billing:manage']),
      introduces: 'cus_1',
      expiresAt: now + 60_000,
    });
  });

  it('M25: is accepted with either of two secrets while one replaces the other', async () => {
    const verify = verifierFor([importSecret(secondSecret, null), importSecret(hostSecret, null)]);
    expect(await verify(await token(), Date.now())).toMatchObject({ account: 'team_1' });
    expect(await verify(await token({ secret: secondSecret }), Date.now())).toMatchObject({ account: 'team_1' });
  });

  it('F16: is accepted where its secret was read with the end of its line, and no other white space', async () => {
    const verify = verifierFor([importSecret(hostSecret, null)]);
    const signedWith = (secret: string) =>
      new SignJWT({ scope: 'access', sub: 'team_1' })
        .setProtectedHeader({ alg: 'HS256', typ: tokenType })
        .setIssuer('acme')
        .setAudience(publicUrl)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(new TextEncoder().encode(secret));
    for (const end of ['', '\n', '\r\n']) {
      expect(await verify(await signedWith(`${hostSecret}${end}`), Date.now())).toMatchObject({ account: 'team_1' });
    }
    for (const end of [' ', '\r', '\n\n']) {
      await expect(verify(await signedWith(`${hostSecret}${end}`), Date.now())).rejects.toMatchObject({
        code: 'token_invalid',
      });
    }
  });

  it.each([
    ['short', 'a host secret must have at least 32 bytes'],
    [`-----BEGIN PUBLIC KEY-----${hostSecret}`, 'a host secret must be random bytes, not a PEM key'],
  ])('is checked with no secret such as %j', (secret, message) => {
    expect(() => importSecret(secret, null)).toThrow(message);
  });

  it('is checked with the key that it names', async () => {
    const verify = verifierFor([importSecret(hostSecret, 'one'), importSecret(secondSecret, 'two')]);
    expect(await verify(await token({ secret: secondSecret, keyId: 'two' }), Date.now())).toMatchObject({
      account: 'team_1',
    });
    await expect(verify(await token({ secret: secondSecret, keyId: 'one' }), Date.now())).rejects.toMatchObject({
      code: 'token_invalid',
    });
  });

  it('is cached, but not beyond its expiry', async () => {
    const verify = verifierFor([importSecret(hostSecret, null)]);
    const short = await token({ expiresIn: 10 });
    const now = Date.now();
    const first = await verify(short, now);
    expect(await verify(short, now), 'the same object: verified once').toBe(first);
    expect(await verify(short, first.expiresAt + 29_999)).toBe(first);
    await expect(verify(short, first.expiresAt + 30_000)).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('of another host is not accepted for a secret that two hosts happen to share', async () => {
    const key = importSecret(hostSecret, null);
    const verify = widgetTokenVerifier(publicUrl, (host) =>
      host === 'acme' || host === 'other' ? { keys: [key], jwks: null } : null,
    );
    expect(await verify(await token({ issuer: 'other' }), Date.now())).toMatchObject({ host: 'other' });
    await expect(verify(await token({ issuer: 'stranger' }), Date.now())).rejects.toMatchObject({
      code: 'token_issuer_unknown',
    });
  });
});

describe('F16: one server, however its address is written', () => {
  const verified = (audience: string, minted: string) =>
    widgetTokenVerifier(audience, () => ({ keys: [importSecret(hostSecret, null)], jwks: null }))(minted, Date.now());

  it.each(['https://billing.acme.example', 'HTTPS://Billing.Acme.Example/', 'https://billing.acme.example:443'])(
    'at %s',
    async (written) => {
      for (const other of [publicUrl, `${publicUrl}/`, written, `${written}\n`]) {
        const minted = await token({ audience: other });
        expect(await verified(written, minted)).toMatchObject({ account: 'team_1' });
        expect(await verified(publicUrl, minted)).toMatchObject({ account: 'team_1' });
      }
      // Another language puts the text that it is given into a token, and so does the BFF's operator.
      const raw = await new SignJWT({ scope: 'access', sub: 'team_1' })
        .setProtectedHeader({ alg: 'HS256', typ: tokenType })
        .setIssuer('acme')
        .setAudience(written)
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(new TextEncoder().encode(hostSecret));
      expect(await verified(written, raw)).toMatchObject({ account: 'team_1' });
    },
  );

  it('and no other', async () => {
    for (const other of ['https://billing.acme.example/v1', 'http://billing.acme.example', 'https://acme.example']) {
      await expect(verified(publicUrl, await token({ audience: other }))).rejects.toMatchObject({
        code: 'token_audience_wrong',
      });
    }
  });
});

it('N7: null is what most languages write for a value that there is not', async () => {
  const minted = await new SignJWT({ scope: 'access', sub: 'team_1', stripe_customer: null, email: null, name: null })
    .setProtectedHeader({ alg: 'HS256', typ: tokenType })
    .setIssuer('acme')
    .setAudience(publicUrl)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(hostSecret));
  const verify = widgetTokenVerifier(publicUrl, () => ({ keys: [importSecret(hostSecret, null)], jwks: null }));
  const claims = await verify(minted, Date.now());
  expect(claims).toMatchObject({ account: 'team_1', introduces: null });
  expect(claims).not.toHaveProperty('payer');
});

const privatePem = (algorithm: PublicAlgorithm) =>
  pairs[algorithm].privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPem = (algorithm: PublicAlgorithm) =>
  pairs[algorithm].publicKey.export({ type: 'spki', format: 'pem' }).toString();
const contents: TokenContents = { issuer: 'acme', audience: publicUrl, account: 'team_1' };

describe('a private key', () => {
  const web = { name: 'ECDSA', namedCurve: 'P-256' };
  it.each<[string, SigningKey, string | undefined]>([
    ['ES256 in PEM', { privateKey: privatePem('ES256'), algorithm: 'ES256' }, undefined],
    ['EdDSA in PEM', { privateKey: privatePem('EdDSA'), algorithm: 'EdDSA', keyId: 'k' }, 'k'],
    ['RS256 in PEM', { privateKey: privatePem('RS256'), algorithm: 'RS256' }, undefined],
    [
      'PEM from an environment file',
      { privateKey: privatePem('ES256').replaceAll('\n', String.raw`\n`), algorithm: 'ES256' },
      undefined,
    ],
    [
      'a JWK, with its name',
      {
        privateKey: { ...pairs.ES256.privateKey.export({ format: 'jwk' }), kid: 'jwk', alg: 'ES256' },
        algorithm: 'ES256',
      },
      'jwk',
    ],
    [
      'a JWK as text, under another name',
      {
        privateKey: JSON.stringify({ ...pairs.EdDSA.privateKey.export({ format: 'jwk' }), kid: 'jwk', alg: 'Ed25519' }),
        algorithm: 'EdDSA',
        keyId: 'k',
      },
      'k',
    ],
    [
      'a CryptoKey',
      {
        privateKey: pairs.ES256.privateKey.toCryptoKey(web, false, ['sign']) as CryptoKey,
        algorithm: 'ES256',
        keyId: 'k',
      },
      'k',
    ],
  ])('signs: %s', async (_, signing, kid) => {
    const minted = await mintWidgetToken({ ...contents, ...signing });
    const algorithm = 'algorithm' in signing ? signing.algorithm : 'ES256';
    expect(decodeProtectedHeader(minted)).toEqual({
      alg: algorithm,
      typ: 'billhook-widget+jwt',
      ...(kid === undefined ? {} : { kid }),
    });
    const publicKeys = [{ key: publicPem('RS256') }, { algorithm, key: publicPem(algorithm), keyId: kid }];
    const claims = await verifyWidgetToken(minted, { ...contents, secrets: [hostSecret], publicKeys });
    expect(claims).toMatchObject({ host: 'acme', account: 'team_1' });
  });

  const weak = otherPairs.weakRsa.privateKey;
  it.each<[string, SigningKey, RegExp]>([
    ['of another algorithm', { privateKey: privatePem('ES256'), algorithm: 'RS256' }, /a key for RS256; it is/],
    ['that is a public one', { privateKey: publicPem('ES256'), algorithm: 'ES256' }, /must be a private key/],
    ['that is no key', { privateKey: 'key', algorithm: 'ES256' }, /must be a private key/],
    [
      'that is weak',
      { privateKey: weak.export({ type: 'pkcs8', format: 'pem' }).toString(), algorithm: 'RS256' },
      /2048 bits/,
    ],
    [
      'that is a weak CryptoKey',
      {
        privateKey: weak.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign']) as CryptoKey,
        algorithm: 'RS256',
      },
      /2048/,
    ],
    [
      'for no algorithm of ours',
      { privateKey: privatePem('RS256'), algorithm: 'RS512' as 'RS256' },
      /algorithm must be/,
    ],
    [
      'for a secret’s algorithm',
      { privateKey: privatePem('RS256'), algorithm: 'HS256' as 'RS256' },
      /algorithm must be/,
    ],
  ])('is refused %s', async (_, signing, words) => {
    await expect(mintWidgetToken({ ...contents, ...signing })).rejects.toThrow(words);
    await expect(mintWidgetToken({ ...contents, ...signing })).rejects.toBeInstanceOf(TypeError);
  });
});

describe('no token is minted', () => {
  it.each<[string, Partial<MintOptions>, RegExp]>([
    ['with a weak secret', { secret: 'x'.repeat(31) }, /32 bytes/],
    ['with a public key as secret', { secret: publicPem('RS256') }, /PEM/],
    ['for no time', { expiresIn: 0 }, /expiresIn/],
    ['for a time that is over', { expiresIn: -1 }, /expiresIn/],
    ['for more than 900 s', { expiresIn: 901 }, /expiresIn/],
    ['for what is no time', { expiresIn: Number.NaN }, /expiresIn/],
    ['for parts of a second', { expiresIn: 1.5 }, /expiresIn/],
    ['for nobody', { account: '' }, /account/],
    ['for an account without end', { account: 'x'.repeat(256) }, /account/],
    ['with an unknown scope', { scope: ['billing:all' as 'access'] }, /scope/],
    ['to introduce what is no customer', { customer: 'acct_1' }, /customer/],
  ])('%s', async (_, options, words) => {
    await expect(token(options)).rejects.toThrow(words);
  });

  it('that lives longer than allowed, however the clock ticks meanwhile', async () => {
    const clock = vi.spyOn(Date, 'now');
    let ticks = 1_790_000_000_999;
    clock.mockImplementation(() => ticks++);
    const { iat = 0, exp } = decodeJwt(await token({ expiresIn: 900 }));
    clock.mockRestore();
    expect(exp).toBe(iat + 900);
  });
});
