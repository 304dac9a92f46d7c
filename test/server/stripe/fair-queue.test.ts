import { expect, it } from 'vitest';
import { AccountUsage, FairQueue } from '../../../server/src/stripe/fair-queue.ts';

/** A queue that is served at one moment, or at others. */
function served() {
  const usage = new AccountUsage();
  const queue = new FairQueue<string>(usage);
  const next = (now = 0) => {
    const served = queue.shift(now);
    if (served !== undefined) usage.add(served.account, now);
    return served?.item;
  };
  const all = (now = 0) => {
    const order: string[] = [];
    for (let item = next(now); item !== undefined; item = next(now)) order.push(item);
    return order;
  };
  return { usage, queue, next, all };
}

it('accounts take turns, however much one of them asks for', () => {
  const { queue, all } = served();
  for (const item of ['a1', 'a2', 'a3', 'a4']) queue.push('a', item);
  for (const item of ['b1', 'b2']) queue.push('b', item);
  expect(all()).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
});

it('an account that had less of late goes first, again and again, until it had as much', () => {
  const { queue, next, all } = served();
  for (const name of ['a', 'b', 'c']) for (const turn of [1, 2, 3]) queue.push(name, `${name}${turn}`);
  for (let turn = 0; turn < 6; turn += 1) next();
  for (const turn of [1, 2, 3]) queue.push('new', `new${turn}`);
  expect(all()).toEqual(['new1', 'new2', 'a3', 'b3', 'c3', 'new3']);
});

it('what an account had is half forgotten after two seconds, and whole after some more', () => {
  const { usage } = served();
  for (let request = 0; request < 8; request += 1) usage.add('a', 0);
  expect([0, 2_000, 4_000, -2_000].map((now) => usage.of('a', now))).toEqual([8, 4, 2, 4]);
  expect(usage.of('a', 60_000)).toBeCloseTo(0);
});

it('requests for no account come in their order, each as the first of its account', () => {
  const { queue, all } = served();
  queue.push('a', 'a1');
  queue.push('a', 'a2');
  for (const item of ['1', '2']) queue.push(null, item);
  expect(all()).toEqual(['a1', '1', '2', 'a2']);
});

it('one that is taken out is not served', () => {
  const { queue, all } = served();
  for (const item of ['a1', 'a2']) queue.push('a', item);
  queue.push('b', 'b1');
  queue.drop('a', 'a1');
  queue.drop('a', 'missing');
  queue.drop('missing', 'a2');
  expect(queue.size).toBe(2);
  expect(all()).toEqual(['a2', 'b1']);
  expect([queue.size, queue.usageOfNext(0), queue.shift(0)]).toEqual([0, Number.POSITIVE_INFINITY, undefined]);
});

it('a million accounts, one after another, are not all remembered', () => {
  const { usage } = served();
  let remembered = 0;
  for (let account = 0; account < 100_000; account += 1) {
    // 80 requests a second, each of another account.
    const now = Math.floor((account / 80) * 1_000);
    usage.add(`account ${account}`, now);
    remembered = Math.max(remembered, usage.size);
  }
  expect(remembered).toBeLessThan(2_500);
});
