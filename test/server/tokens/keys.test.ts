/** The keys that a host may give, and the problem of each wrong one: at the start, with all other problems. */

import type { KeyObject } from 'node:crypto';
import { ConfigError, mintWidgetToken, type BillhookOptions } from '@billhook/server';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../server/src/config/config.ts';
import { optionsFrom } from '../../../server/src/cli/environment.ts';
import { importPublicKey, importSecret } from '../../../server/src/tokens/keys.ts';
import { widgetTokenVerifier } from '../../../server/src/tokens/verify.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { otherPairs, pairs } from '../support/key-pairs.ts';
import { serveProcess } from '../support/process.ts';

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const { ES256: ec, EdDSA: ed, RS256: rsa } = pairs;
const ecPem = pem(ec.publicKey);
const ecPrivatePem = ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const optionsWith = (keys: object): BillhookOptions => ({
  publicUrl,
  database: ':memory:',
  stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
  hosts: [{ id: 'acme', origins: [origin], returnUrl: `${origin}/billing`, ...keys }],
});

async function problemsOf(options: BillhookOptions): Promise<readonly string[]> {
  const error = await readConfig(options).then(
    () => new Error('it was taken'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map(({ option, must }) => `${option} ${must}`);
}

describe('a host’s keys', () => {
  it.each<[string, object, (string | null)[][]]>([
    ['a secret', { secrets: [hostSecret] }, [['HS256', null]]],
    [
      'a secret with a name',
      { secrets: [{ secret: hostSecret, keyId: 'a' }, hostSecret] },
      [
        ['HS256', 'a'],
        ['HS256', null],
      ],
    ],
    ['a PEM key', { publicKeys: [{ algorithm: 'ES256', key: ecPem, keyId: 'a' }] }, [['ES256', 'a']]],
    [
      'a PEM key alone',
      { publicKeys: [{ key: pem(ed.publicKey) }, { key: pem(rsa.publicKey) }] },
      [
        ['EdDSA', null],
        ['RS256', null],
      ],
    ],
    ['a JWK', { publicKeys: [{ key: { ...ec.publicKey.export({ format: 'jwk' }), kid: 'a' } }] }, [['ES256', 'a']]],
    ['no secret beside a public key', { secrets: [], publicKeys: [{ key: ecPem }] }, [['ES256', null]]],
    ['an address', { jwksUrl: 'https://acme.example/jwks.json' }, []],
    ['an address of this machine', { jwksUrl: 'http://127.0.0.1:9/jwks.json' }, []],
    ['an address of this machine, by name', { jwksUrl: 'http://localhost/jwks.json' }, []],
    ['an address of this machine, in IPv6', { jwksUrl: 'http://[::1]/jwks.json' }, []],
  ])('may be %s', async (_, given, expected) => {
    const host = (await readConfig(optionsWith(given))).hosts.get('acme');
    expect(host?.keys.map(({ algorithm, keyId }) => [algorithm, keyId])).toEqual(expected);
    expect(host?.jwks === null).toBe(!('jwksUrl' in given));
  });

  const key = 'hosts.0.publicKeys.0.key';
  it.each<[string, object, string]>([
    ['missing', {}, 'hosts.0.secrets must hold at least one'],
    ['an empty list', { secrets: [], publicKeys: [], jwksUrl: null }, 'hosts.0.secrets must hold at least one'],
    ['no list', { secrets: hostSecret }, 'hosts.0.secrets must be a list'],
    ['a short secret', { secrets: [hostSecret, 'short'] }, 'hosts.0.secrets.1 must have at least 32 bytes'],
    [
      'a short secret with a name',
      { secrets: [{ secret: 'short', keyId: 'a' }] },
      'hosts.0.secrets.0.secret must have',
    ],
    ['a secret that is a public key', { secrets: [ecPem] }, 'hosts.0.secrets.0 must be random bytes'],
    ['a secret that is a number', { secrets: [7] }, 'hosts.0.secrets.0 must be a secret'],
    ['a private key', { publicKeys: [{ key: ecPrivatePem }] }, `${key} must be a public key`],
    [
      'a private JWK',
      { publicKeys: [{ key: ec.privateKey.export({ format: 'jwk' }) }] },
      `${key} must be the public key`,
    ],
    ['a secret as JWK', { publicKeys: [{ key: { kty: 'oct', k: 'AAAA' } }] }, `${key} must be a public key`],
    [
      'a certificate',
      { publicKeys: [{ key: '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----' }] },
      `${key} must be a public key`,
    ],
    [
      'broken PEM',
      { publicKeys: [{ key: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }] },
      `${key} must be a public key that can be read`,
    ],
    ['broken JSON', { publicKeys: [{ key: '{"kty"' }] }, `${key} must be a JWK that can be read`],
    ['no key', { publicKeys: [{ algorithm: 'ES256' }] }, `${key} must be a public key`],
    [
      'another algorithm',
      { publicKeys: [{ algorithm: 'RS256', key: ecPem }] },
      `${key} must be a key for RS256; it is one for ES256`,
    ],
    [
      'another algorithm by its own word',
      { publicKeys: [{ key: { ...ec.publicKey.export({ format: 'jwk' }), alg: 'ES384' } }] },
      `${key} must be a key for ES256`,
    ],
    [
      'an algorithm that is not ours',
      { publicKeys: [{ algorithm: 'none', key: ecPem }] },
      'hosts.0.publicKeys.0.algorithm must be one of',
    ],
    ['another curve', { publicKeys: [{ key: pem(otherPairs.curve.publicKey) }] }, `${key} must lie on the curve P-256`],
    [
      'another Edwards curve',
      { publicKeys: [{ key: pem(otherPairs.edwards.publicKey) }] },
      `${key} must be a P-256, Ed25519 or RSA key`,
    ],
    [
      'a weak RSA key',
      { publicKeys: [{ key: pem(otherPairs.weakRsa.publicKey) }] },
      `${key} must have at least 2048 bits`,
    ],
    [
      'an RSA exponent of 1',
      { publicKeys: [{ key: { ...rsa.publicKey.export({ format: 'jwk' }), e: 'AQ' } }] },
      `${key} must have a public exponent`,
    ],
    [
      'RSA for another padding',
      { publicKeys: [{ key: pem(otherPairs.rsaPss.publicKey) }] },
      `${key} must be a P-256, Ed25519 or RSA key`,
    ],
    [
      'an address on the open net',
      { jwksUrl: 'http://acme.example/jwks.json' },
      'hosts.0.jwksUrl must be an https address',
    ],
    [
      'an address that looks like this machine',
      { jwksUrl: 'http://127.0.0.1.evil.example/' },
      'hosts.0.jwksUrl must be',
    ],
    ['an address with a password', { jwksUrl: 'https://a:b@acme.example/' }, 'hosts.0.jwksUrl must be'],
    ['a file', { jwksUrl: 'file:///etc/jwks.json' }, 'hosts.0.jwksUrl must be'],
    ['no address', { jwksUrl: 'jwks' }, 'hosts.0.jwksUrl must be'],
  ])('are refused: %s', async (_, given, expected) => {
    expect(await problemsOf(optionsWith(given))).toEqual([expect.stringContaining(expected)]);
  });

  it('that are wrong are named with all other problems, and never repeated', async () => {
    const wrong = {
      secrets: ['oops short'],
      publicKeys: [{ key: 'oops no key' }, { algorithm: 'RS256', key: ecPem }],
      jwksUrl: 'oops://address',
    };
    const said = await problemsOf({ ...optionsWith(wrong), publicUrl: 'here' });
    expect(said.map((line) => line.split(' ')[0])).toEqual([
      'publicUrl',
      'hosts.0.secrets.0',
      'hosts.0.publicKeys.0.key',
      'hosts.0.publicKeys.1.key',
      'hosts.0.jwksUrl',
    ]);
    expect(said.join('\n')).not.toMatch(/oops|MF/);
    expect(await problemsOf({ ...optionsWith({}), publicUrl: 'here' }), 'no key at all').toHaveLength(2);
  });

  it.each([null, 'acme', undefined])('are not asked for where a host is %j', async (host) => {
    const problems = await problemsOf({ ...optionsWith({}), hosts: [host as never] });
    expect(problems).toHaveLength(1);
    expect(problems[0]).not.toContain('secrets');
  });
});

describe('a key that is read', () => {
  it('has one fingerprint, however a public key is spelt', () => {
    const jwk = ec.publicKey.export({ format: 'jwk' });
    const spelt = [ecPem, `\n ${ecPem}`, jwk, JSON.stringify(jwk), ` \n${JSON.stringify(jwk)}\n`];
    const prints = new Set(spelt.map((key) => importPublicKey({ key }).fingerprint));
    expect(prints.size).toBe(1);
    expect(prints).not.toContain(importPublicKey({ key: pem(ed.publicKey) }).fingerprint);
  });

  it.each([`key: ${ecPem}`, `${ecPem} key`, ecPem + ecPem])('is one PEM and nothing beside it', (key) => {
    expect(() => importPublicKey({ key })).toThrow('must be a public key, in PEM ("BEGIN PUBLIC KEY") or as a JWK');
  });

  it('is a secret from 32 bytes on, however few characters they are', () => {
    expect(importSecret('x'.repeat(32), null)).toMatchObject({ algorithm: 'HS256' });
    expect(importSecret('é'.repeat(16), 'a')).toMatchObject({ keyId: 'a' });
  });
});

describe('a host’s keys from the environment', () => {
  const environment = {
    BILLHOOK_URL: publicUrl,
    BILLHOOK_HOST_ID: 'acme',
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
  };

  it.each([
    ['one PEM key', ecPem],
    ['one PEM key as an environment file holds it', ecPem.replaceAll('\n', String.raw`\n`)],
    ['two PEM keys, while one replaces the other', pem(rsa.publicKey) + ecPem],
    ['one JWK', JSON.stringify(ec.publicKey.export({ format: 'jwk' }))],
  ])('%s', async (_, BILLHOOK_HOST_PUBLIC_KEY) => {
    const { hosts } = await readConfig(optionsFrom({ ...environment, BILLHOOK_HOST_PUBLIC_KEY }));
    const verify = widgetTokenVerifier(publicUrl, (host) => hosts.get(host) ?? null);
    const token = await mintWidgetToken({
      privateKey: ecPrivatePem,
      algorithm: 'ES256',
      issuer: 'acme',
      audience: publicUrl,
      account: 'team_1',
    });
    expect(await verify(token, Date.now())).toMatchObject({ account: 'team_1' });
  });

  it('the address', async () => {
    const { hosts } = await readConfig(
      optionsFrom({ ...environment, BILLHOOK_HOST_JWKS_URL: 'https://acme.example/jwks.json' }),
    );
    expect(hosts.get('acme')?.jwks).not.toBeNull();
  });

  it('that are wrong are named by their variables', async () => {
    const { ended, errors } = serveProcess({
      ...environment,
      BILLHOOK_HOST_PUBLIC_KEY: ecPem + ecPrivatePem,
      BILLHOOK_HOST_JWKS_URL: 'http://acme.example/',
    });
    expect(await ended).toBe(1);
    expect(errors.join('\n')).toMatch(/^- BILLHOOK_HOST_PUBLIC_KEY \(entry 2\) must be a public key/m);
    expect(errors.join('\n')).toMatch(/^- BILLHOOK_HOST_JWKS_URL must be an https address/m);
  });
});

describe('F16: a key is the same, however its file was written', () => {
  const spki = pem(ec.publicKey);
  const jwk = JSON.stringify(ec.publicKey.export({ format: 'jwk' }));
  const privateJwk = JSON.stringify(ec.privateKey.export({ format: 'jwk' }));
  const written = {
    'line ends of Windows': (text: string) => text.replaceAll('\n', '\r\n'),
    'an editor’s mark at its head': (text: string) => `\uFEFF${text}`,
    'line ends in words': (text: string) => text.trim().replaceAll('\n', String.raw`\n`),
    'line ends of Windows in words': (text: string) => text.trim().replaceAll('\n', String.raw`\r\n`),
    'white space around it': (text: string) => `\n  ${text}\n\n`,
  };
  it.each(Object.entries(written))('with %s', async (_, write) => {
    const isText = write === written['line ends in words'] || write === written['line ends of Windows in words'];
    for (const [half, own] of [[spki, ecPrivatePem], ...(isText ? [] : [[jwk, privateJwk]])] as const) {
      const { hosts } = await readConfig(optionsWith({ publicKeys: [{ key: write(half) }] }));
      const verify = widgetTokenVerifier(publicUrl, (id) => hosts.get(id) ?? null);
      const contents = { issuer: 'acme', audience: publicUrl, account: 'team_1', keyId: 'k1\n' };
      const token = await mintWidgetToken({ privateKey: write(own), algorithm: 'ES256', ...contents });
      expect(await verify(token, Date.now())).toMatchObject({ account: 'team_1' });
      expect(JSON.parse(atob(token.split('.')[0] ?? ''))).toMatchObject({ kid: 'k1' });
    }
  });
});
