/** Test events at a live server, and live ones at a server with a test key: neither is recorded (L19). */

import { expect, it } from 'vitest';
import { webhookRoute } from '../../../server/src/http/routes/webhook.ts';
import { logRecorder } from '../../support/log-recorder.ts';

type Parts = Parameters<typeof webhookRoute>[0];

async function deliver(serverIsLive: boolean, livemode: boolean | undefined) {
  const recorded: string[] = [];
  const log = logRecorder();
  const event = { id: 'evt_1', type: 'invoice.paid', livemode, data: { object: { id: 'in_1', customer: 'cus_1' } } };
  const parts = {
    config: { livemode: serverIsLive, now: () => 0, log },
    gateway: { verifiedEvent: () => event },
    stripeAccount: () => null,
    metrics: { webhookRefused: () => undefined, webhookRecorded: () => undefined },
    store: {
      recordEvent: async (each: { readonly event: string }) => {
        recorded.push(each.event);
        return 'queued';
      },
    },
    wakeWorker: () => undefined,
    requestSweep: () => undefined,
    limits: {},
  } as unknown as Parts;
  const app = webhookRoute(parts).onError((cause, c) => c.text((cause as Error & { code: string }).code, 400));
  const response = await app.request('/', { method: 'POST', body: '{}' });
  return { recorded, code: response.status === 200 ? null : await response.text(), log };
}

it.each([
  [true, true],
  [false, false],
  // A thin event may not say.
  [true, undefined],
  [false, undefined],
])('a server that is live: %s, an event that is live: %s: recorded', async (server, event) => {
  expect(await deliver(server, event)).toMatchObject({ recorded: ['evt_1'], code: null });
});

it.each([
  [true, false],
  [false, true],
])('L19: a server that is live: %s, an event that is live: %s: refused', async (server, event) => {
  const { recorded, code, log } = await deliver(server, event);
  expect(recorded).toEqual([]);
  expect(code).toBe('webhook_livemode_mismatch');
  expect(log.lines).toMatchObject([{ level: 'error', what: 'webhook.livemode_mismatch' }]);
});
