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

async function ask(headers: Record<string, string>, method = 'GET', { bff }: BffHarness = harness): Promise<Told> {
  const request = new Request(`${publicUrl}/v1/billing`, { method, headers });
  let isGeneral = false;
  const { signal } = request;
  Object.defineProperty(request, 'signal', {
    get() {
      isGeneral = true;
      return signal;
    },
  });
  const answer = await bff.billhook.fetch(request);
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
    const { account } = harness.as('several');
    const poll = async (more: Record<string, string>) => {
      const headers = { origin, prefer: 'wait=1', ...more };
      const authorization = `Bearer ${await token({ account, customer: harness.customers.several, name: 'A payer' })}`;
      const prefer = `${headers.prefer}, respond-async`;
      const { general: _, ...long } = await ask({ ...headers, authorization, prefer });
      const { general: __, ...short } = await ask({ ...headers, authorization });
      expect(short).toEqual(long);
      return short;
    };
    const first = await poll({});
    expect(first.status).toBe(200);
    const headers = new Map(first.headers);
    expect(headers.get('preference-applied')).toBe('wait=1');
    const known = { 'if-none-match': headers.get('etag') ?? '' };
    expect((await poll(known)).status).toBe(304);
    expect((await poll({ ...known, prefer: 'wait=0' })).status).toBe(304);

    const failing = async () => {
      let looks = 0;
      const changeCount = vi.spyOn(SqliteDatabase.prototype, 'changeCount').mockImplementation(() => {
        looks += 1;
        if (looks % 3 === 0) throw new StoreUnavailableError('the disk is gone', { cause: null });
        return looks;
      });
      const answer = await poll(known);
      changeCount.mockRestore();
      return answer;
    };
    expect(await failing()).toMatchObject({ status: 503 });
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
