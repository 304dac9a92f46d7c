/** One budget for all processes: waiting by priority, admission without a wait, and requests while the store is down. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  RequestBudget,
  BudgetSpentError,
  currentContext,
  withPriority,
  type Priority,
} from '../../../server/src/stripe/request-budget.ts';
import { spendFrom } from '../../../server/src/ledger/budget.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';

const context = (priority: Priority, signal: AbortSignal | null = null) => ({ priority, signal, account: null });

/** A store that answers what it is told to, and notes what it was asked. */
function scripted(answer: (asked: number) => number | Promise<number>) {
  const asked: { reserve: number; count: number | undefined }[] = [];
  const spend = async (_perSecond: number, reserve: number, _now: number, count?: number) => {
    asked.push({ reserve, count });
    return await answer(asked.length);
  };
  return { spend, asked };
}

const never = () => new Promise<number>(() => undefined);
const down = () => Promise.reject(new Error('the database is gone'));

describe('a click', () => {
  it('is sent before the store is asked, and counted after', async () => {
    const store = scripted(never);
    await new RequestBudget(store, { perSecond: 20 }).acquire(context('click'));
    expect(store.asked).toEqual([]);
    await nextTurn();
    expect(store.asked).toEqual([{ reserve: -20, count: undefined }]);
  });

  it('is the default priority', async () => {
    expect(currentContext().priority).toBe('click');
    await withPriority('background', async () => {
      await nextTurn();
      expect(currentContext().priority).toBe('background');
      await withPriority('waiting', nextTurn);
      expect(currentContext().priority).toBe('background');
    });
    expect(currentContext().priority).toBe('click');
  });
});

describe('a request of another priority', () => {
  it.each([
    // A burst is a fifth of them.
    ['waiting', 16],
    ['background', 16.8],
    ['reconcile', 18],
  ] as const)('of priority "%s" leaves %d of 20, and asks again after the given wait', async (lane, reserve) => {
    const store = scripted((asked) => (asked < 3 ? 1 : 0));
    const waited: [Priority, number][] = [];
    const budget = new RequestBudget(store, { perSecond: 20, onAdmitted: (...admitted) => waited.push(admitted) });
    await budget.acquire(context(lane));
    expect(store.asked).toEqual(Array.from({ length: 3 }, () => ({ reserve, count: undefined })));
    expect(waited).toEqual([[lane, expect.any(Number)]]);
  });

  it('asks the store one at a time, and a person that comes meanwhile gets the answer', async () => {
    const answers: ((wait: number) => void)[] = [];
    const store = scripted(() => new Promise<number>((answer) => answers.push(answer)));
    const budget = new RequestBudget(store, { perSecond: 20 });
    const order: string[] = [];
    const ask = async (lane: Priority, name: string) => {
      await budget.acquire(context(lane));
      order.push(name);
    };
    const all = [ask('background', 'first'), ask('background', 'second'), ask('waiting', 'somebody')];
    for (const turn of [0, 1, 2]) {
      await nextTurn();
      expect(answers).toHaveLength(turn + 1);
      answers[turn]?.(0);
    }
    await Promise.all(all);
    expect(order).toEqual(['somebody', 'first', 'second']);
    expect(
      store.asked.map(({ reserve }) => reserve),
      'as much as the one that waits must leave',
    ).toEqual([16.8, 16.8, 16.8]);
  });

  it('does not wait for as much as a priority behind it must leave', async () => {
    const store = scripted((asked) => (asked === 1 ? 60_000 : 0));
    const budget = new RequestBudget(store, { perSecond: 20 });
    const ending = new AbortController();
    const compared = budget.acquire(context('reconcile', ending.signal));
    await nextTurn();
    await budget.acquire(context('waiting'));
    await compared;
    expect(store.asked.map(({ reserve }) => reserve)).toEqual([18, 16, 18]);
  });

  it('is admitted when the store is down', async () => {
    const budget = new RequestBudget(scripted(down), { perSecond: 20 });
    await budget.acquire(context('click'));
    await budget.acquire(context('background'));
    await budget.acquire(context('reconcile'));
    await nextTurn();
  });

  it('fails when its context is aborted, and leaves its place to the next', async () => {
    let room = false;
    const budget = new RequestBudget(
      scripted(() => (room ? 0 : 5)),
      { perSecond: 20 },
    );
    const ending = new AbortController();
    const first = budget.acquire(context('background', ending.signal));
    const second = budget.acquire(context('background'));
    ending.abort();
    await expect(first).rejects.toThrow(BudgetSpentError);
    await expect(budget.acquire(context('waiting', ending.signal))).rejects.toThrow(BudgetSpentError);
    room = true;
    await second;
  });
});

describe('a 429 with a Retry-After', () => {
  it('takes its seconds from the common budget, a minute at most', async () => {
    const store = scripted(() => 0);
    const budget = new RequestBudget(store, { perSecond: 20 });
    budget.backOff(3_000);
    budget.backOff(10 * 3_600_000);
    await nextTurn();
    expect(store.asked).toEqual([
      { reserve: -20, count: 60 },
      { reserve: -20, count: 1_200 },
    ]);
  });
});

describe('a clock', () => {
  it('that was hours ahead and is set right delays no request for hours', () => {
    const hour = 3_600_000;
    const { bucket } = spendFrom({ tokens: 0.5, at: hour }, 20, 0, 0, 1);
    expect(bucket).toEqual({ tokens: 0.5, at: 0 });
    expect(spendFrom(bucket, 20, 0, 25, 1)).toMatchObject({ waitMs: 0 });
  });

  it('that is a little behind another process’s does not fill the budget twice', () => {
    const { bucket } = spendFrom({ tokens: 0, at: 1_000 }, 20, 0, 900, 1);
    expect(bucket).toEqual({ tokens: 0, at: 1_000 });
  });
});

describe('two processes on one ledger', () => {
  const opened: BillingStore[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  const pair = (now: () => number) => {
    const store = openSqliteStore(':memory:');
    opened.push(store);
    return {
      store,
      budgets: [0, 1].map(() => new RequestBudget(store, { perSecond: 20, now })) as [RequestBudget, RequestBudget],
    };
  };
  /** Asks `count` times in turn, and answers how many were admitted while the clock stood still. */
  const admitted = async (budgets: readonly [RequestBudget, RequestBudget], lane: Priority, count: number) => {
    const ending = new AbortController();
    let admissions = 0;
    const asking = Array.from({ length: count }, (_, index) =>
      (budgets[index % 2] ?? budgets[0]).acquire(context(lane, ending.signal)).then(
        () => (admissions += 1),
        () => undefined,
      ),
    );
    // Each admission takes a few turns; a refused request waits for a clock that stands.
    for (let turn = 0; turn < 20 * count; turn += 1) await nextTurn();
    ending.abort();
    await Promise.all(asking);
    return admissions;
  };

  it('share a second’s requests, each priority with its part', async () => {
    let now = 1_000_000;
    const { budgets } = pair(() => now);
    // At once a fifth of a second's requests: with those of the next second Stripe gets 24 of its 25.
    expect(await admitted(budgets, 'reconcile', 15)).toBe(2);
    expect(await admitted(budgets, 'background', 15)).toBe(1);
    expect(await admitted(budgets, 'waiting', 15)).toBe(1);
    now += 150;
    expect(await admitted(budgets, 'background', 15)).toBe(2);
    expect(await admitted(budgets, 'waiting', 15)).toBe(1);
  });

  it('back off together after a 429 of one of them, and clicks do not', async () => {
    let now = 1_000_000;
    const { budgets } = pair(() => now);
    for (let refused = 0; refused < 5; refused += 1) budgets[0].backOff(4_000);
    expect(await admitted(budgets, 'waiting', 4)).toBe(0);
    // Of each process one, and five a second on and on.
    expect(await admitted(budgets, 'click', 4)).toBe(2);
    now += 200;
    expect(await admitted(budgets, 'click', 4)).toBe(2);
    now += 2_800;
    expect(await admitted(budgets, 'waiting', 4)).toBe(0);
    now += 7_000;
    expect(await admitted(budgets, 'waiting', 4)).toBe(4);
  });
});
