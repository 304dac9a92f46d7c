/** `GET /readyz`, asked by many at once: one question to the ledger, and never an old answer. */

import { expect, it } from 'vitest';
import { operationsRoutes } from '../../../server/src/http/routes/operations.ts';

it('asks the ledger once for all that ask meanwhile, and anew for the next', async () => {
  const pings: PromiseWithResolvers<void>[] = [];
  const ping = () => {
    const one = Promise.withResolvers<void>();
    pings.push(one);
    return one.promise;
  };
  const app = operationsRoutes({ config: {}, metrics: {}, store: { ping } } as never);
  app.onError((_, c) => c.body(null, 503));
  const asked = [app.request('/readyz'), app.request('/readyz')];
  pings[0]?.reject(new Error('the ledger is down'));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([503, 503]);
  const again = app.request('/readyz');
  pings[1]?.resolve();
  const answer = await again;
  expect([answer.status, await answer.json(), pings.length]).toEqual([200, { status: 'ok' }, 2]);
});
