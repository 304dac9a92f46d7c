/** The access document of an account, as a guard and a notice read it, and how long it may be kept. */

import type { AccessAnswer } from '@billhook/widget/contract';
import type { Account } from './account.ts';
import { etagOf, type AccountView } from './view.ts';
import { accessDocument, type ProductMetadata } from '../billing/access-document.ts';

/** Seconds for which a backend may go on with an answer, and with one that is known to be behind. */
const maxAge = 10;
const maxAgeWhileBehind = 1;

export interface AccessView {
  readonly answer: AccessAnswer;
  /** Of the answer without `asOf`. */
  readonly etag: string;
  /** Seconds for which a backend may go on with it: never beyond the moment at which time alone changes it. */
  readonly maxAge: number;
}

export function accessView(
  { account, policy }: Account,
  { record, snapshot, subscriptions, nextChangeAt }: AccountView,
  catalogue: ProductMetadata,
  now: number,
): AccessView {
  const answer = accessDocument({ account, facts: record?.facts ?? null, snapshot, subscriptions }, policy, catalogue);
  const behind = answer.stale || answer.level === 'unknown';
  const untilChange = nextChangeAt === null ? maxAge : Math.floor((nextChangeAt - now) / 1000);
  return {
    answer,
    etag: etagOf(answer),
    maxAge: Math.max(0, Math.min(behind ? maxAgeWhileBehind : maxAge, untilChange)),
  };
}
