import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from '../../../server/src/config/config.ts';
import { nameOf, optionsFrom } from '../../../server/src/cli/environment.ts';
import { unknownVariables } from '../../../server/src/cli/variables.ts';
import { hostSecret, origin } from '../support/bff.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-environment-'));
});
afterAll(() => rm(folder, { recursive: true }));

const stripe = { STRIPE_SECRET_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1,whsec_2' };

async function file(json: unknown): Promise<string> {
  const path = join(folder, 'billhook.config.json');
  await writeFile(path, typeof json === 'string' ? json : JSON.stringify(json));
  return path;
}

const host = (id: string) => ({ id, origins: [`https://${id}.example`], returnUrl: `https://${id}.example/billing` });

describe('one file, and the secrets in the environment', () => {
  it('sets up several hosts, each with its own secret, plans and policy', async () => {
    const path = await file({
      publicUrl: 'https://billing.example',
      database: '/var/lib/billhook/ledger.db',
      hosts: [
        { ...host('acme'), plans: [{ lookupKey: 'team' }], offers: [{ id: 'team', price: 'team', trialDays: 14 }] },
        { ...host('blue-door'), policy: { graceDays: 3 } },
      ],
    });
    const config = await readConfig(
      optionsFrom({
        ...stripe,
        BILLHOOK_CONFIG: path,
        BILLHOOK_HOST_SECRET_ACME: hostSecret,
        BILLHOOK_HOST_SECRET_BLUE_DOOR: `${hostSecret}-of-its-own,${hostSecret}-the-next`,
      }),
    );
    expect(config).toMatchObject({ publicUrl: 'https://billing.example', database: '/var/lib/billhook/ledger.db' });
    expect(config.stripe.webhookSecrets).toEqual(['whsec_1', 'whsec_2']);
    expect(config.hosts.get('acme')?.policy.offers).toMatchObject([{ id: 'team', price: 'team', trialDays: 14 }]);
    expect(config.hosts.get('blue-door')?.policy).toMatchObject({ graceDays: 3, plans: 'all', offers: [] });
  });

  it('lets a variable set the address and the ledger of one deployment', async () => {
    const path = await file({ publicUrl: 'https://billing.example', database: 'a.db', hosts: [host('acme')] });
    const env = { ...stripe, BILLHOOK_CONFIG: path, BILLHOOK_HOST_SECRET: hostSecret };
    expect(optionsFrom({ ...env, BILLHOOK_URL: 'https://staging.example', DATABASE_URL: 'sqlite:b.db' })).toMatchObject(
      {
        publicUrl: 'https://staging.example',
        database: 'b.db',
      },
    );
    expect(optionsFrom(env)).toMatchObject({ publicUrl: 'https://billing.example', database: 'a.db' });
  });

  it('refuses a secret in the file, without repeating it', async () => {
    const path = await file({ stripe: { secretKey: 'sk_live_oops' }, hosts: [{ ...host('acme'), secrets: ['oops'] }] });
    const refuse = () => optionsFrom({ BILLHOOK_CONFIG: path });
    expect(refuse).toThrow(/must not hold "secretKey"[\s\S]*must not hold "secrets"/);
    expect(refuse).not.toThrow(/oops/);
  });

  it.each([
    ['the cron’s', { background: 'none', upkeep: { secret: 'oops-0123456789abcdef' } }, /must not hold "secret"/],
    ['the database’s', { database: 'postgres://billhook:oops@db.example/billhook' }, /must not hold the password/],
    ['a webhook’s', { hosts: [{ ...host('acme'), webhook: { secrets: ['oops'] } }] }, /must not hold "secrets"/],
  ])('refuses %s too', async (_, content, problem) => {
    const path = await file({ hosts: [host('acme')], ...content });
    const refuse = () => optionsFrom({ ...stripe, BILLHOOK_CONFIG: path });
    expect(refuse).toThrow(problem);
    expect(refuse).not.toThrow(/oops/);
  });

  it('reads the cron’s secret from the environment', async () => {
    const path = await file({ background: 'none', upkeep: { seconds: 10 }, hosts: [host('acme')] });
    const env = { ...stripe, BILLHOOK_CONFIG: path, BILLHOOK_HOST_SECRET: hostSecret };
    const config = await readConfig(optionsFrom({ ...env, BILLHOOK_UPKEEP_SECRET: 'of-the-cron-0123456789' }));
    expect(config.upkeep).toEqual({ secret: 'of-the-cron-0123456789', seconds: 10 });
    await expect(readConfig(optionsFrom(env))).rejects.toThrow(/upkeep\.secret/);
  });

  it.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
  ])('refuses a file that is %s', async (_, text) => {
    const path = await file(text);
    expect(() => optionsFrom({ BILLHOOK_CONFIG: path })).toThrow(
      /BILLHOOK_CONFIG must name a file with one JSON object/,
    );
  });

  it('passes no variable over: the server’s own apply, one host’s are named with their place in the file', async () => {
    const path = await file({ proxies: 2, hosts: [host('acme')] });
    const env = { ...stripe, BILLHOOK_CONFIG: path, BILLHOOK_HOST_SECRET: hostSecret };
    expect((await readConfig(optionsFrom({ ...env, BILLHOOK_PROXIES: '1' }))).proxies).toBe(1);
    const dropped = {
      BILLHOOK_GRACE_DAYS: '3',
      BILLHOOK_FREE_PLAN: 'Free',
      BILLHOOK_OFFERS: 'team',
      BILLHOOK_HOST_WEBHOOK_URL: 'https://acme.example/hook',
    };
    const refuse = () => optionsFrom({ ...env, ...dropped });
    for (const variable of Object.keys(dropped))
      expect(refuse).toThrow(`${variable} must not be set beside BILLHOOK_CONFIG`);
    expect(refuse).toThrow('hosts[].policy.graceDays');
  });

  it('names a problem by its place in the file, or by the variable that is missing', async () => {
    const path = await file({ hosts: [{ ...host('acme'), origins: ['acme.example'], colour: 'blue' }] });
    const env = { BILLHOOK_CONFIG: path };
    const error = await readConfig(optionsFrom(env)).catch((cause: unknown) => cause);
    if (!(error instanceof ConfigError)) throw error;
    const said = new ConfigError(error.problems, nameOf(env)).message;
    expect(said).toContain('STRIPE_SECRET_KEY must');
    expect(said).toContain(`${path}: hosts.0.origins.0 must be an origin`);
    expect(said).toContain(`${path}: hosts.0 has no option "colour"`);
  });
});

it('N12: says of a secret that a comma would end it', async () => {
  const env = { ...stripe, BILLHOOK_HOST_SECRET: 'Tr0ub4dor,and-three-more-of-these-words-for-a-key' };
  const error = await readConfig(optionsFrom(env)).catch((cause: unknown) => cause);
  if (!(error instanceof ConfigError)) throw error;
  const said = new ConfigError(error.problems, nameOf(env)).message;
  expect(said).toContain('- BILLHOOK_HOST_SECRET (entry 1; a comma separates two secrets) must have at least 32 bytes');
  expect(said).not.toContain('Tr0ub4dor');
});

it('F16: a variable that was read from a file ends in a newline, and means the same', async () => {
  const plain = {
    ...stripe,
    BILLHOOK_URL: 'https://billing.example',
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
    BILLHOOK_METRICS_TOKEN: 'a-token-of-the-metrics',
    DATABASE_URL: 'postgres://billhook:secret@db.internal/app',
  };
  const lines = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, `${value}\n`]));
  expect(optionsFrom(lines)).toEqual(optionsFrom(plain));
  await expect(readConfig(optionsFrom(lines))).resolves.toMatchObject({ metrics: { token: 'a-token-of-the-metrics' } });
});

describe('a free plan from the environment', () => {
  const problemsOf = async (env: Record<string, string>) => {
    const error = await readConfig(optionsFrom(env)).catch((cause: unknown) => cause);
    return error instanceof ConfigError ? new ConfigError(error.problems, nameOf(env)).message : '';
  };

  it('needs a level beside its name', async () => {
    expect(await problemsOf({ BILLHOOK_FREE_PLAN: 'Free' })).toContain(
      '- BILLHOOK_FREE_PLAN_ACCESS must be full, readOnly or none',
    );
    const said = await problemsOf({ BILLHOOK_FREE_PLAN: 'Free', BILLHOOK_FREE_PLAN_ACCESS: 'readOnly' });
    expect(said).not.toContain('FREE_PLAN');
    expect(await problemsOf({ BILLHOOK_FREE_PLAN_ACCESS: 'full' })).toContain('- BILLHOOK_FREE_PLAN must be');
  });
});

it('N10: names variables that nothing reads, and none of a Kubernetes service', () => {
  const read = { BILLHOOK_CONFIG: '', BILLHOOK_CONNECTIONS: '9', BILLHOOK_GRACE_DAYS: '3' };
  const injected = { BILLHOOK_PORT: 'tcp://10.0.0.1:4001', BILLHOOK_SERVICE_HOST: '10.0.0.1', STRIPE_API_KEY: '' };
  const slips = {
    BILLHOOK_GRACEDAYS: '3',
    BILLHOOK_ORIGINS: origin,
    BILLHOOK_PORTS: '1',
    BILLHOOK_HOST_SECRET_ACME: '',
  };
  const env = { ...read, ...injected, ...slips };
  expect(unknownVariables(env, optionsFrom(env))).toEqual(Object.keys(slips));
});

it.each([
  ['one host', ['acme'], ['BILLHOOK_HOST_SECRET'], []],
  ['its own variable', ['acme'], ['BILLHOOK_HOST_SECRET_ACME'], []],
  ['both', ['acme'], ['BILLHOOK_HOST_SECRET', 'BILLHOOK_HOST_SECRET_ACME'], ['BILLHOOK_HOST_SECRET']],
  [
    'two hosts, and one for all',
    ['acme', 'b.c'],
    ['BILLHOOK_HOST_SECRET', 'BILLHOOK_HOST_SECRET_B_C'],
    ['BILLHOOK_HOST_SECRET'],
  ],
  ['a slip', ['acme'], ['BILLHOOK_HOST_WEBHOOK_SECRET_ACNE'], ['BILLHOOK_HOST_WEBHOOK_SECRET_ACNE']],
])('N10: a secret beside a file that no host reads is named: %s', async (_, ids, variables, unread) => {
  const path = await file({ hosts: ids.map(host) });
  const env = { ...stripe, BILLHOOK_CONFIG: path, ...Object.fromEntries(variables.map((name) => [name, hostSecret])) };
  expect(unknownVariables(env, optionsFrom(env))).toEqual(unread);
});

it('N10: a file without hosts is refused for that, and for nothing else', async () => {
  const env = { ...stripe, BILLHOOK_CONFIG: await file({}) };
  expect(unknownVariables(env, optionsFrom(env))).toEqual([]);
});

it('F16: an editor’s mark at the head of the file is no part of it', async () => {
  const path = await file(`\uFEFF${JSON.stringify({ hosts: [host('acme')] })}`);
  expect(optionsFrom({ ...stripe, BILLHOOK_CONFIG: path })).toMatchObject({ hosts: [{ id: 'acme' }] });
});

it('N11: a variable of the process is called by its name, also beside a file', () => {
  const name = nameOf({ BILLHOOK_CONFIG: 'billhook.json' });
  expect(['PORT', 'BILLHOOK_CONFIG', 'hosts.0.origins'].map(name)).toEqual([
    'PORT',
    'BILLHOOK_CONFIG',
    'billhook.json: hosts.0.origins',
  ]);
});
