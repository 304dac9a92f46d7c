/** An account's trail as a support engineer reads it: events, syncs, changes, notices. Pure. */

import type { Change, ConfirmedBy } from '@billhook/widget/contract';
import { changesBetween } from '../../billing/changes.ts';
import { spanText, timeText } from '../time-text.ts';
import { changeText } from './change-text.ts';
import type { HistoryEntry } from '../../ledger/history.ts';

/** An entry of the history without the facts: their differences instead. */
export type StoryEntry =
  | Exclude<HistoryEntry, { what: 'change' }>
  | (Omit<Extract<HistoryEntry, { what: 'change' }>, 'before' | 'after'> & { readonly changes: readonly Change[] });

/** After so many milliseconds without an entry, the next one begins another group. */
const pauseMs = 60_000;

/** Names each change and drops the facts: digests and ids are of no use to support. */
export function storyOf(
  history: readonly HistoryEntry[],
  productName: (id: string) => string | null,
): readonly StoryEntry[] {
  return history.map((entry) => {
    if (entry.what !== 'change') return entry;
    const { before, after, ...rest } = entry;
    return { ...rest, changes: changesBetween(before, after, productName) };
  });
}

/** Lines in groups of what belongs together, each with the time since its group began. */
export function storyText(story: readonly StoryEntry[]): string[] {
  const dated = story.map((entry) => ({ at: shownAt(entry), line: lineOf(entry) })).toSorted((a, b) => a.at - b.at);
  const lines: string[] = [];
  let [beganAt, lastAt] = [0, Number.NEGATIVE_INFINITY];
  for (const { at, line } of dated) {
    if (at - lastAt > pauseMs) {
      beganAt = at;
      lines.push('', timeText(at));
    }
    lastAt = at;
    lines.push(`  ${`+${spanText(at - beganAt)}`.padEnd(14)}${line}`);
  }
  return lines;
}

/** A sync and a notice are listed when they are over. */
function shownAt(entry: StoryEntry): number {
  if (entry.what === 'sync') return entry.endedAt;
  return entry.what === 'notice' ? (entry.settledAt ?? entry.at) : entry.at;
}

const causes: Record<ConfirmedBy, string> = {
  webhook: 'a webhook came',
  return: 'the customer came back',
  link: 'it was linked',
  time: 'its time had come',
  check: 'it was asked for',
  sweep: 'a sweep found an event',
  reconcile: 'everything was compared',
};

function lineOf(entry: StoryEntry): string {
  switch (entry.what) {
    case 'linked':
      return row('linked', `to ${entry.customer}`);
    case 'decided':
      return row('decided', decision(entry));
    case 'deleted':
      return row('deleted', `${entry.customer} is gone at Stripe`);
    case 'event':
      return row(
        'event',
        `${entry.type}  ${entry.event}${entry.via === 'sweep' ? '  (no webhook came; a sweep found it)' : ''}`,
      );
    case 'sync':
      return row(
        'synced',
        `because ${causes[entry.cause]}, ${spanText(entry.endedAt - entry.at)}: ${outcomeOf(entry.outcome)}`,
      );
    case 'change':
      return row('changed', `${changed(entry.changes)}  (revision ${entry.revision})`);
    case 'visit':
      return row('visit', `${entry.kind} opened${returned(entry)}`);
    case 'notice':
      return row(
        'notice',
        `${entry.type} to the ${entry.receiver === 'webhook' ? 'host’s webhook' : 'host’s process'}${delivery(entry)}`,
      );
  }
}

const row = (what: string, text: string) => `${what.padEnd(9)}${text}`;

function decision({ before, after }: Extract<StoryEntry, { what: 'decided' }>): string {
  if (before === after) return `by an operator: it keeps ${after}`;
  if (after === null) return `by an operator: ${before} is its customer no more`;
  return `by an operator: its customer is ${after}${before === null ? '' : `, and not ${before}`}`;
}

function outcomeOf(outcome: string): string {
  if (outcome === 'changed' || outcome === 'unchanged') return outcome;
  return outcome === 'fenced' ? 'too late, a newer sync was first' : `failed [${outcome}]`;
}

const changed = (changes: readonly Change[]): string =>
  changes.length === 0 ? 'nothing that a person would see' : changes.map(changeText).join(' · ');

function returned({ at, returnedAt, outcome }: Extract<StoryEntry, { what: 'visit' }>): string {
  if (returnedAt === null) return ', not returned from yet';
  const found =
    outcome === null ? '' : `, and ${outcome === 'changed' ? 'something had changed' : 'nothing had changed'}`;
  return `; back after ${spanText(returnedAt - at)}${found}`;
}

function delivery({ at, settledAt, attempts, outcome }: Extract<StoryEntry, { what: 'notice' }>): string {
  const tries = attempts === 1 ? '' : `, ${attempts} attempts`;
  if (settledAt === null) return `, not yet${tries}${outcome === null ? '' : ` [${outcome}]`}`;
  const after = `after ${spanText(settledAt - at)}${tries}`;
  return outcome === 'delivered' || outcome === null ? ` ${after}` : `: given up ${after} [${outcome}]`;
}
