/** Pure: the outcome of a trip, and a failure, each as a sentence for a person. */
import type { Change, Money } from '../contract.ts';
import type { ClientState } from '../client/client-state.ts';
import type { WordKey } from '../i18n/localizer.ts';
import type { BillhookError } from '../page/errors.ts';
import { nameOf, paragraph, type Told, type Tone } from './told.ts';

export interface NoteView {
  readonly tone: Tone;
  readonly text: string;
  readonly busy: boolean;
}

export interface FailureView {
  readonly text: string;
  /** Nothing is known, so this stands alone. */
  readonly alone: boolean;
}

/** Nothing is charged, and there is nothing to pay for. */
export const nothingLives = /^(none|ended)$/;

/** Of any kind: its word takes of these the placeholders that it has. */
interface AnyChange {
  readonly to?: string | number | Money | null;
  readonly plan?: string | null;
  readonly at?: string | null;
  readonly paid?: Money;
}

/**
 * Empty where a name, a sum or a day is not known, because the plan beside it tells anyway; and for a kind of a later
 * version.
 */
function changeWord(change: Change, told: Told): string {
  const { term, snapshot } = told;
  const { kind } = change;
  const { to, plan = kind === 'ends' ? nameOf(snapshot.plan, told) : to, paid = to, at } = change as AnyChange;
  return (
    (kind === 'keeps' && term('change.renews', { date: snapshot.renewsAt })) ||
    // The banner is about a payment that failed.
    (kind === 'paymentFailed' ? '' : term(`change.${kind}`, { plan, amount: paid, count: to, date: at }))
  );
}

/** One sentence a change. */
function changeWords(changes: readonly Change[], told: Told): string {
  // An update that moved the plan moves the price too: one sentence tells both.
  const isPlanChanged = changes.some(({ kind }) => kind === 'plan' || kind === 'started');
  return paragraph(...changes.map((change) => !(isPlanChanged && change.kind === 'price') && changeWord(change, told)));
}

export function noteOf({ visit, changes, failure }: ClientState, told: Told): NoteView | null {
  const { term, snapshot } = told;
  if (visit === 'none' || (visit === 'returning' && failure)) return null;
  if (visit === 'changed') {
    // The banner is about the failed payment; "up to date" above it would be an irony.
    if (changes.length && changes.every(({ kind }) => kind === 'paymentFailed')) return null;
    return { tone: 'positive', text: changeWords(changes, told) || term('changed'), busy: false };
  }
  if (visit !== 'unchanged')
    return { tone: 'info', text: term(visit === 'returning' ? 'updating' : visit), busy: true };
  // After a trip that was about money the question is whether any was charged.
  const key = snapshot.payment.problem ? 'stillOpen' : nothingLives.test(snapshot.state) ? 'noPayment' : visit;
  const text = term(key);
  return text ? { tone: 'neutral', text, busy: false } : null;
}

/**
 * Words that may have to be fetched are those of refusals: there the server has answered. A fault of the set-up is not
 * blamed on the person: calm words, and the code, which the console explains to the host's developer (L40). An expired token
 * is one, too: the host has minted another for the second try, so its clock is behind, or it gives out one that it kept (F15).
 */
export function failureText(
  { code, status, transient: passes }: BillhookError,
  { term }: Pick<Told, 'term'>,
  isClick: boolean,
): string {
  const word = passes && code.startsWith('stripe') ? 'stripe' : code;
  const isAnswered = !passes || (status ? isClick : code === 'offline');
  const known = isAnswered && term(`failure.${word}` as WordKey);
  if (known) return known;
  return passes ? term('failure.unreachable') : term('failure.support', { code });
}

export function failureOf(
  { failure, failures, openFailure, snapshot, confirmedAt, opening }: ClientState,
  told: Told,
): FailureView | null {
  // One slow answer behind a good page is no news; the next one comes before its words would have been read.
  const reading =
    failure && (!snapshot || failures > 1 || failure.code === 'offline' || !failure.transient) ? failure : null;
  const error = openFailure ?? reading;
  if (!error || opening) return null;
  const old = error === reading && snapshot;
  return {
    text: paragraph(
      failureText(error, told, error === openFailure),
      old && told.term('asOf', { time: told.time(confirmedAt) }),
    ),
    alone: !snapshot,
  };
}
