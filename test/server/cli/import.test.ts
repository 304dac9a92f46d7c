import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importAccounts } from '../../../server/src/cli/import.ts';
import { childEnvironment } from '../../support/child-environment.ts';
import { hostSecret, origin } from '../support/bff.ts';
import { cli } from '../support/process.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness();
});
afterAll(() => harness.close());

/** Runs the command on the running server's own ledger, as an operator would. */
async function run(csv: string | Buffer | null, patienceMs?: number, options = harness.options) {
  const said = { out: '', err: '' };
  const file = `${harness.bff.database}.csv`;
  if (csv !== null) await writeFile(file, csv);
  const output = {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
  };
  const patience = patienceMs === undefined ? {} : { patienceMs };
  const code = await importAccounts(csv === null ? [] : [file], options, output, patience);
  return { code, ...said };
}

describe('billhook import', () => {
  it('M30: links existing subscribers, and a running server knows them at the first look', async () => {
    const { active, ending } = harness.customers;
    const csv = `account,customer\nteam_7,${active}\r\n"team_8","${ending}"\n\n`;
    expect(await run(csv)).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(/^2 linked, 0 linked before, 0 refused/),
    });
    expect(await harness.bff.snapshot({ account: 'team_7' })).toMatchObject({ state: 'active' });
    expect(await harness.bff.snapshot({ account: 'team_8' })).toMatchObject({ state: 'ending' });
    expect(await run(csv), 'again').toMatchObject({
      code: 0,
      out: expect.stringMatching(/^0 linked, 2 linked before/),
    });
  });

  it('reads cells in quotation marks, with commas and marks inside, and says where a mark is not closed', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map(() => harness.stripe.customers.create({})));
    const csv = `\uFEFF"account","customer"\n"Acme, Inc.",${one?.id}\n"The ""Blue"" Door", "${two?.id}"\n5" pipes,${three?.id}\n"open,cus_1\n`;
    expect(await run(csv)).toEqual({
      code: 1,
      out: expect.stringMatching(/^3 linked, 0 linked before, 1 refused/),
      err: 'line 5: nothing was read from here on, for it is no CSV [CSV_QUOTE_NOT_CLOSED]\n',
    });
    for (const account of ['Acme, Inc.', 'The "Blue" Door', '5" pipes'])
      expect(await harness.bff.snapshot({ account }), account).toMatchObject({ state: 'none' });
  });

  it.each<[string, (one: string, two: string) => string | Buffer, readonly [string, string]]>([
    [
      'semicolons',
      (one, two) => `\uFEFFaccount;customer\r\nsemi, one;${one}\r\n"semi;two";${two}\r\n`,
      ['semi, one', 'semi;two'],
    ],
    ['tabs', (one, two) => `Account\tCustomer\ntab 1\t${one}\ntab 2\t${two}\tacme\n`, ['tab 1', 'tab 2']],
    [
      'UTF-16',
      (one, two) => Buffer.from(`\uFEFFaccount,customer\r\n"Äpfel, Köln",${one}\r\nutf_2,${two}`, 'utf16le'),
      ['Äpfel, Köln', 'utf_2'],
    ],
    ['line ends of an old Mac', (one, two) => `"mac,1",${one}\rmac_2,${two}\r`, ['mac,1', 'mac_2']],
  ])('N12: reads a file with %s', async (_, csv, accounts) => {
    const [one, two] = await Promise.all([1, 2].map(() => harness.stripe.customers.create({})));
    expect(await run(csv(one?.id ?? '', two?.id ?? ''))).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(/^2 linked, 0 linked before, 0 refused/),
    });
    for (const account of accounts)
      expect(await harness.bff.snapshot({ account }), account).toMatchObject({ state: 'none' });
  });

  it('N12: links no name that it cannot read, nor one that no token could have', async () => {
    const { id } = await harness.stripe.customers.create({});
    expect(await run(Buffer.from(`M\u00fcller,${id}\n`, 'latin1'))).toMatchObject({
      code: 1,
      err: 'line 1: is not in UTF-8, so the account’s name is not known\n',
    });
    expect(await run(`a\0b,${id}\n`)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^line 1: the account must have/),
    });
    expect(await run('')).toMatchObject({ code: 0, out: expect.stringMatching(/^0 linked/) });
  });

  it('names each line that it refuses, and links the others', async () => {
    const { active, ended } = harness.customers;
    await run(`team_7,${active}`);
    const { code, out, err } = await run(
      [
        'team_9,cus_nobody',
        `team_9,${active}`,
        'team_9,acct_1',
        `,${ended}`,
        `team_9,${ended},elsewhere`,
        'a,b,c,d',
        `team_9,${ended}`,
      ].join('\n'),
    );
    expect(code).toBe(1);
    expect(out).toMatch(/^1 linked, 0 linked before, 6 refused/);
    expect(err.split('\n').map((line) => line.replaceAll(/cus_\w{10,}/g, 'cus_…'))).toEqual([
      'line 1: team_9 and cus_nobody were not linked [stripe_customer_missing]: Stripe does not know it. A customer of the other mode, or of another Stripe account, is the usual cause.',
      'line 2: team_9 and cus_… were not linked [customerTaken]: cus_… pays for acme/team_7, and one customer has one account. First: billhook link acme team_7 --unlink',
      'line 3: "acct_1" is no Stripe customer (cus_…)',
      'line 4: the account must have 1 to 255 characters',
      'line 5: "elsewhere" is no host of this server',
      'line 6: has more than three columns',
      '',
    ]);
  });

  it('N12: says which customer an account has that is linked already', async () => {
    const { active } = harness.customers;
    await run(`team_7,${active}`);
    const { id } = await harness.stripe.customers.create({});
    const { code, err } = await run(`team_7,${id}`);
    expect(code).toBe(1);
    expect(err).toBe(
      `line 1: team_7 and ${id} were not linked [accountTaken]: acme/team_7 is linked to ${active}, and keeps it. ` +
        `To replace it: billhook link acme team_7 ${id} --replace\n`,
    );
  });

  it('waits as reconcile does when Stripe asks for patience, and ends whole', async () => {
    const { id } = await harness.stripe.customers.create({});
    harness.sandbox.faults.next({ kind: 'rateLimited', path: `/v1/customers/${id}` });
    harness.sandbox.faults.next({ kind: 'serverError', path: `/v1/customers/${id}` });
    const { code, out, err } = await run(`team_10,${id}\nteam_11,${harness.customers.pastDue}`);
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^2 linked, 0 linked before, 0 refused/),
    });
    expect(err).toBe('line 1: Stripe asks for patience [stripe_rate_limited]; waiting\n');
  });

  it('breaks the window of a second again and again, and links every line', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, () => harness.stripe.customers.create({})));
    harness.sandbox.requests.clear();
    harness.sandbox.faults.rateLimitPerSecond = 4;
    try {
      const csv = made.map(({ id }, index) => `many_${index},${id}`).join('\n');
      // A ledger that no server works on: its looks would break the window too.
      const alone = { ...harness.options, database: `${harness.bff.database}.alone` };
      expect(await run(csv, undefined, alone)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^12 linked, 0 linked before, 0 refused/),
      });
    } finally {
      harness.sandbox.faults.rateLimitPerSecond = null;
    }
    expect(harness.sandbox.requests.list().some(({ status }) => status === 429)).toBe(true);
  });

  it('ends in the middle when Stripe stays away, and can be run again', async () => {
    const { id } = await harness.stripe.customers.create({});
    harness.sandbox.faults.next({ kind: 'serverError', path: `/v1/customers/${id}` });
    const line = `team_12,${id}`;
    await expect(run(line, 0)).rejects.toMatchObject({ code: 'stripe_unavailable' });
    expect(await run(line)).toMatchObject({ code: 0, out: expect.stringMatching(/^1 linked/) });
  });

  it('says in words that a file is not there', async () => {
    const output = { stdout: { write: () => true }, stderr: { write: (text: string) => said.push(text) } };
    const said: string[] = [];
    expect(await importAccounts(['/nowhere.csv'], harness.options, output)).toBe(2);
    expect(await importAccounts([import.meta.dirname], harness.options, output)).toBe(2);
    expect(said).toEqual([
      'billhook import: /nowhere.csv cannot be read [ENOENT]\n',
      `billhook import: ${import.meta.dirname} cannot be read [EISDIR]\n`,
    ]);
  });

  it('reads standard input where the file is "-"', () => {
    const { publicUrl, database } = harness.options;
    const env = {
      ...childEnvironment,
      BILLHOOK_URL: publicUrl,
      DATABASE_URL: database,
      STRIPE_SECRET_KEY: harness.options.stripe.secretKey,
      STRIPE_API_URL: 'http://127.0.0.1:9',
      STRIPE_WEBHOOK_SECRET: 'whsec_1',
      BILLHOOK_HOST_SECRET: hostSecret,
      BILLHOOK_HOST_ORIGINS: origin,
      BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
    };
    const input = 'account,customer\n"team_1","acct_1"\n';
    const { status, stderr } = spawnSync(process.execPath, [cli, 'import', '-'], { env, input, encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, 'line 2: "acct_1" is no Stripe customer (cus_…)\n']);
  });

  it('explains itself without a file', async () => {
    expect(await run(null)).toMatchObject({ code: 2, err: expect.stringContaining('account,customer') });
  });
});
