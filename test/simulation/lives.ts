/** Generated lives of one customer: actions of people and banks at Stripe, and the days between. */

import * as fc from 'fast-check';
import type { PromptLedger } from './prompt-ledger.ts';
import { actions, type ActionName } from './stripe-actions.ts';

const hour = 60 * 60_000;

export type Step =
  | { readonly is: 'action'; readonly action: ActionName; readonly n: number }
  /** `isDown`: Stripe goes on with its business, and answers nothing. */
  | { readonly is: 'time'; readonly hours: number; readonly isDown: boolean };

interface LifeOptions {
  /** Actions that happen as often as all others together. */
  readonly often: readonly ActionName[];
  readonly minLength: number;
  readonly maxLength: number;
  /** Things that follow upon each other; a number is so many hours. Default: none. */
  readonly runs?: readonly (readonly (ActionName | number)[])[];
  /** How many of four passages of time find Stripe out of reach. */
  readonly downOfFour: number;
}

/** Each begins with a subscription. */
export function livesOf({ often, runs = [], minLength, maxLength, downOfFour }: LifeOptions): fc.Arbitrary<Step[]> {
  const action = (names: readonly ActionName[]) =>
    fc.record({ is: fc.constant('action' as const), action: fc.constantFrom(...names), n: fc.nat(30) });
  const time = fc.record({
    is: fc.constant('time' as const),
    hours: fc.constantFrom(20, 24, 4 * 24, 8 * 24, 31 * 24),
    isDown: fc.nat(3).map((one) => one < downOfFour),
  });
  const one = (step: fc.Arbitrary<Step>) => step.map((each): Step[] => [each]);
  const run = fc
    .tuple(fc.constantFrom(...(runs.length > 0 ? runs : [[]])), fc.nat(30))
    .map(([steps, n]) =>
      steps.map((step): Step =>
        typeof step === 'number' ? { is: 'time', hours: step, isDown: false } : { is: 'action', action: step, n },
      ),
    );
  return fc
    .array(
      fc.oneof(
        { weight: 4, arbitrary: one(action(often)) },
        { weight: 5, arbitrary: one(action(Object.keys(actions) as ActionName[])) },
        { weight: 5, arbitrary: one(time) },
        { weight: runs.length > 0 ? 3 : 0, arbitrary: run },
      ),
      { minLength, maxLength, size: 'max' },
    )
    .map((steps): Step[] => [{ is: 'action', action: 'subscribe', n: 0 }, ...steps.flat()]);
}

export async function take(ledger: PromptLedger, step: Step): Promise<void> {
  if (step.is === 'action') await ledger.act(step.action, step.n);
  else await ledger.pass(step.hours * hour, step.isDown);
}
