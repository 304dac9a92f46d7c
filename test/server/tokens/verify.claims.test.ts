/** Tokens that the minter does not make: the bounds of each claim, and the words of a refusal. */

import { createHmac, webcrypto } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { verifyWidgetToken } from '@billhook/server';
import { importSecret, type TokenKey } from '../../../server/src/tokens/keys.ts';
import { widgetTokenVerifier } from '../../../server/src/tokens/verify.ts';
import { hostSecret, publicUrl } from '../support/bff.ts';

const now = 1_790_000_000;
const claims = { iss: 'acme', aud: publicUrl, sub: 'team_1', iat: now, exp: now + 300, scope: 'access' };
const head = { alg: 'HS256', typ: 'billhook-widget+jwt' };

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text: string) => `${text}.${createHmac('sha256', hostSecret).update(text).digest('base64url')}`;
/** As another language's program writes it. */
const written = (change: object = {}, header: object = {}) =>
  sign(`${part({ ...head, ...header })}.${part({ ...claims, ...change })}`);

const key = importSecret(hostSecret, null);
const verifierOf = (keys: readonly TokenKey[], ...more: [onUnknownClaims?: () => void, most?: number]) =>
  widgetTokenVerifier(publicUrl, (host) => (host === 'acme' ? { keys, jwks: null } : null), ...more);
const verified = (token: string, at = now * 1000) => verifierOf([key])(token, at);

describe('a token’s claims', () => {
  const plain = {
    host: 'acme',
    account: 'team_1',
    scopes: new Set(['access']),
    introduces: null,
    expiresAt: (now + 300) * 1000,
  };
  it.each<[object, object]>([
    [{}, plain],
    [{ scope: 'access billing:read' }, { ...plain, scopes: new Set(['access', 'billing:read']) }],
    [{ scope: ['access', 'other'] }, { ...plain, scopes: new Set(['access', 'other']) }],
    [{ stripe_customer: 'cus_1' }, { ...plain, introduces: 'cus_1' }],
    [{ email: 'a@b' }, { ...plain, payer: { email: 'a@b' } }],
    [{ name: 'Ada' }, { ...plain, payer: { name: 'Ada' } }],
    [
      { email: 'a@b', name: 'Ada' },
      { ...plain, payer: { email: 'a@b', name: 'Ada' } },
    ],
  ])('%j are taken as they are', async (change, taken) => expect(await verified(written(change))).toStrictEqual(taken));

  const tooLong = 'at most 900 seconds after "iat"';
  const scopes = 'scopes separated by spaces, or a list of them';
  const ahead = 'in the past: the clock of the machine that made the token is minutes ahead';
  it.each<[claim: string, value: unknown, must: string]>([
    ['sub', undefined, 'the account’s id, 1 to 255 characters'],
    ['sub', 7, 'the account’s id, 1 to 255 characters'],
    ['scope', undefined, scopes],
    ['scope', { access: true }, scopes],
    ['scope', ['access', 7], scopes],
    ['exp', undefined, tooLong],
    ['exp', now + 901, tooLong],
    ['iat', undefined, 'the time at which the token was made, in seconds since 1970'],
    ['iat', now + 301, ahead],
    ['stripe_customer', 'acct_1', 'the id of a Stripe customer'],
    ['email', 'ada', 'an e-mail address of at most 512 characters'],
    ['name', ' ', 'a name of 1 to 256 characters'],
  ])('are refused by name: %s cannot be %j', async (claim, value, must) => {
    await expect(verified(written({ [claim]: value }))).rejects.toMatchObject({
      code: 'token_malformed',
      message: `The widget token’s claim "${claim}" must be ${must}.`,
    });
  });

  it.each<[claim: string, value: unknown]>([
    ['exp', `${now + 300}`],
    ['iat', 'now'],
    ['nbf', now + 301],
  ])('of time are numbers, and in their time: %s cannot be %j', async (claim, value) => {
    await expect(verified(written({ [claim]: value }))).rejects.toMatchObject({
      code: 'token_malformed',
      message: `The widget token’s claim "${claim}" is missing or wrong.`,
      cause: expect.any(Error) as unknown,
    });
  });

  it('may be of a clock that is five minutes ahead', async () => {
    const late = { iat: now + 300, nbf: now + 300, exp: now + 1200 };
    expect(await verified(written(late))).toMatchObject({ account: 'team_1' });
  });

  it.each([
    ['another type', { typ: 'JWT' }, 'token_invalid'],
    ['no type', { typ: undefined }, 'token_invalid'],
    ['an extension that must be understood', { crit: ['other'], other: true }, 'token_invalid'],
    ['extensions that are none', { crit: [] }, 'token_malformed'],
    ['a payload that is not encoded', { crit: ['b64'], b64: false }, 'token_malformed'],
  ])('are not read under a header with %s', async (_, header, code) => {
    await expect(verified(written({}, header))).rejects.toMatchObject({ code, cause: expect.any(Error) as unknown });
  });

  it('that nothing reads are told, with the host', async () => {
    const told = vi.fn<() => void>();
    const verify = verifierOf([key], told);
    await verify(written({ nbf: now, jti: 'one', email: 'a@b', name: 'Ada', stripe_customer: 'cus_1' }), now * 1000);
    expect(told).not.toHaveBeenCalled();
    await verify(written({ customer: 'cus_1', plan: 'team' }), now * 1000);
    expect(told.mock.calls).toEqual([['acme', ['customer', 'plan']]]);
  });
});

describe('a refusal names what the token claims', () => {
  it.each<[string, string, object]>([
    ['token_issuer_unknown', written({ iss: 'other' }), { issuer: 'other' }],
    ['token_invalid', `${written().slice(0, -43)}${'A'.repeat(43)}`, { issuer: 'acme' }],
    ['token_audience_wrong', written({ aud: 'https://a.example' }), { issuer: 'acme', audience: 'https://a.example' }],
    ['token_audience_wrong', written({ aud: ['a', 'b'] }), { issuer: 'acme', audience: 'a b' }],
    ['token_audience_wrong', written({ aud: undefined }), { issuer: 'acme', audience: '' }],
  ])('%s', (code, token, claimed) => expect(verified(token)).rejects.toMatchObject({ code, claimed }));
});

describe('a token’s end', () => {
  it.each([
    [300 + 29.999, null],
    [300 + 30, 'token_expired'],
    [300 + 299, 'token_expired'],
    [300 + 300, 'token_expired'],
    [86_400, 'token_expired'],
  ])('%d s after it was made, it is %s', async (passed, code) => {
    const verdict = await verified(written(), (now + passed) * 1000).then(
      () => null,
      (cause: unknown) => cause,
    );
    if (code === null) expect(verdict).toBeNull();
    else expect(verdict).toMatchObject({ code });
    if (passed > 300 + 300) expect(verdict).toMatchObject({ cause: { code: 'ERR_JWT_EXPIRED' } });
  });
});

describe('what is no token', () => {
  const refused = (token: string): Promise<unknown> => verified(token).catch((cause: unknown) => cause);

  it.each([
    ['two parts', 'e30.e30'],
    ['four parts', `${written()}.e30`],
    ['a signature in another spelling', `${written()}=`],
    ['a host that is no text', written({ iss: 7 })],
    ['a key’s name that is no text', written({}, { kid: 7 })],
    ['no algorithm', written({}, { alg: undefined })],
  ])('is malformed, and costs no error of the library: %s', async (_, token) => {
    const refusal = await refused(token);
    expect(refusal).toMatchObject({ code: 'token_malformed' });
    expect(refusal).not.toHaveProperty('cause');
  });

  it('is malformed where its parts are no JSON', async () => {
    expect(await refused('AAAA.AAAA.AAAA')).toMatchObject({
      code: 'token_malformed',
      cause: expect.any(Error) as unknown,
    });
  });

  it('may be 4096 characters long, and no more', async () => {
    const ofLength = (length: number) => {
      const about = Math.floor(((length - written({ filler: '' }).length) * 3) / 4);
      // Base64url has no text of every length: another key's name shifts it.
      const tokens = ['', 'a', 'ab', 'abc'].flatMap((kid) =>
        Array.from({ length: 20 }, (_, i) => written({ filler: 'x'.repeat(about - i) }, { kid })),
      );
      return tokens.find((token) => token.length === length) ?? '';
    };
    expect(await verified(ofLength(4096))).toMatchObject({ account: 'team_1' });
    await expect(verified(ofLength(4097))).rejects.toMatchObject({ code: 'token_malformed' });
  });

  it.each(['', 'AAAA', 'A'.repeat(44)])('is signed by nothing: %j', async (signature) => {
    const [header, payload] = written().split('.');
    await expect(verified(`${header}.${payload}.${signature}`)).rejects.toMatchObject({ code: 'token_invalid' });
  });

  it('costs one verification where a stranger signed it', async () => {
    const verifying = vi.spyOn(webcrypto.subtle, 'verify');
    onTestFinished(() => verifying.mockRestore());
    await expect(verified(`${written().slice(0, -43)}${'A'.repeat(43)}`)).rejects.toMatchObject({
      code: 'token_invalid',
    });
    expect(verifying).toHaveBeenCalledTimes(1);
  });
});

describe('verified tokens', () => {
  it('are remembered from when they were verified until they end', async () => {
    const verify = verifierOf([key]);
    const token = written();
    expect(verify.remembered(token, now * 1000)).toBeNull();
    const taken = await verify(token, now * 1000);
    const end = taken.expiresAt + 30_000;
    const kept = [0, 1, end - 1 - now * 1000].map((passed) => verify.remembered(token, now * 1000 + passed));
    expect(kept).toEqual([taken, taken, taken]);
    expect([now * 1000 - 1, end].map((at) => verify.remembered(token, at))).toEqual([null, null]);
  });

  it('are verified again by a clock that was set back: their key may be withdrawn', async () => {
    const keys = [key];
    const verify = verifierOf(keys);
    await verify(written(), now * 1000);
    keys.pop();
    expect(await verify(written(), now * 1000)).toMatchObject({ account: 'team_1' });
    await expect(verify(written(), now * 1000 - 1)).rejects.toMatchObject({ code: 'token_invalid' });
  });

  it('give way to later ones at their bound, the oldest first, and not to forged ones', async () => {
    const verify = verifierOf([key], undefined, 2);
    const [one, two, three] = ['1', '2', '3'].map((jti) => written({ jti })) as [string, string, string];
    const isRemembered = () => [one, two, three].map((each) => verify.remembered(each, now * 1000) !== null);
    for (const each of [one, two]) await verify(each, now * 1000);
    for (const forged of ['A', 'B', 'C']) {
      await expect(verify(`${one.slice(0, -43)}${forged.padEnd(43, 'A')}`, now * 1000)).rejects.toMatchObject({
        code: 'token_invalid',
      });
    }
    expect(isRemembered()).toEqual([true, true, false]);
    await verify(three, now * 1000);
    expect(isRemembered()).toEqual([false, true, true]);
  });
});

describe('a token that a host checks itself', () => {
  const options = { issuer: 'acme', audience: publicUrl };
  it('needs a secret or a public key, and is of this moment', async () => {
    await expect(verifyWidgetToken(written(), options)).rejects.toMatchObject({ code: 'token_invalid' });
    const at = { ...options, secrets: [hostSecret] };
    expect(await verifyWidgetToken(written(), { ...at, now: now * 1000 })).toMatchObject({ account: 'team_1' });
    vi.setSystemTime((now + 86_400) * 1000);
    onTestFinished(() => void vi.useRealTimers());
    await expect(verifyWidgetToken(written(), at)).rejects.toMatchObject({ code: 'token_expired' });
  });
});
