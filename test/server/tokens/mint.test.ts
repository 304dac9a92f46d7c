/** The claims of a minted token; and each mistake in a host’s options by its code, its option and its words. */

import { mintWidgetToken, type MintOptions, type TokenContents } from '@billhook/server';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hostSecret, publicUrl, token } from '../support/bff.ts';

describe('a minted token', () => {
  const now = 1_790_000_000;
  const claimsOf = async (options: Partial<TokenContents> = {}) => {
    vi.setSystemTime(now * 1000);
    onTestFinished(() => void vi.useRealTimers());
    const { jti, ...claims } = decodeJwt(await token(options));
    expect(jti).toMatch(/^[\da-f-]{36}$/);
    return claims;
  };
  const plain = { iss: 'acme', aud: publicUrl, sub: 'team_1', iat: now, exp: now + 300 };

  it('carries the account and the scopes of the widget for five minutes, and no more', async () => {
    expect(await claimsOf()).toEqual({ ...plain, scope: 'billing:read billing:manage' });
    expect(await claimsOf({ customer: null, email: null, name: null })).toEqual(await claimsOf());
  });

  it('carries what is said of the payer', async () => {
    expect(await claimsOf({ customer: 'cus_1', email: 'a@b', name: 'Ada' })).toMatchObject({
      stripe_customer: 'cus_1',
      email: 'a@b',
      name: 'Ada',
    });
  });

  it.each([
    [['access'], 'access'],
    ['access', 'access'],
    [' billing:read, access\n', 'billing:read access'],
  ] as const)('has the scopes %j', async (scope, written) =>
    expect(await claimsOf({ scope })).toMatchObject({ scope: written }),
  );

  it.each([1, 900])('lives for %d s', async (expiresIn) =>
    expect(await claimsOf({ expiresIn })).toMatchObject({ exp: now + expiresIn }),
  );

  it('F16: is the same with white space around the host’s id and the key’s', async () => {
    expect(await claimsOf({ issuer: ' acme\n' })).toMatchObject({ iss: 'acme' });
    expect(decodeProtectedHeader(await token({ keyId: ' k1\n' }))).toMatchObject({ kid: 'k1' });
  });
});

describe('a host’s mistake', () => {
  const scopes = 'must be of billing:read, billing:manage, access';
  const life = 'must be 1 to 900 whole seconds';
  const account = 'must be the account’s id, 1 to 255 characters';
  const issuer = 'must be the host’s id at the BFF';
  const audience = 'must be the BFF’s public address, https://…';
  const [customer, email] = [
    'must be the id of a Stripe customer',
    'must be an e-mail address of at most 512 characters',
  ];
  const missing = 'is not set: give the secret that the BFF has for this host (its BILLHOOK_HOST_SECRET)';

  it.each<[option: string, given: unknown, code: string, must: string]>([
    ['issuer', '', 'issuer_missing', issuer],
    ['issuer', ' \n', 'issuer_missing', issuer],
    ['issuer', undefined, 'issuer_missing', issuer],
    ['audience', undefined, 'audience_invalid', audience],
    ['audience', 'billing.acme.example', 'audience_invalid', audience],
    ['audience', 'ftp://billing.acme.example', 'audience_invalid', audience],
    ['audience', 'xhttps://billing.acme.example', 'audience_invalid', audience],
    ['audience', new URL(publicUrl), 'audience_invalid', audience],
    ['expiresIn', 0, 'expires_in_invalid', life],
    ['expiresIn', 901, 'expires_in_invalid', life],
    ['expiresIn', 1.5, 'expires_in_invalid', life],
    ['expiresIn', '300', 'expires_in_invalid', life],
    ['account', '', 'account_invalid', account],
    ['account', 7, 'account_invalid', account],
    ['customer', 'acct_1', 'customer_invalid', customer],
    ['customer', '', 'customer_invalid', customer],
    ['email', 'ada', 'email_invalid', email],
    ['name', ' ', 'name_invalid', 'must be a name of 1 to 256 characters'],
    ['scope', [], 'scope_invalid', scopes],
    ['scope', '', 'scope_invalid', scopes],
    ['scope', ['access', 'billing:all'], 'scope_invalid', scopes],
    ['scope', { length: 1, every: () => true }, 'scope_invalid', scopes],
    ['secret', undefined, 'secret_missing', missing],
    ['secret', '', 'secret_missing', missing],
    ['secret', 'x'.repeat(31), 'secret_weak', 'must have at least 32 bytes (openssl rand -base64 32)'],
    ['secret', `-----BEGIN PUBLIC KEY-----${hostSecret}`, 'secret_weak', 'must be random bytes, not a PEM key'],
  ])('%s: %j is %s', async (option, given, code, must) => {
    const minting = token({ [option]: given } as Partial<MintOptions>);
    await expect(minting).rejects.toMatchObject({
      name: 'BillhookOptionError',
      code,
      option,
      message: `${option} ${must}`,
    });
    await expect(minting).rejects.not.toHaveProperty('cause');
  });

  it.each([null, undefined, 'team_1'])('to give %j for the options is named', async (given) => {
    await expect(mintWidgetToken(given as never)).rejects.toMatchObject({
      code: 'option_invalid',
      message: 'options must be an object',
    });
  });

  it('is no secret of 32 bytes, however few characters they are', async () => {
    await expect(token({ secret: 'x'.repeat(32) })).resolves.toBeTypeOf('string');
    await expect(token({ secret: 'é'.repeat(16) })).resolves.toBeTypeOf('string');
  });
});
