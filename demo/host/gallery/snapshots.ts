/** One snapshot for every state of the contract, all seen from the same moment: for the gallery and for the widget's tests. */
import type {
  BillingSnapshot,
  BillingState,
  LastInvoice,
  NextPayment,
  Payment,
  PaymentMethod,
  Plan,
} from '@billhook/widget/contract';
/** 10 May 2027, noon in UTC: the clock of the gallery and of all widget tests. */
export const shownAt = Date.parse('2027-05-10T12:00:00Z');

export const team: Plan = {
  name: 'Team',
  price: { amount: 2900, currency: 'usd' },
  interval: 'month',
  intervalCount: 1,
  quantity: 1,
  discounted: false,
  taxExcluded: false,
  metered: false,
  otherItems: 0,
};

export const pro: Plan = { ...team, name: 'Pro', price: { amount: 9900, currency: 'usd' }, unit: 'seat' };

export const paidUp: Payment = {
  due: null,
  otherCurrencies: false,
  nextAttemptAt: null,
  problem: null,
  methodOnFile: true,
  methodReplaced: false,
};

export const owing: Payment = { ...paidUp, due: { amount: 2900, currency: 'usd' }, problem: 'failed' };

export const portal = { purpose: 'manage', via: 'portal', flow: null } as const;
export const updateCard = { purpose: 'updateCard', via: 'portal', flow: 'payment_method_update' } as const;
export const payNow = { purpose: 'payNow', via: 'invoice' } as const;

export const visa: PaymentMethod = {
  name: 'Visa',
  last4: '4242',
  expires: '2029-10',
  expiresSoon: false,
  update: updateCard,
};

export const nextPayment: NextPayment = {
  at: '2027-06-03T09:00:00Z',
  amount: { amount: 2900, currency: 'usd' },
  estimated: false,
};
export const lastInvoice: LastInvoice = {
  at: '2027-05-03T09:00:00Z',
  amount: { amount: 2900, currency: 'usd' },
  state: 'paid',
  view: { purpose: 'viewInvoice', via: 'invoice', invoice: 'last' },
};

export const active: BillingSnapshot = {
  revision: 'e1.1',
  asOf: '2027-05-10T11:59:00Z',
  confirmedBy: 'webhook',
  stale: false,
  state: 'active',
  plan: team,
  freePlanName: 'Free',
  next: null,
  renewsAt: '2027-06-03T09:00:00Z',
  endsAt: null,
  endedAt: null,
  trialEndsAt: null,
  resumesAt: null,
  graceEndsAt: null,
  payment: paidUp,
  access: { level: 'full', reason: 'active', until: null },
  actions: [portal],
  mayManage: true,
  offers: [],
  subscriptions: [],
  paymentMethod: visa,
  lastInvoice,
  nextPayment,
};

/** Of trouble and of an end there is no next payment to tell. */
const { nextPayment: ___, ...notCharged } = active;
const { paymentMethod: _, ...unpaying } = notCharged;
const { lastInvoice: __, ...bare } = unpaying;

/** No renewal is told beside a debt. */
const unpaid = {
  renewsAt: null,
  paymentMethod: { ...visa, update: null },
  lastInvoice: { ...lastInvoice, state: 'open' },
} as const;
const declined = { ...unpaid, paymentMethod: { ...unpaid.paymentMethod, declined: true } } as const;
const offers: BillingSnapshot['offers'] = [
  { id: 'team', plan: team, description: 'Several teams in one plan.', features: ['Forecasts', 'Holidays'] },
  { id: 'pro', plan: pro, trialDays: 14, features: ['Everything in Team', 'Single sign-on'] },
];

const inState = (
  state: BillingState,
  change: Partial<BillingSnapshot>,
  from: BillingSnapshot = notCharged,
): BillingSnapshot => ({
  ...from,
  access: { level: 'full', reason: state, until: null },
  ...change,
  state,
});

export const snapshots: Readonly<Record<BillingState, BillingSnapshot>> = {
  unknown: inState(
    'unknown',
    {
      asOf: null,
      plan: null,
      renewsAt: null,
      actions: [],
      access: { level: 'unknown', reason: 'unknown', until: null },
    },
    bare,
  ),
  none: inState(
    'none',
    {
      plan: null,
      renewsAt: null,
      actions: [{ purpose: 'subscribe', via: 'checkout', offer: 'team' }],
      offers,
    },
    bare,
  ),
  ended: inState(
    'ended',
    {
      renewsAt: null,
      endedAt: '2027-05-09T09:00:00Z',
      access: { level: 'none', reason: 'ended', until: null },
      actions: [{ purpose: 'subscribeAgain', via: 'checkout', offer: 'team' }, portal],
      offers,
    },
    unpaying,
  ),
  active,
  trialing: inState(
    'trialing',
    {
      renewsAt: null,
      trialEndsAt: '2027-05-20T09:00:00Z',
      payment: { ...paidUp, methodOnFile: false },
      actions: [{ purpose: 'addCard', via: 'portal', flow: 'payment_method_update' }, portal],
      nextPayment: { at: '2027-05-20T09:00:00Z', amount: { amount: 2900, currency: 'usd' }, estimated: false },
    },
    bare,
  ),
  ending: inState('ending', {
    renewsAt: null,
    endsAt: '2027-06-03T09:00:00Z',
    actions: [{ purpose: 'keepPlan', via: 'portal', flow: null }],
  }),
  // The invoices of a pause are voided, so there is no last one to tell.
  paused: inState(
    'paused',
    {
      renewsAt: null,
      resumesAt: '2027-07-01T09:00:00Z',
      access: { level: 'readOnly', reason: 'paused', until: null },
      actions: [{ purpose: 'resume', via: 'link', url: 'https://app.example/resume' }, portal],
      paymentMethod: visa,
    },
    bare,
  ),
  processing: inState('processing', {
    renewsAt: null,
    paymentMethod: { ...visa, name: 'SEPA', last4: '3000', expires: null },
    lastInvoice: { ...lastInvoice, state: 'open' },
  }),
  incomplete: inState('incomplete', {
    finishBy: '2027-05-11T09:30:00Z',
    payment: { ...owing, problem: 'confirmationRequired' },
    access: { level: 'none', reason: 'incomplete', until: null },
    actions: [{ purpose: 'finishPayment', via: 'invoice' }, portal],
    ...unpaid,
    paymentMethod: visa,
    lastInvoice: { ...unpaid.lastInvoice, at: '2027-05-10T10:30:00Z' },
  }),
  actionRequired: inState('actionRequired', {
    payment: { ...owing, problem: 'confirmationRequired' },
    graceEndsAt: '2027-05-15T13:00:00Z',
    access: { level: 'full', reason: 'pastDue', until: '2027-05-15T13:00:00Z', after: 'readOnly' },
    actions: [{ purpose: 'confirmPayment', via: 'invoice' }, portal],
    ...unpaid,
    paymentMethod: visa,
  }),
  pastDue: inState('pastDue', {
    payment: { ...owing, nextAttemptAt: '2027-05-12T09:00:00Z', declineReason: 'insufficientFunds' },
    graceEndsAt: '2027-05-15T13:00:00Z',
    access: { level: 'full', reason: 'pastDue', until: '2027-05-15T13:00:00Z', after: 'readOnly' },
    actions: [updateCard, payNow, portal],
    ...declined,
  }),
  restricted: inState('restricted', {
    payment: { ...owing, declineReason: 'expiredCard' },
    access: { level: 'readOnly', reason: 'restricted', until: null, since: '2027-05-08T13:00:00Z' },
    actions: [updateCard, payNow, portal],
    ...declined,
    paymentMethod: { ...declined.paymentMethod, expires: '2027-04' },
    lastInvoice: { ...declined.lastInvoice, at: '2027-05-01T12:00:00Z' },
  }),
};

export const states = Object.keys(snapshots) as BillingState[];

/** The other one gives access for as long as its trial lasts. */
export const several: BillingSnapshot = {
  ...snapshots.pastDue,
  access: { level: 'full', reason: 'trialing', until: '2027-05-20T09:00:00Z' },
  subscriptions: [
    { ...snapshots.pastDue, key: 'a' },
    { ...snapshots.trialing, key: 'b', plan: { ...pro, name: 'Analytics add-on', quantity: 5, taxExcluded: true } },
  ],
};

/** As a colleague without `billing:manage` reads it. */
export function readerOf(snapshot: BillingSnapshot): BillingSnapshot {
  const { paymentMethod: _method, lastInvoice: _invoice, nextPayment: _next, ...shown } = snapshot;
  const { declineReason: _reason, ...payment } = snapshot.payment;
  return { ...shown, payment, actions: [], mayManage: false };
}
