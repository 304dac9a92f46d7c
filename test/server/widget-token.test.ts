import { describe, expect, it } from 'vitest';
import { mintWidgetToken } from '@billhook/server';
import { importSecret, type TokenKey } from '../../server/src/token-keys.ts';
import { widgetTokenVerifier } from '../../server/src/widget-token.ts';
import { hostSecret, publicUrl, token } from './bff.ts';

const secondSecret = 'the-secret-that-replaces-the-first-one-soon';
const verifierFor = (keys: readonly TokenKey[]) =>
  widgetTokenVerifier(publicUrl, (host) => (host === 'acme' ? { keys, jwks: null } : null));

describe('a widget token', () => {
  it('says who pays, what they may do, and whom the host introduces', async () => {
    const verify = verifierFor([importSecret(hostSecret, null)]);
    const now = Date.now();
    expect(await verify(await token({ customer: 'cus_1', expiresIn: 60 }), now)).toEqual({
      host: 'acme',
      account: 'team_1',
      scopes: new Set(['billing:read', 'billing:manage']),
      introduces: 'cus_1',
      expiresAt: expect.closeTo(now + 60_000, -4),
    });
  });

  it('M25: is taken with either of two secrets while one replaces the other', async () => {
    const verify = verifierFor([importSecret(secondSecret, null), importSecret(hostSecret, null)]);
    expect(await verify(await token(), Date.now())).toMatchObject({ account: 'team_1' });
    expect(await verify(await token({ secret: secondSecret }), Date.now())).toMatchObject({ account: 'team_1' });
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

  it('is remembered, but not beyond its time', async () => {
    const verify = verifierFor([importSecret(hostSecret, null)]);
    const short = await token({ expiresIn: 10 });
    const now = Date.now();
    const first = await verify(short, now);
    expect(await verify(short, now), 'the same object: verified once').toBe(first);
    await expect(verify(short, now + 41_000)).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('of another host is not taken for a secret that two hosts happen to share', async () => {
    const key = importSecret(hostSecret, null);
    const verify = widgetTokenVerifier(publicUrl, (host) =>
      host === 'acme' || host === 'other' ? { keys: [key], jwks: null } : null,
    );
    expect(await verify(await token({ issuer: 'other' }), Date.now())).toMatchObject({ host: 'other' });
    await expect(verify(await token({ issuer: 'stranger' }), Date.now())).rejects.toMatchObject({
      code: 'token_issuer_unknown',
    });
  });

  it('is not minted with a weak secret or for too long', async () => {
    await expect(token({ secret: 'x'.repeat(31) })).rejects.toThrow(/32 bytes/);
    for (const expiresIn of [0, -1, 901, Number.NaN]) await expect(token({ expiresIn })).rejects.toThrow(/expiresIn/);
    const claims = await mintWidgetToken({
      secret: hostSecret,
      issuer: 'acme',
      audience: publicUrl,
      account: 'a',
      expiresIn: 900,
    });
    expect(claims.split('.')).toHaveLength(3);
  });
});
