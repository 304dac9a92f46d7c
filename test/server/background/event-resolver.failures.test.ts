/** An event whose subject Stripe cannot be asked about: tried again, and given up after a week. */

import { beforeEach, expect, it } from 'vitest';
import type { WorkerParts } from '../../../server/src/background/context.ts';
import { EventResolver } from '../../../server/src/background/event-resolver.ts';
import { Waiters } from '../../../server/src/background/waiters.ts';
import { StripeFailure } from '../../../server/src/stripe/failure.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';
import { day, noon } from '../fixtures/facts.ts';

const subject = { type: 'invoice_payment', id: 'inpay_1' };

let log: LogRecorder;
let written: string[];
/** Writes that the resolver handed over to be done when the ledger answers. */
let handedOver: number;

beforeEach(() => {
  log = logRecorder();
  written = [];
  handedOver = 0;
});

async function failing(attempts: number, receivedAt: number): Promise<void> {
  const parts = {
    config: { now: () => noon, log },
    store: {
      claimUnresolved: async () => [{ event: 'evt_1', subject, attempts, receivedAt }],
      resolveEvent: async (event: string, customer: string | null) => void written.push(`resolve ${event} ${customer}`),
      postponeEvent: async (event: string, at: number) => void written.push(`postpone ${event} ${at - noon}`),
    },
    gateway: {
      customerOf: async () => {
        throw new StripeFailure('stripe_unavailable', new Error('down'));
      },
    },
    metrics: { eventFailed: () => undefined },
    confirm: async () => undefined,
  } as unknown as WorkerParts;
  const resolver = new EventResolver(parts, new Waiters(), {
    leaseMs: 60_000,
    limitMs: 35_000,
    random: () => 0.5,
    writeOrDefer: async (debt) => {
      handedOver += 1;
      await debt();
    },
  });
  await Promise.all(await resolver.poll(noon));
}

const isGivenUp = () => log.lines.some(({ what }) => what === 'hint.given_up');

it('is tried again, later each time, and the ledger may be down meanwhile', async () => {
  await failing(1, noon - 1_000);
  await failing(3, noon - 1_000);
  expect(written).toEqual(['postpone evt_1 1000', 'postpone evt_1 4000']);
  expect(handedOver).toBe(2);
});

it.each([
  ['after seven days, not before its eighth try', 7, 7 * day + 1, false],
  ['at its eighth try, not before seven days are over', 8, 7 * day, false],
  ['at its eighth try after seven days', 8, 7 * day + 1, true],
])('is given up %s', async (_, attempts, age, given) => {
  await failing(attempts, noon - age);
  expect(isGivenUp()).toBe(given);
  expect(written).toEqual([given ? 'resolve evt_1 null' : expect.stringMatching(/^postpone/)]);
  expect(handedOver).toBe(1);
});
