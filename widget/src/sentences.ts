/** Pure: what changed, and what failed, each as a sentence for a person. */
import type { Change } from './contract.ts';
import type { BillhookError } from './errors.ts';
import type { Speech, WordKey } from './words.ts';

/** One sentence a change; a kind of the future is left out, because the plan beside it shows the new state anyway. */
export function changeSentences(changes: readonly Change[], speech: Speech): string[] {
  // An update that moved the plan moves the price too: one sentence says it.
  const planChanged = changes.some(({ kind }) => kind === 'plan' || kind === 'started');
  return changes.flatMap((change) => {
    if (planChanged && change.kind === 'price') return [];
    const sentence = sentenceOf(change, speech);
    return sentence ? [sentence] : [];
  });
}

/** A name or a day that is not known would leave a hole, so that change is left to the plan beside it. */
function sentenceOf(change: Change, { say, number, date, money }: Speech): string {
  const { kind } = change;
  switch (kind) {
    case 'plan':
      return change.to === null ? '' : say('change.plan', { plan: change.to });
    case 'price':
      return change.to === null ? '' : say('change.price', { price: money(change.to) });
    case 'quantity':
      return say('change.quantity', { count: number(change.to) });
    case 'started':
      return change.plan === null ? '' : say('change.started', { plan: change.plan });
    case 'ends':
      return change.at === null ? '' : say('change.ends', { date: date(change.at) });
    case 'scheduled':
      return change.plan === null ? '' : say('change.scheduled', { plan: change.plan, date: date(change.at) });
    case 'paid':
      return say('change.paid', { amount: money(change.paid) });
    default:
      // A kind without words of its own says nothing: a failed payment is what the banner is about.
      return say(`change.${kind}` as WordKey);
  }
}

/** @returns the words, and whether only support can help, who will ask for the code */
export function failureText(
  { code, status, transient }: BillhookError,
  { say }: Speech,
): { text: string; support: boolean } {
  const known = say(`failure.${code}` as WordKey);
  if (known) return { text: known, support: false };
  if (transient)
    return { text: say(code.startsWith('stripe') ? 'failure.stripe' : 'failure.unreachable'), support: false };
  return { text: say(status === 401 ? 'failure.token' : 'failure.support'), support: true };
}
