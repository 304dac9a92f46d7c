import { expect, it } from 'vitest';
import { FairQueue } from '../../../server/src/stripe/fair-queue.ts';

const all = (queue: FairQueue<string>) => {
  const order: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) order.push(item);
  return order;
};

it('accounts take turns, however much one of them asks for', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'a4']) queue.push('a', item);
  for (const item of ['b1', 'b2']) queue.push('b', item);
  expect(all(queue)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4']);
});

it('an account that comes anew goes before those that are being served, once', () => {
  const queue = new FairQueue<string>();
  for (const name of ['a', 'b', 'c']) for (const turn of [1, 2]) queue.push(name, `${name}${turn}`);
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual(['a1', 'b1', 'c1']);
  queue.push('new', 'new1');
  expect(queue.shift()).toBe('new1');
  queue.push('new', 'new2');
  expect(all(queue)).toEqual(['a2', 'b2', 'c2', 'new2']);
});

it('one that is taken out is not served, and an empty queue remembers no account', () => {
  const queue = new FairQueue<string>();
  for (const item of ['a1', 'a2']) queue.push('a', item);
  queue.push('b', 'b1');
  queue.drop('a1');
  queue.drop('missing');
  expect(queue.size).toBe(2);
  expect(all(queue)).toEqual(['a2', 'b1']);
  queue.push('a', 'a3');
  queue.push('b', 'b2');
  expect(all(queue), 'both are new again').toEqual(['a3', 'b2']);
});
