/**
 * The connection that listens, played: when it is made, asked, given up and made again, to the millisecond. A real one is in
 * the contract (`heard.ts`) and in `postgres.restart.test.ts`.
 */

import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LedgerChange } from '../../server/src/ledger/feed.ts';
import { readPostgresAddress } from '../../server/src/ledger/postgres/address.ts';
import {
  catalogueChange,
  FeedListener,
  hearTold,
  notifyAll,
  queuedChange,
  raisedChange,
  raisedChanges,
  syncedChange,
  tellAccounts,
} from '../../server/src/ledger/postgres/feed.ts';
import { HeardChanges } from '../../server/src/ledger/postgres/heard-changes.ts';
import type { Session } from '../../server/src/ledger/postgres/session.ts';
import { acme, t0 } from './harness.ts';

const address = readPostgresAddress('postgres://billhook@db.invalid/app?schema=second');

let connections: Client[];
let asked: string[];
let ended: Client[];
/** Answers a connection, and a question. */
let connect: () => Promise<void>;
let answer: (text: string) => Promise<object>;
let changes: HeardChanges;
let told: LedgerChange[];

beforeEach(() => {
  vi.useFakeTimers({ now: t0, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  [connections, asked, ended, told] = [[], [], [], []];
  connect = async () => undefined;
  answer = async () => ({});
  vi.spyOn(Client.prototype, 'connect').mockImplementation(function (this: Client) {
    connections.push(this);
    return connect();
  } as never);
  vi.spyOn(Client.prototype, 'query').mockImplementation(((text: string) => {
    asked.push(text);
    return answer(text);
  }) as never);
  vi.spyOn(Client.prototype, 'end').mockImplementation(async function (this: Client) {
    ended.push(this);
    throw new Error('it is gone already');
  } as never);
  changes = new HeardChanges();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const listener = (canListen = true) => new FeedListener(address, canListen, changes);
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
const latest = () => connections.at(-1) as Client;
const missed = { kind: 'missed' };

async function following(): Promise<FeedListener> {
  const feed = listener();
  feed.follow((change) => told.push(change));
  await pass();
  return feed;
}

describe('the connection', () => {
  it('is made for the first that follows, and listens for all of them', async () => {
    const feed = await following();
    const others: LedgerChange[] = [];
    const stop = feed.follow((change) => others.push(change));
    await pass();
    expect([connections.length, asked]).toEqual([1, ['LISTEN "second"']]);
    expect([told, changes.count], 'something may have been missed').toEqual([[missed], 1]);
    expect([0, 1].map((moment) => feed.heard.isSameSince(moment, acme, null))).toEqual([false, true]);

    latest().emit('notification', { payload: '{"kind":"catalogue"}' } as never);
    stop();
    latest().emit('notification', { payload: '{"kind":"raised","customers":["cus_1"]}' } as never);
    latest().emit('notification', { payload: syncedChange(acme) } as never);
    expect(others).toEqual([{ kind: 'catalogue' }]);
    expect(told.slice(1)).toEqual([
      { kind: 'catalogue' },
      { kind: 'raised', customers: ['cus_1'] },
      { kind: 'looked', ...acme },
    ]);
    expect(changes.count).toBe(4);
  });

  it('is not made where none can listen, nor after the end', async () => {
    const [deaf, closed] = [listener(false), listener()];
    deaf.follow(() => undefined);
    await closed.close();
    closed.follow(() => undefined);
    await pass();
    expect(connections).toEqual([]);
    expect([deaf.heard.moment(), closed.heard.moment()]).toEqual([null, null]);
  });

  it.each(['{}', 'null', '', 'news', undefined, '{"kind":"raised"}', '{"kind":"missed"}', '{"kind":"sold"}'])(
    'takes a foreign message for one that was missed: %s',
    async (payload) => {
      await following();
      latest().emit('notification', { payload } as never);
      expect(told).toEqual([missed, missed]);
    },
  );

  it.each([
    [0, 0.75],
    [0.5, 1],
    [1, 1.25],
  ])('is tried again after 0.25, 0.5 … 30 s, give or take a quarter (%d)', async (random, factor) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    connect = () => Promise.reject(new Error('refused'));
    const feed = await following();
    for (const [index, ms] of [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].entries()) {
      await pass(Math.floor(ms * factor) - 1);
      // Another that follows does not hasten it.
      feed.follow(() => undefined);
      expect(connections, `${ms}`).toHaveLength(index + 1);
      await pass(1);
      expect(connections, `${ms}`).toHaveLength(index + 2);
    }
    expect([told, asked, ended.length]).toEqual([[], [], connections.length]);
    connect = async () => undefined;
    await pass(38_000);
    expect([told, asked]).toEqual([[missed], ['LISTEN "second"']]);
    latest().emit('error', new Error('cut'));
    const before = connections.length;
    await pass(Math.floor(250 * factor));
    expect(connections, 'it was there, so it begins anew').toHaveLength(before + 1);
  });

  it('is made anew where it may not listen', async () => {
    answer = () => Promise.reject(new Error('no right'));
    await following();
    expect([told, ended]).toEqual([[], [latest()]]);
    await pass(250);
    expect(connections).toHaveLength(2);
  });

  it.each(['error', 'end'])(
    'is made anew once when it breaks, and what it says then is of no meaning: %s',
    async (how) => {
      const feed = await following();
      const first = latest();
      first.emit(how, new Error('cut'));
      expect(feed.heard.moment()).toBeNull();
      await pass(249);
      first.emit('end');
      await pass(1);
      first.emit('error', new Error('cut'));
      await pass(10_000);
      expect(connections).toHaveLength(2);
      expect([told, ended]).toEqual([[missed, missed], [first]]);
    },
  );

  it('is asked every 30 s whether it stands, and made anew when it does not', async () => {
    await following();
    for (const times of [1, 2]) {
      await pass(29_999);
      expect(asked).toHaveLength(times);
      await pass(1);
      expect(asked).toHaveLength(times + 1);
    }
    expect(asked.slice(1)).toEqual(['SELECT 1', 'SELECT 1']);
    answer = () => Promise.reject(new Error('cut'));
    await pass(30_000);
    expect(ended).toEqual([connections[0]]);
    answer = async () => ({});
    await pass(250);
    expect([connections.length, told]).toEqual([2, [missed, missed]]);
    await pass(30_000);
    expect(asked, 'the old one is asked no more').toHaveLength(6);
  });

  it('that broke is asked no more: the next one is, each 30 s', async () => {
    await following();
    await pass(10_000);
    latest().emit('end');
    await pass(250);
    asked = [];
    await pass(29_999);
    expect(asked).toEqual([]);
    await pass(1);
    expect(asked).toEqual(['SELECT 1']);
  });

  it('that broke while it was asked is not asked again', async () => {
    let say: (given: object) => void = () => undefined;
    await following();
    answer = () => new Promise((said) => (say = said));
    await pass(30_000);
    latest().emit('end');
    answer = async () => ({});
    await pass(250);
    say({});
    const before = asked.length;
    await pass(30_000);
    expect(asked).toHaveLength(before + 1);
  });
});

describe('the end', () => {
  it('says goodbye, and nothing is tried any more', async () => {
    const feed = await following();
    feed.heard.moment();
    await pass();
    expect(feed.heard.moment()).toBe(1);
    asked = [];
    await feed.close();
    expect(feed.heard.moment()).toBeNull();
    latest().emit('end');
    await pass(60_000);
    expect([connections.length, ended, asked]).toEqual([1, [latest()], []]);
  });

  it('comes before the next attempt', async () => {
    connect = () => Promise.reject(new Error('refused'));
    const feed = await following();
    await feed.close();
    await pass(60_000);
    expect(connections).toHaveLength(1);
  });

  it('comes before the answer: nothing is told then', async () => {
    let say: () => void = () => undefined;
    connect = () => new Promise((said) => (say = said));
    const feed = await following();
    await feed.close();
    say();
    await pass(60_000);
    expect([told, connections.length]).toEqual([[], 1]);
  });
});

describe('what is proven by an answer', () => {
  it('holds for a second from the question, which is asked again after half of it', async () => {
    const feed = await following();
    asked = [];
    expect(feed.heard.moment(), 'nothing was asked yet').toBeNull();
    expect(asked).toEqual(['SELECT 1']);
    expect(feed.heard.moment()).toBeNull();
    expect(asked, 'one question at a time').toHaveLength(1);
    await pass();
    expect(feed.heard.moment()).toBe(1);
    await pass(499);
    expect(feed.heard.moment()).toBe(1);
    expect(asked).toHaveLength(1);
    let say: (given: object) => void = () => undefined;
    answer = () => new Promise((said) => (say = said));
    await pass(1);
    expect(feed.heard.moment()).toBe(1);
    expect(asked).toHaveLength(2);
    await pass(499);
    expect(feed.heard.moment()).toBe(1);
    expect(asked).toHaveLength(2);
    await pass(1);
    expect(feed.heard.moment(), 'no answer for a second').toBeNull();
    say({});
    await pass();
    expect(feed.heard.moment(), 'the answer is of the question’s time').toBe(1);
    expect(feed.heard.lateAtMostMs).toBe(1_000);
  });

  it('is over with the connection, whose late answer proves nothing of the next one', async () => {
    let say: (given: object) => void = () => undefined;
    const feed = await following();
    answer = () => new Promise((said) => (say = said));
    feed.heard.moment();
    latest().emit('end');
    answer = async () => ({});
    await pass(250);
    say({});
    await pass();
    expect(feed.heard.moment()).toBeNull();
    await pass();
    expect(feed.heard.moment()).toBe(2);
  });

  it('is nothing before it listens, the first time and the next', async () => {
    let say: () => void = () => undefined;
    connect = () => new Promise((said) => (say = said));
    const feed = await following();
    expect([feed.heard.moment(), asked]).toEqual([null, []]);
    say();
    await pass();
    latest().emit('end');
    asked = [];
    await pass(250);
    expect([connections.length, feed.heard.moment(), asked]).toEqual([2, null, []]);
  });

  it('is asked of the next connection, where the last one never answered', async () => {
    const feed = await following();
    answer = () => new Promise(() => undefined);
    feed.heard.moment();
    latest().emit('end');
    answer = async () => ({});
    await pass(250);
    feed.heard.moment();
    await pass();
    expect(feed.heard.moment()).toBe(2);
  });

  it('ends a connection that fails to answer', async () => {
    const feed = await following();
    answer = () => Promise.reject(new Error('cut'));
    feed.heard.moment();
    await pass();
    expect(ended).toEqual([latest()]);
    answer = async () => ({});
    await pass(250);
    feed.heard.moment();
    await pass();
    expect(feed.heard.moment()).toBe(2);
  });

  it.each([
    [1_000, null],
    [999, 1],
    [-1, null],
  ])('by a wall clock that is set by %d ms', async (ms, moment) => {
    const feed = await following();
    feed.heard.moment();
    await pass();
    vi.setSystemTime(t0 + ms);
    expect(feed.heard.moment()).toBe(moment);
  });

  it('by the other clock, where the wall clock stands', async () => {
    const feed = await following();
    feed.heard.moment();
    await pass();
    await pass(1_000);
    vi.setSystemTime(t0);
    expect(feed.heard.moment()).toBeNull();
  });
});

describe('messages', () => {
  it('name 200 customers each, and one names none', () => {
    const names = Array.from({ length: 401 }, (_, index) => `cus_${index}`);
    const told = (count: number) =>
      raisedChanges(names.slice(0, count)).map((payload) => JSON.parse(payload) as object);
    const naming = (from: number, to: number) => ({ kind: 'raised', customers: names.slice(from, to) });
    expect(told(0)).toEqual([naming(0, 0)]);
    expect(told(1)).toEqual([naming(0, 1)]);
    expect(told(200)).toEqual([naming(0, 200)]);
    expect(told(201)).toEqual([naming(0, 200), naming(200, 201)]);
    expect(told(401)).toEqual([naming(0, 200), naming(200, 400), naming(400, 401)]);
  });

  it('are told of several accounts in one statement, and in none of no account', async () => {
    const run = vi.fn<Session['run']>(async () => 0);
    await tellAccounts({ run } as unknown as Session, []);
    expect(run).not.toHaveBeenCalled();
    await tellAccounts({ run } as unknown as Session, [
      { ...acme, customer: 'cus_1' },
      { ...acme, account: 'team_2' },
    ]);
    const payloads = [acme, { ...acme, account: 'team_2' }].map(syncedChange);
    expect(run.mock.calls).toEqual([[notifyAll, { payloads }]]);
  });

  it('have 7,999 bytes at most, and beyond that say that something was missed', () => {
    const bare = Buffer.byteLength(syncedChange({ ...acme, account: '' }));
    const change = (bytes: number) =>
      JSON.parse(syncedChange({ ...acme, account: 'ä'.repeat(1) + 'a'.repeat(bytes - bare - 2) })) as object;
    expect(change(7_999)).toMatchObject({ kind: 'looked' });
    expect(change(8_000)).toEqual(missed);
  });

  it('say that an event or a notice is queued, that a customer is stale, or that the catalogue is another', () => {
    expect(
      [queuedChange, raisedChange('cus_1'), catalogueChange].map((payload) => JSON.parse(payload) as object),
    ).toEqual([{ kind: 'raised', customers: [] }, { kind: 'raised', customers: ['cus_1'] }, { kind: 'catalogue' }]);
  });

  it('name the account, and the customer where it is known', () => {
    expect(JSON.parse(syncedChange(acme))).toEqual({ kind: 'looked', ...acme });
    expect(JSON.parse(syncedChange({ ...acme, customer: 'cus_1' }))).toEqual({
      kind: 'looked',
      ...acme,
      customer: 'cus_1',
    });
  });
});

describe('changes that were heard of', () => {
  const [one, other] = [acme, { ...acme, account: 'team_2' }];

  it('make a row old that was read before them', () => {
    const same = (moment: number) => [
      changes.isSameSince(moment, one, 'cus_1'),
      changes.isSameSince(moment, one, null),
      changes.isSameSince(moment, other, 'cus_2'),
    ];
    expect(same(0)).toEqual([true, true, true]);
    changes.hear({ kind: 'raised', customers: ['cus_3', 'cus_1'] });
    expect([same(0), same(1)]).toEqual([
      [false, true, true],
      [true, true, true],
    ]);
    changes.hear({ kind: 'looked', ...one });
    expect([same(1), same(2)]).toEqual([
      [false, false, true],
      [true, true, true],
    ]);
    changes.hear({ kind: 'looked', ...one, account: 'team_3', customer: 'cus_2' });
    expect([same(2), same(3)]).toEqual([
      [true, true, false],
      [true, true, true],
    ]);
    for (const kind of ['catalogue', 'missed'] as const) {
      const before = changes.count;
      changes.hear({ kind });
      expect([same(before), same(before + 1)], kind).toEqual([
        [false, false, false],
        [true, true, true],
      ]);
    }
  });

  it('are told apart by host and account', () => {
    changes.hear({ kind: 'looked', host: 'acme', account: 'team' });
    expect(changes.isSameSince(0, { host: 'other', account: 'team' }, null)).toBe(true);
    expect(changes.isSameSince(0, { host: 'acmet', account: 'eam' }, null)).toBe(true);
    expect(changes.isSameSince(0, { host: '', account: '' }, 'team')).toBe(true);
  });

  it('of 50,000 names are kept: of a row from before those that are forgotten nothing is known', () => {
    const customers = Array.from({ length: 50_000 }, (_, index) => `cus_${index}`);
    changes.hear({ kind: 'raised', customers: ['cus_1'] });
    changes.hear({ kind: 'raised', customers: ['cus_0'] });
    changes.hear({ kind: 'raised', customers: customers.slice(1) });
    expect(changes.isSameSince(0, one, 'cus_elsewhere'), 'all are kept').toBe(true);
    changes.hear({ kind: 'raised', customers: ['cus_50000'] });
    // The one that changed longest ago is forgotten: 0, for 1 has changed again.
    expect([1, 2].map((moment) => changes.isSameSince(moment, one, 'cus_elsewhere'))).toEqual([false, true]);
    expect(changes.isSameSince(2, one, 'cus_1')).toBe(false);
    changes.hear({ kind: 'raised', customers: ['cus_50000'] });
    expect(changes.isSameSince(2, one, 'cus_elsewhere'), 'one that is kept takes no more room').toBe(true);
    changes.hear({ kind: 'raised', customers: ['cus_50001'] });
    expect(changes.isSameSince(2, one, 'cus_elsewhere'), 'the next one is forgotten').toBe(false);
  });

  it('are also those that this process has told', () => {
    hearTold(changes, raisedChanges(['cus_1']));
    hearTold(changes, []);
    expect([changes.count, changes.isSameSince(0, one, 'cus_1')]).toEqual([1, false]);
  });
});
