import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig, ConfigError } from '../../../server/src/config/config.ts';
import { nameOf, optionsFrom } from '../../../server/src/cli/environment.ts';
import { signedHeaders } from '../../../server/src/background/host-webhook.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';

const key = (bytes: number, fill = 7) => Buffer.alloc(bytes, fill);
const secret = `whsec_${key(32).toString('base64')}`;

describe('the signature', () => {
  it('is the one that the specification’s own example has', () => {
    const keyOfExample = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
    const headers = signedHeaders(
      [keyOfExample],
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      1_614_265_330_999,
      '{"test": 2432232314}',
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is made with each secret while they are rotated', () => {
    const both = signedHeaders([key(24, 1), key(24, 2)], 'n', 0, '{}')['webhook-signature'];
    const [first, second] = [1, 2].map((fill) => signedHeaders([key(24, fill)], 'n', 0, '{}')['webhook-signature']);
    expect(both).toBe(`${first} ${second}`);
  });
});

describe('the option', () => {
  const read = (webhook: unknown) =>
    readConfig({
      publicUrl,
      database: ':memory:',
      stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
      hosts: [
        {
          id: 'acme',
          secrets: [hostSecret],
          origins: [origin],
          returnUrl: `${origin}/billing`,
          webhook: webhook as { url: string; secrets: string[] },
        },
      ],
    });
  const problems = async (webhook: unknown) => {
    const error = await read(webhook).catch((cause: unknown) => cause);
    if (!(error instanceof ConfigError)) throw new Error('it was taken');
    expect(error.message).not.toContain(secret.slice(6, 20));
    return error.problems.map(({ option }) => option);
  };

  it('is no receiver by default', async () => {
    expect((await read(undefined)).hosts.get('acme')?.webhook).toBeNull();
  });

  it.each(['https://app.acme.example/hook', 'http://localhost:4000/hook', 'http://127.0.0.1/', 'http://[::1]:4000/'])(
    'takes %s, and up to 64 bytes of key',
    async (url) => {
      const secrets = [secret, `whsec_${key(24).toString('base64')}`, `whsec_${key(64).toString('base64')}`];
      expect((await read({ url, secrets })).hosts.get('acme')?.webhook).toEqual({
        url,
        secrets: [key(32), key(24), key(64)],
      });
    },
  );

  it.each([
    'http://app.acme.example/hook',
    'http://127.0.0.1.acme.example/',
    'http://localhost.acme.example/',
    'ftp://localhost/',
    'https://user:password@app.acme.example/',
    '/hook',
  ])('refuses %s', async (url) => {
    expect(await problems({ url, secrets: [secret] })).toEqual(['hosts.0.webhook.url']);
  });

  it.each([
    ['without its mark', key(32).toString('base64')],
    ['too short', `whsec_${key(23).toString('base64')}`],
    ['too long', `whsec_${key(65).toString('base64')}`],
    ['in another alphabet', `whsec_${Buffer.alloc(32, 255).toString('base64url')}`],
    ['with something more', `${secret}!`],
  ])('refuses a secret %s', async (_, wrong) => {
    expect(await problems({ url: 'https://app.acme.example/', secrets: [secret, wrong] })).toEqual([
      'hosts.0.webhook.secrets.1',
    ]);
  });

  it('is refused with every problem at once', async () => {
    expect(await problems({ url: 'here', secrets: [] })).toEqual(['hosts.0.webhook.url', 'hosts.0.webhook.secrets']);
    expect(await problems({ url: 'https://app.acme.example/', secrets: [secret], color: 'blue' })).toEqual([
      'hosts.0.webhook',
    ]);
  });
});

describe('the environment', () => {
  const env = {
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
  };
  const said = async (more: Record<string, string>) => {
    const error = await readConfig(optionsFrom({ ...env, ...more })).catch((cause: unknown) => cause);
    if (!(error instanceof ConfigError)) throw new Error('it was taken');
    return new ConfigError(error.problems, nameOf(env)).message;
  };

  it('sets it, with the next secret beside the present one', async () => {
    const { hosts } = await readConfig(
      optionsFrom({
        ...env,
        BILLHOOK_HOST_WEBHOOK_URL: 'https://app.acme.example/hook',
        BILLHOOK_HOST_WEBHOOK_SECRET: `${secret}, whsec_${key(32, 9).toString('base64')}`,
      }),
    );
    expect(hosts.get('app')?.webhook).toEqual({
      url: 'https://app.acme.example/hook',
      secrets: [key(32), key(32, 9)],
    });
  });

  it('requires one with the other, by the variable’s name', async () => {
    expect(await said({ BILLHOOK_HOST_WEBHOOK_URL: 'https://app.acme.example/hook' })).toMatch(
      /^- BILLHOOK_HOST_WEBHOOK_SECRET must /m,
    );
    const both = await said({ BILLHOOK_HOST_WEBHOOK_SECRET: 'whsec_short' });
    expect(both).toMatch(/^- BILLHOOK_HOST_WEBHOOK_URL must /m);
    expect(both).toMatch(/^- BILLHOOK_HOST_WEBHOOK_SECRET \(entry 1; a comma separates two secrets\) must /m);
  });

  it('holds the secrets of hosts in a file, and a file with secrets is refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'billhook-webhook-'));
    const file = async (webhook: object) => {
      const hosts = ['acme', 'blue-door'].map((id) => ({ id, origins: [origin], returnUrl: `${origin}/billing` }));
      const path = join(folder, 'billhook.config.json');
      await writeFile(path, JSON.stringify({ hosts: [{ ...hosts[0], webhook }, hosts[1]] }));
      const { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET } = env;
      return {
        STRIPE_SECRET_KEY,
        STRIPE_WEBHOOK_SECRET,
        BILLHOOK_CONFIG: path,
        BILLHOOK_HOST_SECRET_ACME: hostSecret,
        BILLHOOK_HOST_SECRET_BLUE_DOOR: `${hostSecret}-of-its-own`,
      };
    };
    try {
      const url = 'https://app.acme.example/hook';
      const given = await file({ url });
      const { hosts } = await readConfig(optionsFrom({ ...given, BILLHOOK_HOST_WEBHOOK_SECRET_ACME: secret }));
      expect(hosts.get('acme')?.webhook).toEqual({ url, secrets: [key(32)] });
      expect(hosts.get('blue-door')?.webhook).toBeNull();

      const missing = await readConfig(optionsFrom(given)).catch((cause: unknown) => cause);
      if (!(missing instanceof ConfigError)) throw new Error('it was taken');
      expect(new ConfigError(missing.problems, nameOf(given)).message).toMatch(
        /^- BILLHOOK_HOST_WEBHOOK_SECRET_<ID> must /m,
      );
      const told = await file({ url, secrets: [secret] });
      expect(() => optionsFrom(told)).toThrow('must not hold "secrets"');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
