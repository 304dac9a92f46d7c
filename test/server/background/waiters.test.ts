import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Waiters } from '../../../server/src/background/waiters.ts';

const never = new AbortController().signal;
const long = 2 ** 31 - 1;

describe('a waiter', () => {
  it('is woken by its own account only', async () => {
    const waiters = new Waiters();
    const mine = waiters.register('acme', 'team_1');
    const theirs = waiters.register('acme', 'team_2');
    const woken: string[] = [];
    const mineWoken = mine.woken(long, never).then(() => woken.push('mine'));
    const theirsWoken = theirs.woken(long, never).then(() => woken.push('theirs'));
    waiters.wake('acme', 'team_1');
    await mineWoken;
    expect(woken).toEqual(['mine']);
    waiters.wakeAll();
    await theirsWoken;
    expect(woken).toEqual(['mine', 'theirs']);
  });

  it('is not woken by ids that are equal when joined', () => {
    const waiters = new Waiters();
    waiters.register('a', 'b:c');
    expect(waiters.count('a:b', 'c')).toBe(0);
    expect(waiters.count('a', 'b:c')).toBe(1);
  });

  it('is woken by a commit between its read and its wait', async () => {
    const waiters = new Waiters();
    const waiter = waiters.register('acme', 'team_1');
    waiters.wake('acme', 'team_1');
    await waiter.woken(long, never);
    // It was heard of once: the next wait is one.
    const gone = new AbortController();
    let waits = true;
    const next = waiter.woken(long, gone.signal).then(() => (waits = false));
    await nextTurn();
    expect(waits).toBe(true);
    gone.abort();
    await next;
  });

  it('ends at its time, when its client is gone, and when the server stops', async () => {
    const waiters = new Waiters();
    const waiter = waiters.register('acme', 'team_1');
    await waiter.woken(1, never);
    const gone = new AbortController();
    const left = waiter.woken(long, gone.signal);
    gone.abort();
    await left;
    const stopped = waiter.woken(long, never);
    waiters.close();
    await stopped;
    await waiter.woken(long, never);
  });

  it('times out in intervals where other processes share the ledger, and never where none does', async () => {
    const alone = new Waiters().register('acme', 'team_1');
    const shared = new Waiters({ pollMs: 1 }).register('acme', 'team_1');
    let slept = true;
    const gone = new AbortController();
    const sleeping = alone.woken(long, gone.signal).then(() => (slept = false));
    await shared.woken(long, never);
    await shared.woken(long, never);
    expect(slept).toBe(true);
    gone.abort();
    await sleeping;
    alone.release();
    shared.release();
  });

  it('is counted', () => {
    const waiters = new Waiters();
    const held = [1, 2, 2, 3].map((team) => waiters.register('acme', `team_${team}`));
    expect(waiters.total).toBe(4);
    for (const waiter of held) waiter.release();
    expect(waiters.total).toBe(0);
  });

  it('is removed when it ends', () => {
    const waiters = new Waiters();
    const [one, two] = [waiters.register('acme', 'team_1'), waiters.register('acme', 'team_1')];
    expect(waiters.count('acme', 'team_1')).toBe(2);
    one.release();
    two.release();
    expect(waiters.count('acme', 'team_1')).toBe(0);
  });
});
