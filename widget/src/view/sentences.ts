/** Pure: changes and failures, each as a sentence for a person. */
import type { Change, ProblemCode } from '../contract.ts';
import type { Localizer, WordKey } from '../i18n/localizer.ts';
import type { BillhookError } from '../page/errors.ts';

/** Sentences in one piece. After the full stop of Chinese and Japanese a space would be a gap. */
export const paragraph = (...sentences: readonly (string | null | false)[]): string =>
  sentences.filter(Boolean).join(' ').replaceAll('。 ', '。');

/** Empty where a name, a sum or a day is not known: the sentence would have a hole, and the plan beside it tells anyway. */
type Sentence<Kind> = (change: Extract<Change, { kind: Kind }>, i18n: Localizer) => string | null;

type Plain = 'keeps' | 'ended' | 'paused' | 'resumed' | 'paymentMethod' | 'billingDetails';
const plain = ({ kind }: { readonly kind: Plain }, { term }: Localizer): string => term(`change.${kind}`);

const sentences: { readonly [kind in Change['kind']]: Sentence<kind> | null } = {
  plan: ({ to }, { term }) => to && term('change.plan', { plan: to }),
  price: ({ to }, { term, money }) => to && term('change.price', { amount: money(to) }),
  quantity: ({ to }, { term }) => term('change.quantity', { count: to }),
  started: ({ plan }, { term }) => plan && term('change.started', { plan }),
  ends: ({ at }, { term, date }) => at && term('change.ends', { date: date(at) }),
  keeps: plain,
  ended: plain,
  paused: plain,
  resumed: plain,
  scheduled: ({ plan, at }, { term, date }) => plan && term('change.scheduled', { plan, date: date(at) }),
  paid: ({ paid }, { term, money }) => term('change.paid', { amount: money(paid) }),
  // The banner is about it.
  paymentFailed: null,
  paymentMethod: plain,
  billingDetails: plain,
};

/** One sentence a change; a kind of a later version is left out, because the plan beside it shows the new state anyway. */
export function changeWords(changes: readonly Change[], i18n: Localizer): string {
  // An update that moved the plan moves the price too: one sentence tells both.
  const isPlanChanged = changes.some(({ kind }) => kind === 'plan' || kind === 'started');
  return paragraph(
    ...changes.map((change) => {
      const sentence = sentences[change.kind] as Sentence<Change['kind']> | null | undefined;
      return !(isPlanChanged && change.kind === 'price') && (sentence?.(change, i18n) ?? null);
    }),
  );
}

/** Stripe answered, and will answer the same until the set-up is repaired. */
const repairedByHost: readonly string[] = [
  'stripe_rejected',
  'stripe_customer_missing',
] satisfies readonly ProblemCode[];

/** @returns the words, and whether only support can help, which will ask for the code */
export function failureText(
  { code, status, transient }: BillhookError,
  { term }: Localizer,
): { text: string; support: boolean } {
  const known = term(`failure.${code}` as WordKey);
  if (known) return { text: known, support: false };
  if (transient && !repairedByHost.includes(code))
    return { text: term(code.startsWith('stripe') ? 'failure.stripe' : 'failure.unreachable'), support: false };
  return { text: term(status === 401 ? 'failure.token' : 'failure.support'), support: true };
}
