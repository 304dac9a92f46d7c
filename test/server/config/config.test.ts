import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig, type BillhookOptions } from '../../../server/src/config/config.ts';
import { defaultPolicy } from '../../../server/src/billing/policy.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';

const good: BillhookOptions = {
  publicUrl,
  database: ':memory:',
  stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
  hosts: [
    { id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing`, policy: { graceDays: 3 } },
  ],
};
const host = good.hosts[0];

async function problems(change: object): Promise<readonly string[]> {
  const error = await readConfig({ ...good, ...change }).then(
    () => new Error('it was taken'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map(({ option, must }) => `${option} ${must}`);
}

describe('options', () => {
  it('are accepted, with defaults', async () => {
    const { hosts } = await readConfig(good);
    expect(hosts.get('acme')?.policy).toEqual({ ...defaultPolicy, graceDays: 3 });
    expect(hosts.get('acme')?.keys).toHaveLength(1);
  });

  it('F16: mean the same where each was read from a file that ends in a newline', async () => {
    const full: BillhookOptions = {
      ...good,
      background: 'none',
      database: 'postgres://billhook:secret@db.internal/app',
      metrics: { token: 'a-token-of-the-metrics' },
      upkeep: { secret: 'a-secret-of-the-cron' },
      hosts: [
        {
          id: 'acme',
          secrets: [{ secret: hostSecret, keyId: 'k1' }],
          origins: [origin],
          returnUrl: `${origin}/billing`,
          webhook: { url: `${origin}/hook`, secrets: [`whsec_${btoa('a'.repeat(32))}`] },
          plans: [{ key: 'team', lookupKey: 'team_monthly', features: ['export'] }],
        },
      ],
    };
    const withLineEnds = JSON.parse(
      JSON.stringify(full, (_, value: unknown) => (typeof value === 'string' ? `\uFEFF${value}\r\n` : value)),
    ) as BillhookOptions;
    const read = async (options: BillhookOptions) => JSON.stringify([...(await readConfig(options)).hosts], null, 1);
    expect(await read(withLineEnds)).toBe(await read(full));
    const { hosts: _, ...server } = await readConfig(withLineEnds);
    const { hosts: __, ...plain } = await readConfig(full);
    expect(JSON.stringify(server)).toBe(JSON.stringify(plain));
  });

  it('are refused with every problem at once', async () => {
    expect(
      await problems({
        publicUrl: 'here',
        database: '',
        stripe: { secretKey: 'pk_test_1', webhookSecrets: [] },
        hosts: [],
      }),
    ).toEqual([
      expect.stringMatching(/^publicUrl must /),
      expect.stringMatching(/^database must /),
      expect.stringMatching(/^stripe\.secretKey must /),
      expect.stringMatching(/^stripe\.webhookSecrets must /),
      expect.stringMatching(/^hosts must /),
    ]);
  });

  it.each([
    ['an origin with a path', { origins: [`${origin}/billing`] }, 'hosts.0.origins.0'],
    ['an origin with a query', { origins: [`${origin}/?`] }, 'hosts.0.origins.0'],
    ['an origin that is no address', { origins: ['*'] }, 'hosts.0.origins.0'],
    ['no origin', { origins: [] }, 'hosts.0.origins'],
    ['a return address elsewhere', { returnUrl: 'https://evil.example/' }, 'hosts.0.returnUrl'],
    ['a short secret', { secrets: ['short'] }, 'hosts.0.secrets.0'],
    ['a grace that is no number', { policy: { graceDays: Number.NaN } }, 'hosts.0.policy.graceDays'],
    ['an unknown option', { color: 'blue' }, 'hosts.0'],
    ['an unknown policy', { policy: { grace: 7 } }, 'hosts.0.policy'],
    ['a portal configuration of another kind', { portalConfiguration: 'cus_1' }, 'hosts.0.portalConfiguration'],
  ])('are refused with %s', async (_, change, option) => {
    expect(await problems({ hosts: [{ ...host, ...change }] })).toEqual([expect.stringContaining(`${option} `)]);
  });

  it.each([
    ['a slash at its end', 'https://app.example/', 'https://app.example'],
    ['capitals and the usual port', 'HTTPS://App.Example:443', 'https://app.example'],
    ['a name in its own script', 'https://bücher.example', 'https://xn--bcher-kva.example'],
  ])('take an origin with %s as browsers send it', async (_, written, sent) => {
    const acme = { id: 'acme', secrets: [hostSecret], origins: [written], returnUrl: `${sent}/billing` };
    const { hosts } = await readConfig({ ...good, hosts: [acme] });
    expect(hosts.get('acme')?.origins).toEqual([sent]);
  });

  it.each([
    'postgres://billhook:secret@db.internal/app',
    'postgresql://db.internal:5433/app?sslmode=require&schema=billing',
    '/var/lib/billhook/ledger.db',
    ':memory:',
    'C:\\billhook\\ledger.db',
  ])('take the ledger at %s', async (database) => {
    expect(await readConfig({ ...good, database })).toMatchObject({ database });
  });

  it.each([
    ['another kind of database', 'mysql://db.internal/app', /must be a file’s path/],
    ['no database’s name', 'postgres://billhook:oops@db.internal', /must name a database/],
    ['a port that is none', 'postgres://billhook:oops@db.internal:port/app', /percent-encoded/],
    ['a password that is not encoded', 'postgres://billhook:oops%zz@db.internal/app', /percent-encoded/],
    ['a schema that is no name', 'postgres://billhook:oops@db.internal/app?schema=a-b', /must name a schema/],
  ])('are refused with a ledger at %s, without repeating its password', async (_, database, must) => {
    const said = await problems({ database });
    expect(said).toEqual([expect.stringMatching(/^database /)]);
    expect(said[0]).toMatch(must);
    expect(said[0]).not.toContain('oops');
  });

  it('are refused with two hosts of one id', async () => {
    expect(await problems({ hosts: [host, host] })).toEqual(['hosts must not hold two hosts with one id']);
  });

  it('never repeat a secret in a problem', async () => {
    const said = await problems({ stripe: { secretKey: 'oops_live_key', webhookSecrets: ['oops_hook'] } });
    expect(said.join()).not.toContain('oops');
  });
});
