/** A server's start asks Stripe for the account of its key. It waits for the answer, but not for long; its stop for none. */

import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { logRecorder } from '../support/log-recorder.ts';
import { listening } from '../support/listening.ts';
import { holdTimeLimits } from '../support/time-limits.ts';
import { startBff } from './support/bff.ts';

it('a Stripe that does not answer holds up no start: the ledger is read, and nothing is fetched before it has answered', async () => {
  const asked: { readonly path: string; readonly answer: ServerResponse }[] = [];
  const silent = createServer((request, answer) => {
    asked.push({ path: request.url ?? '', answer });
  });
  const { url, close } = await listening(silent);
  onTestFinished(close);
  const limits = holdTimeLimits();
  const log = logRecorder();
  const request = once(silent, 'request');
  const starting = startBff({ apiUrl: url }, { log });
  await request;
  limits.pass();
  const bff = await starting;
  expect(limits.set).toEqual([3_000]);
  expect(log.lines.map(({ what }) => what)).toContain('stripe.unreachable');
  expect((await bff.call('/readyz', { token: null })).status).toBe(200);
  expect((await bff.call('/v1/billing')).status).toBe(200);
  // A sweep wants to know it too. No one answers, and its stop cuts it off: otherwise this would take its minute.
  // oxlint-disable-next-line no-await-in-loop -- one request after the other
  while (asked.length < 2) await once(silent, 'request');
  const stopped = performance.now();
  await bff.close();
  expect(performance.now() - stopped).toBeLessThan(30_000);
  expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(['/v1/account']));
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
});
