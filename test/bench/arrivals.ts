/** From a webhook's 200 to the answer of the poll that waits for it, beside other polls that wait for nothing. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { origin, publicUrl, token } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';

/** In turns: a customer goes first ten times in a row, and then once a second. */
const changed = ['active', 'yen', 'several', 'trialing'] as const;

export interface Arrival {
  readonly waiting: number;
  /** Milliseconds beyond the 200, the look at Stripe included: the sandbox answers from this process. */
  readonly p50: number;
  readonly p99: number;
}

/** @param waiting - how many polls wait, each of an account of its own, for each figure */
export async function measureArrivals(waiting: readonly number[], events = 16): Promise<readonly Arrival[]> {
  const harness = await startBffHarness();
  const clients = new AbortController();
  const held: Promise<unknown>[] = [];
  try {
    // The deliveries are made here: the moment of each 200 is what counts.
    const { data } = await harness.stripe.webhookEndpoints.list();
    await Promise.all(data.map(({ id }) => harness.stripe.webhookEndpoints.update(id, { disabled: true })));
    for (const situation of changed) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await harness.bff.settled(harness.as(situation));
    }
    const arrivals: Arrival[] = [];
    for (const count of waiting) {
      // oxlint-disable-next-line no-await-in-loop -- each adds to the last
      while (held.length < count) held.push((await holdPoll(harness, held.length, clients.signal)).answer);
      const times: number[] = [];
      for (let event = 0; event < events; event += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        times.push(await arrivalOf(harness, `${count}_${event}`, event));
      }
      times.sort((a, b) => a - b);
      const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? Number.NaN;
      arrivals.push({ waiting: count, p50: at(0.5), p99: at(0.99) });
    }
    return arrivals;
  } finally {
    clients.abort();
    await Promise.allSettled(held);
    await harness.close();
  }
}

/** A page that polls until the end, once it has read for the first time. */
async function holdPoll(
  { bff }: BffHarness,
  index: number,
  signal: AbortSignal,
): Promise<{ answer: Promise<unknown> }> {
  const authorization = `Bearer ${await token({ account: `waiting_${index}` })}`;
  const ask = (more: Record<string, string>, options: { signal?: AbortSignal } = {}) =>
    bff.billhook.fetch(
      new Request(`${publicUrl}/v1/billing`, { headers: { origin, authorization, ...more }, ...options }),
    );
  const etag = (await ask({})).headers.get('etag') ?? '';
  const again = async () => {
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- as a page polls
      await ask({ 'if-none-match': etag, prefer: 'wait=25' }, { signal });
    }
  };
  return { answer: again() };
}

async function arrivalOf(harness: BffHarness, event: string, turn: number): Promise<number> {
  const { bff, stripe, customers } = harness;
  const situation = changed[turn % changed.length] ?? 'active';
  const call = harness.as(situation);
  const bearer = await token(call);
  const first = await bff.call('/v1/billing', { token: bearer });
  const poll = bff.call('/v1/billing', {
    token: bearer,
    headers: { 'if-none-match': first.headers.get('etag') ?? '', prefer: 'wait=25' },
  });
  const { data } = await stripe.subscriptions.list({ customer: customers[situation] });
  const subscription = data[0];
  if (subscription === undefined) throw new Error('the customer has no subscription');
  await stripe.subscriptions.update(subscription.id, {
    cancel_at_period_end: Math.floor(turn / changed.length) % 2 === 0,
  });
  await nextTurn();
  const [secret = ''] = harness.options.stripe.webhookSecrets;
  const object = { id: subscription.id, object: 'subscription', customer: customers[situation] };
  const body = { id: `evt_${event}`, type: 'customer.subscription.updated', livemode: false, data: { object } };
  const delivered = await bff.deliver(body, { secret });
  if (delivered.status !== 200) throw new Error(`the webhook was answered ${delivered.status}`);
  const began = performance.now();
  const answer = await poll;
  if (answer.status !== 200) throw new Error(`the poll was answered ${answer.status}`);
  const took = performance.now() - began;
  // Its preview comes after the change, and would answer the next poll.
  await bff.settled(call);
  return took;
}
