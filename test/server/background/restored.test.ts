/** L43: a ledger is restored from a backup, and what was true then is over. */

import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Stripe } from 'stripe';
import {
  createSandbox,
  seedDemo,
  type SeededCustomers,
  type StripeSandbox,
} from '../../../demo/stripe-sandbox/index.ts';
import { ledgerRestored } from '../../../server/src/cli/restored.ts';
import { startBff, type TestBff } from '../support/bff.ts';

const minute = 60_000;

let folder: string;
let sandbox: StripeSandbox;
let customers: SeededCustomers;
let stripe: Partial<TestBff['options']['stripe']>;
let etag: string;
let running: TestBff | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-restored-'));
  sandbox = createSandbox();
  const { url: apiUrl } = await sandbox.listen(0);
  customers = await seedDemo(sandbox);
  stripe = { secretKey: sandbox.secretKey, apiUrl };
  // The life that is copied: an active subscription, and a sweep that was done.
  const bff = await start('ledger.db');
  const first = await read(bff);
  expect(await first.json()).toMatchObject({ state: 'active', access: { level: 'full' } });
  etag = first.headers.get('etag') ?? '';
  while ((bff.rows()['jobs'] as { receipt: string | null }[]).every(({ receipt }) => receipt === null))
    await nextTurn();
  await bff.close();
  running = null;
  await copyFile(join(folder, 'ledger.db'), join(folder, 'backup.db'));
  // Told to a server whose ledger is lost, so Stripe calls the event delivered.
  const api = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const { data } = await api.subscriptions.list({ customer: customers.active });
  await api.subscriptions.cancel(data[0]?.id ?? '');
});
afterEach(async () => {
  await running?.close();
  await sandbox.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(database: string): Promise<TestBff> {
  running = await startBff(stripe, { database: join(folder, database) });
  return running;
}

/** Makes the copy as old as this. */
function age(ms: number, name = 'backup.db'): void {
  const db = new Database(join(folder, name));
  db.exec(`UPDATE jobs SET started_at = started_at - ${ms}, ended_at = ended_at - ${ms},
             receipt_started_at = receipt_started_at - ${ms}, receipt_ended_at = receipt_ended_at - ${ms};
           UPDATE customers SET fetched_at = fetched_at - ${ms}`);
  db.close();
}

async function sayRestored(options: TestBff['options']): Promise<string> {
  const said: string[] = [];
  const output = { stdout: { write: (text: string) => said.push(text) }, stderr: { write: () => true } };
  expect(await ledgerRestored([], options, output as never)).toBe(0);
  return said.join('');
}

const read = (bff: TestBff, headers: Record<string, string> = {}) =>
  bff.call('/v1/billing', { account: 'team_active', mint: { customer: customers.active }, headers });

/** The first answer that is not called stale. */
async function fresh(bff: TestBff) {
  for (;;) {
    const response = await read(bff, { 'if-none-match': etag });
    // Nothing that was remembered of the former life is confirmed by this one.
    expect(response.status).toBe(200);
    const snapshot = (await response.json()) as { state: string; stale: boolean };
    if (!snapshot.stale) return snapshot;
    await nextTurn();
  }
}

it('L43: a server that starts on yesterday’s copy serves nothing of it as fresh, and fetches everything', async () => {
  age(24 * 60 * minute);
  expect(await fresh(await start('backup.db'))).toMatchObject({ state: 'ended' });
});

it('L43: of a young copy the operator tells', async () => {
  // Without a word it cannot be known: ten minutes are a restart like any other.
  age(10 * minute);
  const unaware = await start('backup.db');
  const response = await read(unaware);
  expect(await response.json()).toMatchObject({ state: 'active', stale: false });
  await unaware.close();

  expect(await sayRestored(unaware.options)).toMatch(/one customer is fetched/);
  expect(await fresh(await start('backup.db'))).toMatchObject({ state: 'ended' });
});

it('L43: a copy made while a server runs is whole by SQLite’s own means, and by those alone', async () => {
  const bff = await start('ledger.db');
  await bff.call('/v1/billing', { account: 'team_trialing', mint: { customer: customers.trialing } });
  while ((await bff.snapshot({ account: 'team_trialing' })).stale) await nextTurn();
  const live = new Database(join(folder, 'ledger.db'));
  live.prepare('VACUUM INTO ?').run(join(folder, 'whole.db'));
  live.close();
  await copyFile(join(folder, 'ledger.db'), join(folder, 'half.db'));
  const linked = (name: string) => {
    const db = new Database(join(folder, name), { readonly: true });
    const accounts = db.prepare<[], string>('SELECT account FROM customers ORDER BY account').pluck().all();
    db.close();
    return accounts;
  };
  await bff.close();
  expect(linked('whole.db')).toEqual(['team_active', 'team_trialing']);
  // The newest commits are in the write-ahead log, which the file's copy does not have.
  expect(linked('half.db')).toEqual(['team_active']);

  // Either may be put in the ledger's place: it serves nothing as fresh that is over.
  for (const name of ['whole.db', 'half.db']) {
    age(10 * minute, name);
    // oxlint-disable-next-line no-await-in-loop -- one server after the other
    await sayRestored({ ...bff.options, database: join(folder, name) });
    // oxlint-disable-next-line no-await-in-loop -- as above
    const restored = await start(name);
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await fresh(restored), name).toMatchObject({ state: 'ended' });
    // oxlint-disable-next-line no-await-in-loop -- as above
    await restored.close();
  }
});
