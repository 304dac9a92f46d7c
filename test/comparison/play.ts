/** Plays a case before a contender, and compares its answer with Stripe's. */

import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { SandboxEvent } from '../../demo/stripe-sandbox/state/wire.ts';
import type { Case, Play } from './cases.ts';
import { grantedBy, type Contender } from './contender.ts';
import type { EventForm, StripeSide } from './stripe-side.ts';

let customers = 0;

/**
 * @param seed - Of the order in which events arrive, where the case leaves it open.
 * @returns `null` where the contender is right in the end; else its answer beside Stripe's.
 */
export async function played(
  each: Case,
  contender: Contender,
  stripe: StripeSide,
  seed: number,
): Promise<string | null> {
  const customer = await stripe.newCustomer();
  const account = `account_${++customers}`;
  await grantedBy(contender, account, customer);

  const refused: [SandboxEvent, EventForm][] = [];
  const send = async (event: SandboxEvent, form: EventForm = 'snapshot') => {
    if ((await stripe.deliver(contender, event, form)) !== 200) refused.push([event, form]);
  };
  const play: Play = {
    customer,
    stripe: stripe.stripe,
    prices: stripe.prices,
    send,
    events: () => stripe.takeEvents(customer),
    shuffled: (list) =>
      fc.sample(fc.shuffledSubarray([...list], { minLength: list.length }), { seed, numRuns: 1 })[0] ?? [],
    holdAnswer: () => stripe.holdAnswerAbout(customer),
    passMinute: () => stripe.passMinute(),
    repair: async () => await contender.repair?.(),
  };
  await each.play(play);
  for (const [event, form] of refused.splice(0)) await send(event, form);

  const truth = (await stripe.truth(customer)).join(', ');
  const deadline = Date.now() + contender.settlesMs;
  for (;;) {
    const granted = (await grantedBy(contender, account, customer)).join(', ');
    if (granted === truth) return null;
    if (Date.now() >= deadline) return `grants ${granted || 'nothing'}, and by Stripe ${truth || 'nothing'}`;
    await setTimeout(10);
  }
}
