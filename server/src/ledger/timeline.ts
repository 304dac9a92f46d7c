/** An account's timeline, put together from the rows that tell of it: the same in every store. */

import { type Row, number, text, numberOrNull, textOrNull, factsOf } from './rows.ts';
import type { HistoryEntry } from './history.ts';
import type { VisitKind } from './visits.ts';
import type { ConfirmedBy } from '@billhook/widget/contract';
import type { Receiver } from './outbox.ts';
import type { NoticeType } from '../billing/notice-types.ts';

/** A store's rows of one account; each list with the newest rows that could be among the answer. */
export interface TimelineRows {
  readonly customers: readonly Row[];
  /** An operator's decision on the link. */
  readonly decisions: readonly Row[];
  readonly visits: readonly Row[];
  readonly events: readonly Row[];
  readonly syncs: readonly Row[];
  /** With the facts before as `before`. */
  readonly revisions: readonly Row[];
  readonly notices: readonly Row[];
}

type Of<What extends HistoryEntry['what']> = Extract<HistoryEntry, { what: What }>;

/** Oldest first; of one moment the cause before what it caused, which is the order of the lists. */
export function timelineOf(rows: TimelineRows, since: number, limit: number): HistoryEntry[] {
  const entries = [
    ...rows.decisions.map(decidedOf),
    ...rows.customers.map(linkedOf),
    ...rows.visits.map(visitOf),
    ...rows.events.map(eventOf),
    ...rows.syncs.map(syncOf),
    ...rows.revisions.flatMap((row) => changeOf(row) ?? []),
    ...rows.notices.map(noticeOf),
    ...rows.customers.filter((row) => row['deleted_at'] !== null).map(deletedOf),
  ];
  return entries
    .filter(({ at }) => at >= since)
    .toSorted((a, b) => a.at - b.at)
    .slice(-limit);
}

const whose = (row: Row) => ({ at: number(row['at']), customer: text(row['customer']) });

const linkedOf = (row: Row): Of<'linked'> => ({ ...whose(row), at: number(row['linked_at']), what: 'linked' });

const deletedOf = (row: Row): Of<'deleted'> => ({ ...whose(row), at: number(row['deleted_at']), what: 'deleted' });

const decidedOf = (row: Row): Of<'decided'> => {
  const [before, after] = [textOrNull(row['before']), textOrNull(row['after'])];
  return { at: number(row['at']), customer: after ?? text(row['before']), what: 'decided', before, after };
};

const visitOf = (row: Row): Of<'visit'> => ({
  ...whose(row),
  what: 'visit',
  kind: text(row['kind']) as VisitKind,
  returnedAt: numberOrNull(row['returned_at']),
  outcome: textOrNull(row['outcome']) as 'changed' | 'unchanged' | null,
});

const eventOf = (row: Row): Of<'event'> => ({
  ...whose(row),
  what: 'event',
  event: text(row['event']),
  type: text(row['type']),
  via: text(row['via']) as 'webhook' | 'sweep',
});

const syncOf = (row: Row): Of<'sync'> => ({
  ...whose(row),
  what: 'sync',
  cause: text(row['cause']) as ConfirmedBy,
  ticket: number(row['ticket']),
  claim: number(row['claim']),
  endedAt: number(row['ended_at']),
  outcome: text(row['outcome']),
});

/** `null`: its facts cannot be read, and there is nothing to compare. */
function changeOf(row: Row): Of<'change'> | null {
  const after = factsOf(row['facts']);
  if (after === null) return null;
  return {
    ...whose(row),
    what: 'change',
    revision: number(row['revision']),
    confirmedBy: text(row['confirmed_by']) as ConfirmedBy,
    before: factsOf(row['before']),
    after,
  };
}

const noticeOf = (row: Row): Of<'notice'> => ({
  ...whose(row),
  what: 'notice',
  type: text(row['type']) as NoticeType,
  receiver: text(row['receiver']) as Receiver,
  attempts: number(row['attempts']),
  settledAt: numberOrNull(row['settled_at']),
  outcome: textOrNull(row['outcome']),
});
