/** Held polls: how many an account has at once, and when they end. */

import { expect, it } from 'vitest';
import { Waiters } from '../../../server/src/background/waiters.ts';
import { heldPerAccount, pollUntil } from '../../../server/src/http/long-poll.ts';

const account = { host: 'acme', account: 'team_1', customer: null };

it('eight polls of an account are held, and the ninth looks once', async () => {
  const waiters = new Waiters();
  const looks: string[] = [];
  const client = new AbortController();
  const poll = (name: string, of = account) =>
    pollUntil(
      { config: { now: () => 0 } as never, waiters, wakeWorker: () => undefined },
      of,
      { waitMs: 25_000, signal: client.signal },
      async () => {
        looks.push(name);
        return { value: name, done: false, nextChangeAt: null, isStale: false };
      },
    );
  const held = Array.from({ length: heldPerAccount }, (_, index) => poll(`held_${index}`));
  expect(waiters.count('acme', 'team_1')).toBe(8);
  expect(await poll('ninth')).toBe('ninth');
  expect(waiters.count('acme', 'team_1')).toBe(8);

  const others = poll('another account’s', { ...account, account: 'team_2' });
  expect(waiters.count('acme', 'team_2')).toBe(1);

  client.abort();
  await Promise.all([...held, others]);
  expect(waiters.total).toBe(0);
  expect(looks.filter((name) => name === 'ninth')).toHaveLength(1);
});

it('ends when its time is up, also where the clock of the system was set back meanwhile', async () => {
  let clock = Date.UTC(2026, 10, 28);
  const began = performance.now();
  const value = await pollUntil(
    { config: { now: () => clock } as never, waiters: new Waiters(), wakeWorker: () => undefined },
    account,
    { waitMs: 50, signal: new AbortController().signal },
    async () => {
      clock -= 3_600_000;
      return { value: 'in time', done: false, nextChangeAt: null, isStale: false };
    },
  );
  expect(value).toBe('in time');
  expect(performance.now() - began).toBeGreaterThanOrEqual(49);
});
