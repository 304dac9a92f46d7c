import type { BillingState, Change, LastInvoice, Purpose } from '../../contract.ts';
import type { en } from './en.ts';

/**
 * Each state, change and purpose that is told in words has some. Before its first fetch an account is shown as loading, and
 * beside having no plan there is no state to tell.
 */
type Told =
  | `state.${Exclude<BillingState, 'unknown' | 'none'>}`
  | `change.${Exclude<Change['kind'], 'paymentFailed'>}`
  | `action.${Purpose}`
  | `invoice.${LastInvoice['state']}`;

/**
 * English words that few pages need: what came of a trip, what failed at a click, the sentences of rarer states. They are
 * no part of the script, which asks the BFF for `en.json` when the first of them is to be said, as it does for every word
 * of another language. `node build/reference.ts` writes that file, of these words and those of `en.ts`.
 */
export const enMore = {
  'then.none': 'After that you have no access.',
  recommended: 'Recommended',
  saves: 'Saves {percent}',
  'interval.day': 'per day',
  'interval.week': 'per week',
  every: 'every {period}',
  otherItems: '+ {count} more',
  subscriptions: 'Your subscriptions',
  changesTo: 'Changes to {plan} on {date}',
  'state.ended': 'Ended',
  endedOn: 'Ended on {date}',
  'action.subscribeAgain': 'Subscribe again',
  retrySoon: 'We’ll try again {when}.',
  'action.payNow': 'Pay now',
  usage: 'Billed by usage',
  quantity: 'Quantity {count}',
  beforeDiscount: 'before discount',
  discount: '{off} off',
  discountUntil: '{off} off until {date}',
  discountOnce: '{off} off the next payment',
  firstPayment: 'Pay {amount} to start {plan}.',
  'action.upgrade': 'Upgrade',
  pausedNone: 'Until it resumes, you have no access.',
  methodReplaced: 'Your new payment method is saved, but the open invoice is not paid yet.',
  chargeFailed: 'We couldn’t charge {amount} ({plan}).',
  noInvoice: 'No invoice can be paid here. Contact support.',
  'failure.rate_limited': 'Too many tries. Wait a moment.',
  'failure.stripe': 'We couldn’t open the payment page. Nothing was changed.',
  trialOver: 'Your trial is over.',
  'banner.methodMissing': 'Add a payment method',
  'banner.overdue': 'Your invoice is overdue',
  'banner.cardExpires': 'Change your card before {date}',
  cardExpires: '{method} expires {month}, before your next payment.',
  pending: 'We’re waiting for confirmation. Don’t pay again; this page updates by itself.',
  unchanged: 'Nothing changed.',
  noPayment: 'No payment was made.',
  stillOpen: 'The payment is still open.',
  'change.plan': 'Your plan is now {plan}.',
  'change.price': 'Your price is now {amount}.',
  'change.quantity': 'Your quantity is now {count}.',
  'change.started': 'Your {plan} plan has started.',
  'change.ends': 'Canceled. {plan} stays until {date}.',
  'change.renews': 'Your plan continues and renews on {date}.',
  'change.keeps': 'Your plan continues.',
  'change.ended': 'Your plan has ended.',
  'change.paused': 'Your plan is paused.',
  'change.resumed': 'Your plan is active again.',
  'change.scheduled': 'Your plan changes to {plan} on {date}.',
  'change.paid': 'We received your payment of {amount}.',
  'change.charged': 'You were charged {amount}.',
  'change.paymentMethod': 'Your payment method was updated.',
  'change.billingDetails': 'Your billing details were updated.',
  'failure.no_open_invoice': 'There is nothing to pay any more.',
  'failure.subscription_exists': 'You already have a plan.',
  'failure.checkout_busy': 'A purchase is open in another tab. Try again in a moment.',
  'failure.offer_unavailable': 'This plan is not offered any more.',
  'failure.no_customer': 'There is nothing to manage yet.',
  'failure.portal_not_configured': 'The billing portal is not set up yet.',
  'failure.portal_flow_unavailable': 'That is not possible any more.',
  'failure.scope_missing': 'Ask an owner or admin to change this.',
} as const satisfies Readonly<Record<Exclude<Told, keyof typeof en>, string>> & Readonly<Record<string, string>>;

export type WordKey = keyof typeof en | keyof typeof enMore;
