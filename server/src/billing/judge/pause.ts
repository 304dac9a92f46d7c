/** A pause of collection (SUB-15, SUB-19): paid time ends with its period, and not before (L37). */

import type { SubscriptionFacts } from '../facts.ts';
import type { Policy } from '../policy.ts';
import type { Deadlines } from './deadlines.ts';

const hour = 60 * 60_000;

/**
 * Until when a subscription whose collection is paused has full access: the end of what is paid, or of the trial. `null`
 * when that is over, or nothing narrows then.
 */
export function paidThroughPause(facts: SubscriptionFacts, policy: Policy, deadlines: Deadlines): number | null {
  if (policy.pausedAccess === 'full') return null;
  const end = facts.status === 'trialing' ? facts.trialEnd : paidUntil(facts);
  const status = deadlines.status(end);
  return status === 'ahead' || status === 'unseen' ? end : null;
}

/** Made beside the invoice of the period: an open one is no debt of the period itself. */
const besides: readonly (string | null)[] = ['subscription_update', 'subscription_threshold', 'manual'];

/**
 * The end of the period, if its own invoice is paid. During a pause Stripe moves the period on as ever, and voids what
 * it would have charged: that period is not paid.
 */
function paidUntil({ latestInvoice, currentPeriodStart, currentPeriodEnd }: SubscriptionFacts): number | null {
  if (latestInvoice === null || latestInvoice.created < (currentPeriodStart ?? 0) - hour) return null;
  const { status, billingReason } = latestInvoice;
  return status === 'paid' || besides.includes(billingReason) ? currentPeriodEnd : null;
}
