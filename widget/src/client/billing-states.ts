/** Pure: how each state of the billing bears on asking and on alerting. */
import type { BillingState } from '../contract.ts';

interface Bearing {
  /** Something is to be done about a payment: interrupts a screen reader when it begins while the page is open. */
  readonly trouble: boolean;
  /** More is to come without anything being done on this page, so it is waited for. */
  readonly unsettled: boolean;
}

const calm: Bearing = { trouble: false, unsettled: false };
const waiting: Bearing = { ...calm, unsettled: true };
const trouble: Bearing = { ...calm, trouble: true };

const bearings: Readonly<Record<BillingState, Bearing>> = {
  unknown: waiting,
  none: calm,
  ended: calm,
  active: calm,
  trialing: calm,
  ending: calm,
  paused: calm,
  processing: waiting,
  incomplete: { ...waiting, trouble: true },
  actionRequired: trouble,
  pastDue: trouble,
  restricted: trouble,
};

/** A state of a later version, which an older script may be sent, is calm. */
export const bearingOf = (state: BillingState): Bearing => bearings[state] ?? calm;
