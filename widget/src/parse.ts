/**
 * Reads what the BFF answers. `/v1` only grows, and a page may run an older or newer widget than its BFF: unknown fields
 * and states pass, missing ones get their quiet default, and only a document that is none at all is refused.
 */
import type {
  Action,
  BillingSnapshot,
  BillingState,
  Change,
  Offer,
  Payment,
  Plan,
  SubscriptionSummary,
  VisitReturn,
} from './contract.ts';
import { BillhookError } from './errors.ts';

type Fields = Record<string, unknown>;

const NO_PLAN: Plan = {
  name: null,
  price: null,
  interval: null,
  intervalCount: 1,
  quantity: null,
  discounted: false,
  taxExcluded: false,
  metered: false,
  otherItems: 0,
};
const NO_PAYMENT: Payment = {
  due: null,
  otherCurrencies: false,
  nextAttemptAt: null,
  problem: null,
  methodOnFile: false,
  methodReplaced: false,
};
const NO_TIMES = { renewsAt: null, endsAt: null, endedAt: null, trialEndsAt: null, resumesAt: null, graceEndsAt: null };

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Drops what has no value and times that are none, so that the default stands and `Intl` never throws at render. */
function known(value: unknown): Fields {
  if (!isFields(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      ([name, field]) =>
        field != null && !(/(At|^at|^until|^asOf)$/.test(name) && Number.isNaN(Date.parse(String(field)))),
    ),
  );
}

const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);

const plan = (value: unknown): Plan | null => (isFields(value) ? { ...NO_PLAN, ...known(value) } : null);

function summary(value: Fields): Omit<SubscriptionSummary, 'key' | 'state'> {
  const next = known(value['next']);
  const nextPlan = plan(next['plan']);
  return {
    ...NO_TIMES,
    ...known(value),
    plan: plan(value['plan']),
    next: nextPlan && typeof next['at'] === 'string' ? { plan: nextPlan, at: next['at'] } : null,
    payment: { ...NO_PAYMENT, ...known(value['payment']) },
  };
}

/** Whether the widget knows this way out; an unknown one has no button, rather than one that fails. */
function isAction(action: Fields): boolean {
  const { via, offer, url, purpose } = action;
  return (
    typeof purpose === 'string' &&
    (via === 'portal' ||
      via === 'invoice' ||
      (via === 'checkout' && typeof offer === 'string') ||
      (via === 'link' && typeof url === 'string'))
  );
}

/** @throws BillhookError `response_malformed` */
export function parseSnapshot(value: unknown): BillingSnapshot {
  if (!isFields(value) || typeof value['revision'] !== 'string' || typeof value['state'] !== 'string') {
    throw new BillhookError('response_malformed');
  }
  const { revision, state } = value as { revision: string; state: BillingState };
  return {
    asOf: null,
    confirmedBy: null,
    stale: false,
    freePlanName: null,
    mayManage: false,
    ...summary(value),
    revision,
    state,
    access: { level: 'unknown', reason: state, until: null, ...known(value['access']) },
    actions: list(value['actions']).filter(isAction) as unknown as Action[],
    offers: list(value['offers']).flatMap((offer): Offer[] => {
      const offered = plan(offer['plan']);
      return offered && typeof offer['id'] === 'string' ? [{ id: offer['id'], plan: offered }] : [];
    }),
    subscriptions: list(value['subscriptions']).map((each, index) => ({
      ...summary(each),
      key: String(each['key'] ?? index),
      state: String(each['state']) as BillingState,
    })),
  };
}

/** @throws BillhookError `response_malformed` */
export function parseVisitReturn(value: unknown): VisitReturn {
  const { outcome, changes, snapshot } = known(value);
  return {
    // An outcome of the future is not settled for us: the snapshot beside it is true in any case.
    outcome: outcome === 'changed' || outcome === 'unchanged' ? outcome : 'pending',
    changes: list(changes).map(known) as unknown as Change[],
    snapshot: parseSnapshot(snapshot),
  };
}

/**
 * Whether `next` may replace `current`: within one epoch the counter never falls, so an answer that was overtaken on
 * its way is dropped. Another epoch is another ledger, whose counter means nothing here.
 */
export function supersedes(next: BillingSnapshot, current: BillingSnapshot | null): boolean {
  const [epoch, counter] = splitRevision(next.revision);
  const [currentEpoch, currentCounter] = splitRevision(current?.revision ?? '');
  return epoch !== currentEpoch || !(counter < currentCounter);
}

function splitRevision(revision: string): [string, number] {
  const dot = revision.lastIndexOf('.');
  return [revision.slice(0, dot), Number(revision.slice(dot + 1))];
}
