/** A verified event: the answer, the line in the log, the metrics, and the work that it causes. */

import { describe, expect, it } from 'vitest';
import { webhookRoute } from '../../../server/src/http/routes/webhook.ts';
import { StoreUnavailableError } from '../../../server/src/ledger/errors.ts';
import type { BillhookError } from '../../../server/src/problem.ts';
import { logRecorder } from '../../support/log-recorder.ts';

type Parts = Parameters<typeof webhookRoute>[0];

const event = {
  id: 'evt_1',
  type: 'invoice.paid',
  livemode: false,
  data: { object: { id: 'in_1', customer: 'cus_1' } },
};

async function delivered(outcome: string | Error, { given = event as unknown, account = null as object | null } = {}) {
  const told: unknown[] = [];
  const note =
    (what: string) =>
    (...fields: unknown[]) =>
      void told.push([what, ...fields]);
  const log = logRecorder();
  const parts = {
    config: { livemode: false, now: () => 1_790_000_009_000, log },
    gateway: {
      verifiedEvent: (_: string, signature: string) => (signature === 'signed' ? given : undefined),
    },
    stripeAccount: () => account,
    metrics: { webhookRefused: note('refused'), webhookRecorded: note('recorded') },
    store: {
      recordEvent: async (parsed: unknown, now: number) => {
        told.push(['event', parsed, now]);
        if (typeof outcome !== 'string') throw outcome;
        return outcome;
      },
    },
    wakeWorker: note('wake'),
    requestSweep: note('sweep'),
    limits: { countRefusal: async () => void told.push(['stranger']) },
  } as unknown as Parts;
  const app = webhookRoute(parts).onError((cause, c) => c.json({ code: (cause as BillhookError).code }, 400));
  const ask = async (signature?: string) => {
    const headers = signature === undefined ? {} : { 'stripe-signature': signature };
    const answer = await app.request('/', { method: 'POST', body: '{}', headers });
    return (await answer.json()) as unknown;
  };
  return { told, log, ask, names: () => told.map((each) => (each as string[])[0]) };
}

describe('an event that is recorded', () => {
  it.each([
    ['queued', true],
    ['unresolved', true],
    ['duplicate', false],
    ['ignored', false],
  ])('as %s is answered with that, and wakes the worker: %s', async (outcome, wakes) => {
    const { ask, names, log } = await delivered(outcome);
    expect(await ask('signed')).toEqual({ received: true, outcome });
    expect(names()).toEqual(['event', ...(wakes ? ['wake'] : []), 'recorded']);
    expect(log.lines).toEqual([
      { level: 'info', what: `webhook.${outcome}`, fields: { event: 'evt_1', type: 'invoice.paid' } },
    ]);
  });

  it('is measured from its making, where it says when that was', async () => {
    const recorded = async (given: unknown) => {
      const { ask, told } = await delivered('queued', { given });
      await ask('signed');
      return told.at(-1);
    };
    expect(await recorded({ ...event, created: 1_790_000_000 })).toEqual(['recorded', 'queued', 9_000]);
    expect(await recorded(event)).toEqual(['recorded', 'queued', null]);
  });

  it('is read as one of the server’s own account', async () => {
    const own = { ...event, account: 'acct_1' };
    const parsedFor = async (account: object | null) => {
      const { ask, told } = await delivered('queued', { given: own, account });
      await ask('signed');
      return (told[0] as unknown[])[1];
    };
    expect(await parsedFor({ account: 'acct_1' })).not.toEqual(await parsedFor({ account: 'acct_2' }));
  });
});

describe('an event that is not recorded', () => {
  it('because the ledger is down is one that a sweep has to find', async () => {
    for (const [cause, code] of [
      [new StoreUnavailableError('locked'), 'store_unavailable'],
      [new TypeError('a fault of ours'), 'internal'],
    ] as const) {
      const { ask, told, names } = await delivered(cause);
      await ask('signed');
      expect(names()).toEqual(['event', 'refused', 'sweep']);
      expect(told).toContainEqual(['refused', code]);
    }
  });

  it('because it is none is Stripe’s own affair', async () => {
    const { ask, told } = await delivered('queued', { given: { hello: 'there' } });
    await ask('signed');
    expect(told).toEqual([['refused', 'body_malformed']]);
  });

  it.each(['forged', undefined])('because its signature is %j is counted as a stranger’s', async (signature) => {
    const { ask, told } = await delivered('queued');
    expect(await ask(signature)).toEqual({ code: 'webhook_signature_invalid' });
    expect(told).toEqual([['refused', 'webhook_signature_invalid'], ['stranger']]);
  });
});
