/**
 * Reads the BFF's answers. `/v1` only grows, so unknown fields, states and actions pass; refused is only a document
 * that is none at all, like a proxy's error page with status 200.
 */
import type { BillingSnapshot, VisitReturn } from '../contract.ts';
import { BillhookError } from '../page/errors.ts';

/** @throws BillhookError `response_malformed` */
export function parseSnapshot(value: unknown): BillingSnapshot {
  const { actions = [], offers = [], subscriptions = [], ...rest } = (value ?? {}) as Partial<BillingSnapshot>;
  const { revision, state, payment, access } = rest;
  if (
    typeof revision !== 'string' ||
    !state ||
    !payment ||
    !access ||
    ![actions, offers, subscriptions].every(isList)
  ) {
    throw new BillhookError('response_malformed');
  }
  return { ...(rest as BillingSnapshot), actions, offers, subscriptions };
}

/** Of objects; their fields are checked where they are shown. */
const isList = (value: unknown): value is object[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);

/** @throws BillhookError `response_malformed` */
export function parseVisitReturn(value: unknown): VisitReturn {
  const { outcome = 'pending', changes, snapshot } = (value ?? {}) as Partial<VisitReturn>;
  return { outcome, changes: isList(changes) ? changes : [], snapshot: parseSnapshot(snapshot) };
}

/**
 * Whether `next` may replace `current`: within one epoch the counter never falls, so an answer that was overtaken on
 * its way is dropped. Another epoch is another ledger, and its counter means nothing here.
 */
export function supersedes(next: BillingSnapshot, current: BillingSnapshot | null): boolean {
  const [epoch, counter] = next.revision.split('.');
  const [currentEpoch, currentCounter] = `${current?.revision}`.split('.');
  return epoch !== currentEpoch || !(Number(counter) < Number(currentCounter));
}
