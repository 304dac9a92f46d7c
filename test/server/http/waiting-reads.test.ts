/** Reads that wait: for first facts, for a look of their own, and for any change. The ledger's answers are a double's. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Waiters } from '../../../server/src/background/waiters.ts';
import { heldPerAccount, pollUntil, waitPreference, type Polled } from '../../../server/src/http/long-poll.ts';
import { isLoading, readIntroduced, readWithFirstFacts } from '../../../server/src/http/read-first.ts';
import { readSynced } from '../../../server/src/http/read-synced.ts';
import { heldReading } from '../../../server/src/http/routes/billing.ts';

const ref = { host: 'acme', account: 'team_1' };
const start = 1_000_000;

beforeEach(() => {
  vi.useFakeTimers({ now: start - 1_000, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  vi.advanceTimersByTime(1_000);
});
afterEach(() => void vi.useRealTimers());

/** A poll that waits for nothing between its looks never ends, and no time limit would end it. */
function requireEnd(looks: number): void {
  if (looks > 100) throw new Error('it looks again and again');
}

function world(records: (object | null)[], { introduces = false } = {}) {
  const asked: unknown[] = [];
  const waiters = new Waiters();
  const parts = {
    config: { now: () => Date.now() },
    waiters,
    wakeWorker: () => asked.push('wake'),
    read: async () => {
      asked.push('read');
      requireEnd(asked.length);
      const record = records.length > 1 ? records.shift() : records[0];
      return { record } as never;
    },
    linking: { introduce: async () => introduces },
    store: { prioritize: async (customer: string, until: number) => void asked.push([customer, until - start]) },
  } as never;
  return { asked, waiters, parts };
}
const client = () => new AbortController().signal;
const outcome = async <T>(promise: Promise<T>) => {
  let state: 'held' | 'done' = 'held';
  void promise.then(() => (state = 'done'));
  await vi.advanceTimersByTimeAsync(0);
  return () => state;
};

describe('a held poll', () => {
  const polled = { value: 'v', done: false, nextChangeAt: null, isStale: false };
  const poll = (
    look: () => Promise<Polled<string>>,
    { waitMs = 25_000, signal = client(), customer = null as string | null } = {},
  ) => {
    const { asked, waiters, parts } = world([null]);
    let looks = 0;
    const counted = () => {
      requireEnd((looks += 1));
      return look();
    };
    return { asked, waiters, answer: pollUntil(parts, { ...ref, customer }, { waitMs, signal }, counted) };
  };

  it('that is not to wait looks once, and is not held', async () => {
    const look = vi.fn<() => Promise<Polled<string>>>(async () => polled);
    const { answer, waiters, asked } = poll(look, { waitMs: 0 });
    expect(waiters.total).toBe(0);
    expect(await answer).toBe('v');
    expect([look.mock.calls.length, asked]).toEqual([1, []]);
  });

  it('ends when there is news, at its time, and when nobody waits or the server stops', async () => {
    let done = false;
    const look = async () => ({ ...polled, done });
    const news = poll(look);
    const hasNews = await outcome(news.answer);
    done = true;
    news.waiters.wake('acme', 'team_1');
    await vi.advanceTimersByTimeAsync(0);
    expect([hasNews(), news.waiters.total]).toEqual(['done', 0]);
    done = false;

    const timed = poll(look, { waitMs: 3_000 });
    const isTimed = await outcome(timed.answer);
    await vi.advanceTimersByTimeAsync(2_999);
    expect([isTimed(), timed.waiters.total]).toEqual(['held', 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect([isTimed(), timed.waiters.total]).toEqual(['done', 0]);

    const gone = new AbortController();
    const left = poll(look, { signal: gone.signal });
    const isLeft = await outcome(left.answer);
    gone.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(isLeft()).toBe('done');

    const stopped = poll(look);
    const isStopped = await outcome(stopped.answer);
    stopped.waiters.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(isStopped()).toBe('done');
  });

  it('looks again when time alone changes what is seen', async () => {
    const look = vi.fn<() => Promise<Polled<string>>>(async () => ({
      ...polled,
      nextChangeAt: Date.now() < start + 2_000 ? start + 2_000 : null,
    }));
    void poll(look);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(look).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(look).toHaveBeenCalledTimes(2);
  });

  it('has the worker fetch what is stale, and nothing else', async () => {
    const stale = poll(async () => ({ ...polled, isStale: true }), { customer: 'cus_1' });
    const fresh = poll(async () => polled, { customer: 'cus_1' });
    await vi.advanceTimersByTimeAsync(0);
    expect([stale.asked, fresh.asked]).toEqual([['wake'], []]);
  });

  it('that fails is held no more', async () => {
    const { answer, waiters } = poll(() => Promise.reject(new Error('the ledger is down')));
    await expect(answer).rejects.toThrow('down');
    expect(waiters.total).toBe(0);
  });
});

describe('a first reading', () => {
  const caller = { ...ref } as never;
  const loading = { customer: 'cus_1', facts: null, failure: null };
  const known = { ...loading, facts: {} };

  it.each([
    [null, false],
    [loading, true],
    [known, false],
    [{ ...loading, failure: { at: 1 } }, false],
  ])('of %j loads: %s', (record, is) => expect(isLoading({ record } as never)).toBe(is));

  it('reads again only where its token has just introduced a customer', async () => {
    for (const [introduces, reads] of [
      [false, 1],
      [true, 2],
    ] as const) {
      const { parts, asked } = world([null, known], { introduces });
      expect(await readIntroduced(parts, caller)).toEqual({ record: introduces ? known : null });
      expect(asked).toHaveLength(reads);
    }
  });

  it.each([[null], [known]])('of an account that does not load is given at once: %j', async (record) => {
    const { parts, asked } = world([record]);
    expect(await readWithFirstFacts(parts, caller, client())).toEqual({ record });
    expect(asked).toEqual(['read']);
  });

  it('waits five seconds for the first facts, which go first in the queue', async () => {
    const { parts, asked, waiters } = world([loading, loading, known]);
    const isOver = await outcome(readWithFirstFacts(parts, caller, client()));
    expect(asked).toEqual(['read', ['cus_1', 5_000], 'wake', 'read', 'wake']);
    expect([isOver(), waiters.count('acme', 'team_1')]).toEqual(['held', 1]);
    waiters.wake('acme', 'team_1');
    await vi.advanceTimersByTimeAsync(0);
    expect(isOver()).toBe('done');
    const without = world([loading]);
    const ends = await outcome(readWithFirstFacts(without.parts, caller, client()));
    await vi.advanceTimersByTimeAsync(4_999);
    expect(ends()).toBe('held');
    await vi.advanceTimersByTimeAsync(1);
    expect(ends()).toBe('done');
  });
});

describe('a reading after a look of its own', () => {
  const caller = { ...ref } as never;
  const before = { customer: 'cus_1', syncedTicket: 3, failure: null };
  const awaited = { customer: 'cus_1', ticket: 4, waitMs: 10_000 };
  const readingOf = (records: (object | null)[], more: object = {}) => {
    const given = world(records);
    return { ...given, reading: readSynced(given.parts, caller, { ...awaited, signal: client(), ...more }) };
  };

  it.each<[string, object | null]>([
    ['the look is in', { ...before, syncedTicket: 4 }],
    ['a later one is', { ...before, syncedTicket: 5 }],
    ['the account has another customer now', { ...before, customer: 'cus_2' }],
    ['the account has none any more', null],
  ])('is given at once where %s', async (_, record) => {
    const { reading, asked } = readingOf([record]);
    expect(await reading).toEqual({ reading: { record }, synced: true });
    expect(asked).toEqual([['cus_1', 10_000], 'wake', 'read']);
    expect(await readingOf([record], { click: true }).reading).toMatchObject({ synced: true });
  });

  it('is given without it when the time is up; the customer goes first for as long as is said', async () => {
    const { reading, asked } = readingOf([before], { wantedMs: 7_000 });
    const isOver = await outcome(reading);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(isOver()).toBe('held');
    await vi.advanceTimersByTimeAsync(1);
    expect(await reading).toEqual({ reading: { record: before }, synced: false });
    expect(asked.slice(0, 4)).toEqual([['cus_1', 7_000], 'wake', 'read', 'wake']);
  });

  it.each([
    [start, false, 'held'],
    [start, true, 'held'],
    [start + 1, false, 'held'],
    [start + 1, true, 'done'],
  ])('ends early by a failure at %d for a click alone, %s: %s', async (at, click, state) => {
    const { reading } = readingOf([{ ...before, failure: { at } }], click ? { click } : {});
    expect((await outcome(reading))()).toBe(state);
  });

  it('of a click is held however many are, and no other', async () => {
    for (const [click, held] of [
      [true, heldPerAccount + 1],
      [false, heldPerAccount],
    ] as const) {
      const { parts, waiters } = world([before]);
      const ask = (more: object) => readSynced(parts, caller, { ...awaited, signal: client(), ...more });
      for (let index = 0; index < heldPerAccount; index += 1) void ask({});
      await vi.advanceTimersByTimeAsync(0);
      void ask({ click });
      await vi.advanceTimersByTimeAsync(0);
      expect(waiters.count('acme', 'team_1')).toBe(held);
      waiters.close();
      await vi.advanceTimersByTimeAsync(0);
    }
  });
});

describe('a snapshot that a page has', () => {
  const view = { etag: '"a"', record: { customer: 'cus_1', staleSince: null }, chargedNext: null, snapshot: {} };
  function hold(...views: object[]) {
    const { waiters, parts } = world([null]);
    const asked: unknown[] = [];
    let looks = 0;
    const own = {
      ...(parts as object),
      wakeWorker: () => asked.push('wake'),
      wantPreview: (wanted: unknown) => asked.push(wanted),
      read: async () => {
        requireEnd((looks += 1));
        return { ...view, nextChangeAt: null, ...views[Math.min(looks, views.length) - 1] };
      },
    };
    const held = { wait: 25_000, seen: '"a"', signal: client() };
    const answer = heldReading(own as never, { ...ref } as never, view as never, held);
    return { answer, asked, waiters };
  }

  it('is held until there is another', async () => {
    const { answer, asked, waiters } = hold({}, { etag: '"b"' });
    const isOver = await outcome(answer);
    expect([isOver(), waiters.count('acme', 'team_1'), asked]).toEqual(['held', 1, []]);
    waiters.wake('acme', 'team_1');
    await vi.advanceTimersByTimeAsync(0);
    expect([isOver(), (await answer).etag]).toEqual(['done', '"b"']);
  });

  it.each([
    ['a customer that waits for a fetch', { record: { customer: 'cus_1', staleSince: 1 } }, ['wake']],
    ['no customer', { record: null }, []],
    [
      'a next charge that is not known',
      { chargedNext: 'sub_1', snapshot: { nextPaymentAwaited: true } },
      [{ ...ref, customer: 'cus_1', subscription: 'sub_1' }],
    ],
    ['a next charge that is known', { chargedNext: 'sub_1' }, []],
    ['no charge to come', { snapshot: { nextPaymentAwaited: true } }, []],
    ['no customer to ask for', { record: null, chargedNext: 'sub_1', snapshot: { nextPaymentAwaited: true } }, []],
  ])('of %s asks for it meanwhile', async (_, more, expected) => {
    const { answer, asked } = hold(more);
    await outcome(answer);
    expect(asked).toEqual(expected);
  });
});

it.each([
  ['wait=25', 25_000],
  ['respond-async, wait=3', 3_000],
  ['wait="7"', 7_000],
  // Many proxies cut a connection after 30 s.
  ['wait=26', 25_000],
  ['wait=999999', 25_000],
  ['await=9', 0],
  ['wait = 9', 9_000],
  ['Wait=9', 9_000],
  ['wait=', 0],
  [null, 0],
  ['wait=-1', 0],
  ['', 0],
  [undefined, 0],
])('a client that prefers %j is held for %i ms at most', (prefer, waitMs) => {
  expect(waitPreference(prefer)).toBe(waitMs);
});
