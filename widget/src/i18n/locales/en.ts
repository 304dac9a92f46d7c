/**
 * The English words in the script: what a page in good order shows at its first paint, and what must be said where no file
 * can be had. The shape that other languages follow is these and those of `en-more.ts`. `{name}` is filled in at render.
 * Counted things ("3 months", "in 5 days") come from `Intl`, so that no language needs plural forms here.
 */
export const en = {
  loading: 'Loading your plan…',
  currentPlan: 'Current plan',
  noPlan: 'No plan',
  unnamedPlan: 'Your plan',

  'state.active': 'Active',
  'state.trialing': 'Trial',
  'state.pastDue': 'Payment due',

  'interval.month': 'per month',
  'interval.year': 'per year',
  perUnit: 'per {unit}',
  plusUsage: 'plus usage',
  plusTax: 'plus tax',

  renewsOn: 'Renews on {date}',
  trialEndsOn: 'Free until {date} ({left})',
  freeFor: 'Free for {period}',
  trialThen: 'Then {price}',
  trialNeedsMethod: 'Add a payment method to keep your plan.',
  nextPayment: 'Next payment',
  paymentMethod: 'Payment method',
  methodExpires: '{method}, expires {month}',
  lastInvoice: 'Last invoice',
  'invoice.open': 'Open',
  'invoice.paid': 'Paid',

  'banner.pastDue': 'Your last payment didn’t go through',
  amountOpen: '{amount} is due.',

  'action.manage': 'Manage billing',
  'action.updateCard': 'Update card',
  'action.addCard': 'Add a card',
  'action.subscribe': 'Choose a plan',
  'action.viewInvoice': 'View invoice',
  payAmount: 'Pay {amount} now',
  choose: 'Choose {plan}',
  opening: 'Opening…',
  'hint.checkout': 'You pay on Stripe’s secure page. Nothing is charged until you confirm.',
  'hint.portal': 'Payment details, plan and invoices. Opens Stripe.',
  cannotManage: 'Ask an owner or admin to change this.',

  updating: 'Updating your account…',
  changed: 'Your account is up to date.',

  'failure.offline': 'You are offline.',
  'failure.unreachable': 'Billing cannot be reached right now.',
  'failure.support': 'Billing cannot be opened right now (code: {code}). Nothing was changed.',
  // A frame without an origin of its own can fetch nothing.
  'failure.unsupported_frame': 'Billing cannot open in a frame. Open the page in its own tab.',
  asOf: 'Last updated {time}.',
  retry: 'Try again',
} as const satisfies Readonly<Record<string, string>>;
