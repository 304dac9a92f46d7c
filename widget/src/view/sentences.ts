/** Pure: what changed, and what failed, each as a sentence for a person. */
import type { Change, Money } from '../contract.ts';
import type { BillhookError } from '../page/errors.ts';
import type { Speech, WordKey } from '../i18n/localizer.ts';

/** What there is to say, in one piece. After the full stop of Chinese and Japanese a space would be a gap. */
export const paragraph = (...sentences: readonly (string | null | false)[]): string =>
  sentences.filter(Boolean).join(' ').replaceAll('。 ', '。');

/** One sentence a change; a kind of the future is left out, because the plan beside it shows the new state anyway. */
export function changeWords(changes: readonly Change[], speech: Speech): string {
  // An update that moved the plan moves the price too: one sentence says it.
  const planChanged = changes.some(({ kind }) => kind === 'plan' || kind === 'started');
  return paragraph(...changes.map((change) => !(planChanged && change.kind === 'price') && sentenceOf(change, speech)));
}

/** What a change may carry, whichever kind it is. */
interface Carried {
  readonly to?: string | number | Money | null;
  readonly plan?: Carried['to'];
  readonly at?: string | null;
  readonly paid?: Carried['to'];
}

/** Empty where a name or a day is not known: the sentence would have a hole, and the plan beside it tells anyway. */
function sentenceOf(change: Change, { say, date, money }: Speech): string {
  const { to, plan = to, at, paid = to } = change as Carried;
  if (plan === null || at === null) return '';
  return say(`change.${change.kind}` as WordKey, {
    plan: `${plan}`,
    count: typeof to === 'number' ? to : '',
    amount: typeof paid === 'object' && paid ? money(paid) : '',
    date: at ? date(at) : '',
  });
}

/** @returns the words, and whether only support can help, who will ask for the code */
export function failureText(
  { code, status, transient }: BillhookError,
  { say }: Speech,
): { text: string; support: boolean } {
  const known = say(`failure.${code}` as WordKey);
  if (known) return { text: known, support: false };
  // Stripe answered, and will say the same again until somebody repairs the set-up.
  if (transient && !/^stripe_[rc](ej|us)/.test(code))
    return { text: say(code.startsWith('stripe') ? 'failure.stripe' : 'failure.unreachable'), support: false };
  return { text: say(status === 401 ? 'failure.token' : 'failure.support'), support: true };
}
