/** A database server that goes away and comes back, under a store that stays open. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { startPostgres, type Postgres } from '../support/postgres.ts';
import { acme, factsWith, eventFor, lease, t0 } from './harness.ts';
import { StoreUnavailableError } from '../../server/src/ledger/errors.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

it('while the server is down every call fails with a code; when it is back all calls succeed, and nothing is lost', async () => {
  const address = await postgres.createDatabase();
  const store = await openPostgresStore(address);
  const heard: string[] = [];
  let woken: () => void = () => {};
  store.subscribe(({ kind }) => {
    heard.push(kind);
    woken();
  });
  const missed = async () => {
    while (!heard.includes('missed')) await new Promise<void>((done) => (woken = done));
    heard.splice(0);
  };
  await missed();
  await store.link(acme, 'cus_1', t0);
  await store.recordEvent(eventFor('evt_answered'), t0);
  const [claim] = await store.claim(t0, lease, 1);
  if (!claim) throw new Error('it was stale');

  await postgres.halt();
  for (const call of [
    () => store.recordEvent(eventFor('evt_refused'), t0),
    () => store.findAccount(acme),
    () => store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 }),
    () => store.ping(),
  ]) {
    await expect(call()).rejects.toThrow(StoreUnavailableError);
  }
  await expect(store.ping()).rejects.toThrow('the database server cannot be reached');
  await expect(openPostgresStore(address)).rejects.toThrow('the database server cannot be reached');

  await postgres.start();
  await store.ping();
  // The listening connection comes back by itself, and says that it was away.
  await missed();
  expect(await store.recordEvent(eventFor('evt_answered'), t0), 'what was answered is kept').toBe('duplicate');
  expect(await store.recordEvent(eventFor('evt_refused'), t0), 'what was refused left no trace').toBe('queued');
  expect(await store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 })).toMatchObject({
    applied: true,
  });
  await store.close();
});
