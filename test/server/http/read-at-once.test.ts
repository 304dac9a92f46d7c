/**
 * `GET /v1/billing` without the middleware answers as the general chain does: every state, right, page, token and ETag, byte
 * for byte. A request that prefers anything is the general chain's, and so its answers are there to compare with.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailableError } from '../../../server/src/ledger/errors.ts';
import { SqliteDatabase } from '../../../server/src/ledger/sqlite/database.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { SeededCustomers } from '../../../demo/stripe-sandbox/index.ts';
import { virtualBillhook } from '../../support/virtual-billhook.ts';
import { origin, publicUrl, token } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness();
  await Promise.all(
    Object.keys(harness.customers).map((name) => harness.bff.settled(harness.as(name as keyof SeededCustomers))),
  );
});
afterAll(() => harness.close());

interface Told {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The general chain hands the request's signal on; the short way has no use for one. */
  readonly general: boolean;
}

const general = { prefer: 'respond-async' };

/** Of a server alone, and of its routes in another app. */
type Door = 'fetch' | 'app';

async function ask(
  headers: Record<string, string>,
  method = 'GET',
  { bff }: Pick<BffHarness, 'bff'> = harness,
  door: Door = 'fetch',
): Promise<Told> {
  const request = new Request(`${publicUrl}/v1/billing`, { method, headers });
  let isGeneral = false;
  const { signal } = request;
  Object.defineProperty(request, 'signal', {
    get() {
      isGeneral = true;
      return signal;
    },
  });
  const { app, fetch } = bff.billhook;
  const answer = await (door === 'app' ? app.fetch(request) : fetch(request));
  return {
    status: answer.status,
    headers: [...answer.headers].toSorted(),
    body: await answer.text(),
    general: isGeneral,
  };
}

/** The answers of both ways to the same question, the second time that it is asked. */
async function both(headers: Record<string, string>, method?: string) {
  await ask({ ...general, ...headers }, method);
  const { general: isGeneral, ...short } = await ask(headers, method);
  const { general: isGeneralInApp, ...inApp } = await ask(headers, method, harness, 'app');
  expect([inApp, isGeneralInApp], 'in another app').toEqual([short, isGeneral]);
  const { general: _, ...long } = await ask({ ...general, ...headers }, method);
  return { short, long, isGeneral };
}

const scopes = {
  manager: ['billing:read', 'billing:manage'],
  reader: ['billing:read'],
  backend: ['access'],
} as const;
const origins = { none: {}, own: { origin }, foreign: { origin: 'https://elsewhere.example' } };

describe('the answer without the middleware is the general one', () => {
  it.each([
    'active',
    'pastDue',
    'ending',
    'ended',
    'trialing',
    'trialingWithoutCard',
    'actionRequired',
    'restricted',
    'unpaid',
    'paused',
    'incomplete',
    'processing',
    'several',
    'downgrading',
    'yen',
  ] as const satisfies readonly (keyof SeededCustomers)[])('of a customer who is "%s"', async (situation) => {
    const { account, mint } = harness.as(situation);
    const seen = new Set<number>();
    for (const [right, scope] of Object.entries(scopes)) {
      for (const introducing of [mint, {}]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const bearer = await token({ account, scope: [...scope], ...introducing });
        for (const [page, from] of Object.entries(origins)) {
          const headers = { ...from, authorization: `Bearer ${bearer}` };
          // oxlint-disable-next-line no-await-in-loop -- as above
          const { short, long, isGeneral } = await both(headers);
          const what = `${right} ${page} ${JSON.stringify(introducing)}`;
          expect(short, what).toEqual(long);
          // A page that waits for a preview asks for it again; one that is refused gets no further.
          const isAwaited = short.body.includes('"nextPaymentAwaited":true');
          expect(isGeneral, `${what}: answered at once`).toBe(isAwaited);
          seen.add(short.status);
          const etag = new Map(short.headers).get('etag') ?? '"none"';
          for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '"other"', '*']) {
            // oxlint-disable-next-line no-await-in-loop -- as above
            const again = await both({ ...headers, 'if-none-match': known });
            expect(again.short, `${what} ${known}`).toEqual(again.long);
            seen.add(again.short.status);
          }
        }
      }
    }
    expect([...seen].toSorted()).toEqual([200, 304, 403]);
  });

  it('to a token that introduces another customer, while host and ledger disagree', async () => {
    const { account } = harness.as('trialing');
    const authorization = `Bearer ${await token({ account, customer: harness.customers.active })}`;
    const { short, long, isGeneral } = await both({ origin, authorization });
    expect(short).toEqual(long);
    expect([short.status, isGeneral], 'it is noted, and noted again').toEqual([200, true]);
  });

  it('to a token that introduces a customer, unless that is the account’s own, living and undoubted', async () => {
    const { account, mint } = harness.as('ending');
    const own = String(mint?.customer);
    const isGeneral = async (introduces: Record<string, string>) => {
      const authorization = `Bearer ${await token({ account, ...introduces })}`;
      return (await ask({ origin, authorization })).general;
    };
    expect(await isGeneral({ customer: own })).toBe(false);
    expect(await isGeneral({ customer: harness.customers.active }), 'another one').toBe(true);
    expect(await isGeneral({ customer: own }), 'in doubt').toBe(true);
    const beside = openSqliteStore(harness.bff.database);
    onTestFinished(() => beside.close());
    const ref = { host: 'acme', account };
    await beside.forgetIntroduction(ref);
    await nextTurn();
    expect(await isGeneral({}), 'the doubt is over').toBe(false);
    expect(await isGeneral({ customer: own }), 'as before').toBe(false);
    await harness.stripe.customers.del(own);
    while ((await beside.findAccount(ref))?.facts?.deleted !== true) await nextTurn();
    expect(await isGeneral({}), 'as it is now').toBe(false);
    expect(await isGeneral({ customer: own }), 'deleted').toBe(true);
  });

  it('to tokens that are refused, to other methods, and to a poll', async () => {
    const { account } = harness.as('active');
    const good = await token({ account });
    const refused = [
      {},
      { authorization: 'Bearer nonsense' },
      { authorization: `Basic ${good}` },
      { authorization: `Bearer ${good.slice(0, -2)}` },
      { authorization: `Bearer ${await token({ account, audience: 'https://other.example' })}` },
      { authorization: `Bearer ${await token({ account, issuer: 'nobody' })}` },
      { authorization: `bearer  ${good}` },
      { authorization: `Bearer ${good}`, prefer: 'wait=0' },
    ];
    for (const headers of refused) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { short, long } = await both({ origin, ...headers });
      expect(short, JSON.stringify(headers)).toEqual(long);
    }
    for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS']) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      const { short, long } = await both({ origin, authorization: `Bearer ${good}` }, method);
      expect(short, method).toEqual(long);
    }
  });

  it('to an account that was never linked', async () => {
    const authorization = `Bearer ${await token({ account: 'team_of_nobody' })}`;
    const { short, long, isGeneral } = await both({ origin, authorization });
    expect(short).toEqual(long);
    expect([short.status, isGeneral]).toEqual([200, false]);
  });

  it('to polls: at once without an ETag, at the end of their time, and when the ledger fails meanwhile', async () => {
    const virtual = await virtualBillhook();
    onTestFinished(() => virtual.close());
    await virtual.link('payer');
    const authorization = `Bearer ${await token({ account: 'payer', name: 'A payer' })}`;
    const poll = async (more: Record<string, string>) => {
      const headers = { origin, authorization, prefer: 'wait=1', ...more };
      const prefer = `${headers.prefer}, respond-async`;
      const answers = [];
      for (const asked of [{ ...headers, prefer }, headers]) {
        // oxlint-disable-next-line no-await-in-loop -- the second answer is compared with the first
        const { value, ms } = await virtual.until(ask(asked, 'GET', virtual));
        const { general: _, ...told } = value;
        answers.push({ ...told, ms });
      }
      expect(answers[1]).toEqual(answers[0]);
      return answers[1];
    };
    const first = await poll({});
    expect(first).toMatchObject({ status: 200, ms: 0 });
    const headers = new Map(first?.headers);
    expect(headers.get('preference-applied')).toBe('wait=1');
    const known = { 'if-none-match': headers.get('etag') ?? '' };
    expect(await poll(known)).toMatchObject({ status: 304, ms: 1_000 });
    expect(await poll({ ...known, prefer: 'wait=0' })).toMatchObject({ status: 304, ms: 0 });

    let looks = 0;
    const changeCount = vi.spyOn(SqliteDatabase.prototype, 'changeCount').mockImplementation(() => {
      looks += 1;
      if (looks % 3 === 0) throw new StoreUnavailableError('the disk is gone', { cause: null });
      return looks;
    });
    onTestFinished(() => changeCount.mockRestore());
    expect(await poll(known)).toMatchObject({ status: 503 });
  });

  it.each<Door>(['fetch', 'app'])('to a token that was never seen, by the way of "%s"', async (door) => {
    const { account } = harness.as('active');
    const authorization = `Bearer ${await token({ account, name: `A payer by ${door}` })}`;
    const first = await ask({ origin, authorization }, 'GET', harness, door);
    expect(first).toEqual({ ...(await ask({ origin, authorization, ...general })), general: false });
  });

  it.each<Door>(['fetch', 'app'])(
    'tries once, by the way of "%s": then the general chain asks the ledger',
    async (door) => {
      const headers = { origin, authorization: `Bearer ${await token({ account: harness.as('active').account })}` };
      await both(headers);
      const failing = vi.spyOn(SqliteDatabase.prototype, 'changeCount').mockImplementation(() => {
        throw new StoreUnavailableError('the disk is gone', { cause: null });
      });
      onTestFinished(() => failing.mockRestore());
      const { general: _, ...long } = await ask({ ...general, ...headers });
      expect([long.status, failing.mock.calls.length]).toEqual([503, 1]);
      const { general: __, ...short } = await ask(headers, 'GET', harness, door);
      expect([short, failing.mock.calls.length]).toEqual([long, 3]);
    },
  );

  it('counts a request once that the general chain answers, too', async () => {
    const most = 20;
    const limited = await startBffHarness({ limits: { asksPerMinute: most } });
    onTestFinished(() => limited.close());
    const { account, mint } = limited.as('active');
    const link = { host: 'acme', account };
    await limited.bff.billhook.link(link, String(mint?.customer));
    // Host and ledger disagree, and that is noted again with each.
    const authorization = `Bearer ${await token({ account, customer: limited.customers.trialing })}`;
    const statuses: number[] = [];
    for (let n = 0; n <= most; n += 1) {
      // oxlint-disable-next-line no-await-in-loop -- as a page asks
      statuses.push((await ask({ origin, authorization }, 'GET', limited)).status);
    }
    expect(statuses).toEqual([...Array.from({ length: most }, () => 200), 429]);
  });

  it('counts a request once, and refuses those beyond the limit as the general chain does', async () => {
    const most = 100;
    const limited = await startBffHarness({ limits: { asksPerMinute: most, refusalsPerMinute: 100_000 } });
    onTestFinished(() => limited.close());
    await limited.bff.settled(limited.as('yen'));
    const { account } = limited.as('yen');
    const headers = { origin, authorization: `Bearer ${await token({ account })}` };
    const statuses: number[] = [];
    for (let n = 0; n < most + 20; n += 1) {
      // oxlint-disable-next-line no-await-in-loop -- as a page asks
      statuses.push((await ask(headers, 'GET', limited)).status);
    }
    // Some were asked for until the next payment was told.
    const taken = statuses.indexOf(429);
    expect(taken).toBeGreaterThan(most - 20);
    expect(taken).toBeLessThan(most);
    expect(new Set(statuses.slice(0, taken))).toEqual(new Set([200]));
    expect(new Set(statuses.slice(taken))).toEqual(new Set([429]));
    const { general: _, ...short } = await ask(headers, 'GET', limited);
    const { general: __, ...long } = await ask({ ...general, ...headers }, 'GET', limited);
    expect(short).toEqual(long);
  });
});

describe('an answer that is kept is never older than the ledger', () => {
  it('after a commit of this server, of another program, and of a clock', async () => {
    const call = harness.as('active');
    const headers = { origin, authorization: `Bearer ${await token({ account: call.account })}` };
    const first = await ask(headers);
    expect((await ask(headers)).body).toEqual(first.body);

    // Another program: as the command line does it.
    const beside = openSqliteStore(harness.bff.database);
    await beside.changeLink({ host: 'acme', account: call.account }, null, true, Date.now());
    await nextTurn();
    const unlinked = await ask(headers);
    expect(JSON.parse(unlinked.body)).toMatchObject({ state: 'none' });
    await beside.changeLink({ host: 'acme', account: call.account }, call.mint?.customer ?? '', true, Date.now());
    await beside.close();
    await nextTurn();
    expect((await ask(headers)).body).not.toBe(unlinked.body);
  });

  it('and a server that forgets to ask for commits is found: it goes on with the old answer', async () => {
    const call = harness.as('pastDue');
    const headers = { origin, authorization: `Bearer ${await token({ account: call.account })}` };
    const forgetful = vi.spyOn(SqliteDatabase.prototype, 'changeCount').mockReturnValue(1);
    onTestFinished(() => forgetful.mockRestore());
    const first = await ask(headers);
    const beside = openSqliteStore(harness.bff.database);
    onTestFinished(() => beside.close());
    await beside.changeLink({ host: 'acme', account: call.account }, null, true, Date.now());
    await nextTurn();
    expect((await ask(headers)).body, 'the mutant').toBe(first.body);
    forgetful.mockRestore();
    await nextTurn();
    expect(JSON.parse((await ask(headers)).body), 'the server').toMatchObject({ state: 'none' });
  });
});
