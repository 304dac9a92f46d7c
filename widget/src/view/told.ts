/** Pure: the account, the clock and the words that one view is made of, and the parts that all its sentences share. */
import type { BillingSnapshot, PaymentMethod, Plan } from '../contract.ts';
import type { Localizer } from '../i18n/localizer.ts';

export interface Told extends Localizer {
  readonly snapshot: BillingSnapshot;
  /** The server's clock, in milliseconds. */
  readonly now: number;
}

export type Tone = 'neutral' | 'positive' | 'info' | 'caution' | 'critical';

const day = 86_400_000;
const dayOf = (at: number) => Math.floor(at / day);

/** Days as a calendar counts them, in the words of the language: access that ends in 20 hours may end tomorrow. */
export const daysUntil = (at: string, { daysAhead, now }: Told): string =>
  daysAhead(Math.max(0, dayOf(Date.parse(at)) - dayOf(now)));

/** Sentences in one piece. After the full stop of Chinese and Japanese a space would be a gap. */
export const paragraph = (...sentences: readonly (string | null | undefined | false)[]): string =>
  sentences.filter(Boolean).join(' ').replaceAll('。 ', '。');

/** Facts side by side. A dot needs no words: commas and their spaces differ by language. No line begins with one. */
export const joined = (...texts: readonly (string | number | false | null | undefined)[]): string =>
  texts.filter(Boolean).join('\u00a0· ');

export const nameOf = (plan: Plan | null, { term }: Told): string => plan?.name ?? term('unnamedPlan');

export const printed = ({ name, last4 }: PaymentMethod): string => paragraph(name, last4 && `••••\u00a0${last4}`);
