/** Clocks that must agree, by the `Date` of an answer, which tells whole seconds. */

import { fail, ok, warn, type Diagnosis } from './diagnosis.ts';
import { spanText } from '../time-text.ts';

const second = 1_000;
/** As far as tokens may be ahead, and webhooks old. */
const mostMs = 5 * 60 * second;

/**
 * How far our clock is behind, in milliseconds: by as little as the answer allows.
 *
 * @param said - the moment that the answer told, between the question and its end
 */
export function behind(said: number, asked: number, answered: number): number {
  const [least, most] = [said - answered, said + second - asked];
  return least > 0 ? least : most < 0 ? most : 0;
}

/** @param whose - clock that is behind by `off` of another's; negative: ahead */
export function diagnoseClock(whose: string, another: string, off: number): Diagnosis {
  const what = `${whose} is ${spanText(Math.abs(off))} ${off > 0 ? 'behind' : 'ahead of'} ${another}`;
  const fix = 'Keep it with NTP.';
  if (Math.abs(off) < 5 * second) return ok('clock', `${whose} agrees with ${another}`);
  if (Math.abs(off) < mostMs)
    return warn('clock', `${what}: from five minutes on tokens and webhooks are refused`, fix);
  return fail('clock', `${what}: tokens and webhooks are refused`, fix);
}
