/** Configurations that would let one host act for another, or send secrets in the clear: refused at the start, by name. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameOf, optionsFrom } from '../../server/src/cli/environment.ts';
import { ConfigError, readConfig, type BillhookOptions } from '../../server/src/config/config.ts';
import { hostSecret, origin, publicUrl } from '../server/support/bff.ts';

const hostOf = (id: string, more: object = {}) => ({
  id,
  secrets: [`${id}-${hostSecret}`],
  origins: [`https://${id}.example`],
  returnUrl: `https://${id}.example/billing`,
  ...more,
});
const good = {
  publicUrl,
  database: ':memory:',
  stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
  hosts: [hostOf('acme')],
} satisfies BillhookOptions;
const live = { ...good, stripe: { ...good.stripe, secretKey: 'sk_live_1' } };

async function problems(options: BillhookOptions): Promise<readonly string[]> {
  const error: unknown = await readConfig(options).then(
    () => null,
    (cause: unknown) => cause,
  );
  if (error === null) return [];
  if (!(error instanceof ConfigError)) throw error;
  expect(error.message).not.toContain(hostSecret);
  return error.problems.map(({ option }) => option);
}

describe('two hosts', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-configuration-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    [['team-a', 'team.a'], 'BILLHOOK_HOST_SECRET_TEAM_A'],
    [['team_a', 'TEAM-A'], 'BILLHOOK_HOST_SECRET_TEAM_A'],
  ])('%s do not read one secret variable', async (ids, variable) => {
    const path = join(folder, `${ids.join('+')}.json`);
    await writeFile(path, JSON.stringify({ hosts: ids.map((id) => ({ ...hostOf('x'), secrets: undefined, id })) }));
    const env = { BILLHOOK_CONFIG: path, [variable]: hostSecret };
    expect(() => optionsFrom(env)).toThrow(`${variable} must not be read by two hosts`);
    expect(() => optionsFrom(env)).not.toThrow(hostSecret);
    expect(() => optionsFrom({ BILLHOOK_CONFIG: path }), 'with public keys there is no variable').not.toThrow();
  });

  it.each([
    ['as they are', [hostSecret]],
    ['one of several', [`another-${hostSecret}`, hostSecret]],
    ['under another name', [{ secret: hostSecret, keyId: 'two' }]],
    ['with the line end of a file', [`${hostSecret}\r\n`]],
  ])('do not have one secret, %s', async (_, secrets) => {
    const hosts = [hostOf('acme', { secrets: [hostSecret] }), hostOf('beta', { secrets })];
    expect(await problems({ ...good, hosts })).toEqual(['hosts.1.secrets']);
    const error: unknown = await readConfig({ ...good, hosts }).catch((cause: unknown) => cause);
    if (!(error instanceof ConfigError)) throw error;
    expect(new ConfigError(error.problems, nameOf({ BILLHOOK_CONFIG: 'x' })).message).toContain(
      'BILLHOOK_HOST_SECRET_<ID> must not hold a secret of another host ("acme")',
    );
  });

  const notices = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const webhook = (secrets: readonly string[]) => ({ url: 'https://acme.example/hooks', secrets });
  it.each<[string, Partial<BillhookOptions>, string]>([
    [
      'another host’s notices',
      { hosts: [hostOf('acme', { webhook: webhook([notices]) }), hostOf('beta', { webhook: webhook([notices]) })] },
      'hosts.1.webhook.secrets',
    ],
    [
      'another host’s notices, without the padding',
      {
        hosts: [
          hostOf('acme', { webhook: webhook([notices]) }),
          hostOf('beta', { webhook: webhook([notices.replaceAll('=', '')]) }),
        ],
      },
      'hosts.1.webhook.secrets',
    ],
    [
      'another host’s notices, for its tokens',
      { hosts: [hostOf('acme', { webhook: webhook([notices]) }), hostOf('beta', { secrets: [notices] })] },
      'hosts.1.secrets',
    ],
    [
      'Stripe’s webhooks',
      { stripe: { ...good.stripe, webhookSecrets: [notices] }, hosts: [hostOf('acme', { secrets: [notices] })] },
      'hosts.0.secrets',
    ],
    [
      'the metrics',
      { metrics: { token: hostSecret }, hosts: [hostOf('acme', { secrets: [hostSecret] })] },
      'hosts.0.secrets',
    ],
    [
      'the upkeep',
      { background: 'none', upkeep: { secret: hostSecret }, hosts: [hostOf('acme', { secrets: [hostSecret] })] },
      'hosts.0.secrets',
    ],
  ])('have no secret of %s', async (_, change, option) => {
    expect(await problems({ ...good, ...change })).toEqual([option]);
  });

  it('do not trust one key, in whatever spelling', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const [pem, jwk] = [
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      publicKey.export({ format: 'jwk' }),
    ];
    const hosts = [
      hostOf('acme', { publicKeys: [{ key: pem }] }),
      hostOf('beta', { publicKeys: [{ key: jwk, keyId: 'b' }] }),
    ];
    expect(await problems({ ...good, hosts })).toEqual(['hosts.1.publicKeys']);
    const sets = ['https://acme.example/jwks', 'https://ACME.example:443/jwks'];
    expect(
      await problems({ ...good, hosts: [hostOf('acme', { jwksUrl: sets[0] }), hostOf('beta', { jwksUrl: sets[1] })] }),
    ).toEqual(['hosts.1.jwksUrl']);
    const { publicKey: other } = generateKeyPairSync('ed25519');
    const own = [
      hostOf('acme', { publicKeys: [{ key: pem }, { key: jwk }] }),
      hostOf('beta', { publicKeys: [{ key: other.export({ format: 'jwk' }) }] }),
    ];
    expect(await problems({ ...good, hosts: own })).toEqual([]);
  });

  it('are taken with secrets of their own, and one host with the same secret twice', async () => {
    expect(await problems({ ...good, hosts: [hostOf('acme'), hostOf('beta')] })).toEqual([]);
    expect(await problems({ ...good, hosts: [hostOf('acme', { secrets: [hostSecret, hostSecret] })] })).toEqual([]);
  });
});

it.each(['whsec_', 'whsec_ ', 'whsec_a b', 'whsec_\n', 'sk_test_1', ''])('%j is no webhook secret', async (secret) => {
  expect(await problems({ ...good, stripe: { ...good.stripe, webhookSecrets: [secret] } })).toEqual([
    'stripe.webhookSecrets.0',
  ]);
});

describe('a live key is refused with', () => {
  it.each<[string, BillhookOptions, string]>([
    ['an http address', { ...live, publicUrl: 'http://billing.acme.example' }, 'publicUrl'],
    ['an http address of this machine', { ...live, publicUrl: 'http://localhost:4001' }, 'publicUrl'],
    [
      'an http origin',
      { ...live, hosts: [hostOf('acme', { origins: ['https://acme.example', 'http://acme.example'] })] },
      'hosts.0.origins.1',
    ],
    [
      'a link over http',
      { ...live, hosts: [hostOf('acme', { policy: { upgradeUrl: 'http://acme.example/' } })] },
      'hosts.0.policy.upgradeUrl',
    ],
    ...(['returnUrl', 'privacyUrl', 'termsUrl'] as const).map((name): [string, BillhookOptions, string] => [
      `a portal’s ${name} over http`,
      { ...live, hosts: [hostOf('acme', { portal: { configurations: { own: { [name]: 'http://acme.example/' } } } })] },
      `hosts.0.portal.configurations.own.${name}`,
    ]),
    [
      'another API address',
      { ...live, stripe: { ...live.stripe, apiUrl: 'https://stripe.evil.example' } },
      'stripe.apiUrl',
    ],
    [
      'Stripe’s own over http',
      { ...live, stripe: { ...live.stripe, apiUrl: 'http://api.stripe.com' } },
      'stripe.apiUrl',
    ],
  ])('%s', async (_, options, option) => {
    expect(await problems(options)).toEqual([option]);
  });

  it('nothing of what production has, and a test key with all of it', async () => {
    expect(await problems(live)).toEqual([]);
    expect(await problems({ ...live, stripe: { ...live.stripe, apiUrl: 'https://api.stripe.com' } })).toEqual([]);
    const local = {
      ...good,
      publicUrl: 'http://localhost:4001',
      stripe: { ...good.stripe, apiUrl: 'http://127.0.0.1:12111' },
    };
    expect(
      await problems({
        ...local,
        hosts: [hostOf('acme', { origins: ['http://localhost:3000'], returnUrl: 'http://localhost:3000/' })],
      }),
    ).toEqual([]);
  });
});

/** Texts that URL parsers read differently, or not at all. */
const hostile = [
  'http://acme.example:99999',
  'http://localhost:99999/',
  'https://user@acme.example/',
  'https://user:pass@acme.example/',
  'https://acme.example\\@evil.example/',
  'https:\\\\acme.example/',
  'https://acme.example/\u0000',
  'https://acme.example/a\tb',
  'https://acme.example/a\nb',
  'https://acme.example/\ud800',
  'https://',
  'https:///',
  'https://[::1',
  'https://[::g]/',
  'https://1.2.3.4.5/',
  'https://256.256.256.256/',
  'https://acme example/',
  'https://acme.example:port/',
  '//acme.example/',
  '/billing',
  'acme.example',
  '',
  ' ',
  'javascript:alert(1)',
  'javascript://acme.example/%0aalert(1)',
  'data:text/html,x',
  'blob:https://acme.example/7c1f',
  'file:///etc/passwd',
  'ftp://acme.example/',
  'ws://acme.example/',
  'about:blank',
  'mailto:a@acme.example',
  'https%3A//acme.example/',
  'https://acme.example%00.evil.example/',
  'https://%/',
  'https://*.acme.example/',
  'https://a<b>.example/',
  'https://acme.example|evil.example/',
  'view-source:https://acme.example/',
];

/** Every option that is a web address, with the options that set it. */
const addressOptions: Record<string, (address: string) => BillhookOptions> = {
  publicUrl: (address) => ({ ...good, publicUrl: address }),
  'stripe.apiUrl': (apiUrl) => ({ ...good, stripe: { ...good.stripe, apiUrl } }),
  ...ofHost('returnUrl', (returnUrl) => ({ returnUrl })),
  ...ofHost('jwksUrl', (jwksUrl) => ({ jwksUrl })),
  ...ofHost('webhook.url', (url) => ({ webhook: { url, secrets: [`whsec_${Buffer.alloc(32).toString('base64')}`] } })),
  ...ofHost('policy.upgradeUrl', (upgradeUrl) => ({ policy: { upgradeUrl } })),
  ...ofHost('policy.resumeUrl', (resumeUrl) => ({ policy: { resumeUrl } })),
  ...ofHost('portal.configurations.own.returnUrl', (returnUrl) => portalOf({ returnUrl })),
  ...ofHost('portal.configurations.own.privacyUrl', (privacyUrl) => portalOf({ privacyUrl })),
  ...ofHost('portal.configurations.own.termsUrl', (termsUrl) => portalOf({ termsUrl })),
};
function ofHost(option: string, more: (address: string) => object): typeof addressOptions {
  return { [`hosts.0.${option}`]: (address) => ({ ...good, hosts: [hostOf('acme', more(address))] }) };
}
function portalOf(own: object): object {
  return { portal: { configurations: { own } } };
}

it.each(Object.entries(addressOptions))('no hostile address is taken as %s', async (option, optionsWith) => {
  expect(hostile.length).toBe(39);
  const taken: string[] = [];
  for (const address of hostile) if (!(await problems(optionsWith(address))).includes(option)) taken.push(address);
  expect(taken).toEqual([]);
  // White space around it is that of a file (F16).
  for (const good of ['https://acme.example/a', ' https://acme.example/a', 'https://acme.example/a\n'])
    expect(await problems(optionsWith(good)), JSON.stringify(good)).toEqual([]);
});

it('no hostile address is accepted as an origin', async () => {
  for (const address of [
    ...hostile,
    'null',
    '*',
    'https://*.acme.example',
    `${origin}/?`,
    `${origin}/#`,
    `${origin}/%2e`,
    `${origin}/.`,
  ]) {
    expect(
      await problems({ ...good, hosts: [hostOf('acme', { origins: ['https://acme.example', address] })] }),
      address,
    ).toEqual(['hosts.0.origins.1']);
  }
});
