/** The ways out of a state. Each action is exactly one way out; the first is primary. */

import type { Action, Offer, Purpose } from '@billhook/widget/contract';
import type { InvoiceFacts } from '../facts.ts';
import type { JudgedSubscription } from './subscription.ts';
import { chargesItself } from './payment.ts';
import { mayOpen } from './portal.ts';
import type { Catalogue } from './plan.ts';
import type { OfferRule, Policy, PortalFeatures } from '../policy.ts';

/** An account's actions follow from these. */
export interface Situation {
  /** The customer was never fetched. */
  readonly isUnknown: boolean;
  /** The customer is deleted at Stripe: it has no portal. */
  readonly isDeleted: boolean;
  /** The subscription that the headline speaks about. */
  readonly headline: JudgedSubscription | null;
  /** The invoice that is to be paid; `null` when there is none. */
  readonly toPay: InvoiceFacts | null;
  /** Offers that are for sale now. */
  readonly offers: readonly Offer[];
  /** The headline's trial wants a payment method. */
  readonly needsMethod: boolean;
  /** The flows that the account's portal configuration allows. */
  readonly portal: PortalFeatures;
}

export function actionsFor(situation: Situation, policy: Policy, catalogue: Catalogue): Action[] {
  const { headline, offers } = situation;
  // Linked and never fetched: what would be offered might be wrong, so nothing is, for the moment it takes.
  if (situation.isUnknown) return [];
  if (headline === null) return purchase('subscribe', 'upgrade', offers[0]?.id, policy);
  const manage = situation.isDeleted ? [] : [portal('manage')];
  if (!headline.live) {
    const again = offers.find(({ id }) => id === sameOffer(headline, policy.offers, catalogue)) ?? offers[0];
    return [...purchase('subscribeAgain', 'subscribeAgain', again?.id, policy), ...manage];
  }
  const ways = withDebt(wayOut(headline, situation, policy), headline, situation.toPay);
  // Two buttons to one page, under two names, are one too many.
  const opensPortal = ways.some((action) => action.via === 'portal' && action.flow === null);
  return opensPortal ? ways : [...ways, ...manage];
}

/**
 * While an invoice is open there is a way to pay it, whatever the state: an active subscription may owe, and so may
 * another one than the headline's (L36). Failed and late ones come first.
 */
function withDebt(ways: Action[], { summary }: JudgedSubscription, toPay: InvoiceFacts | null): Action[] {
  if (toPay === null || chargesItself(toPay) || ways.some(({ via }) => via === 'invoice')) return ways;
  const pay: Action = { purpose: 'payNow', via: 'invoice' };
  const { problem } = summary.payment;
  return problem === 'failed' || problem === 'overdue' ? [pay, ...ways] : [...ways, pay];
}

/** The actions before "manage". */
function wayOut(headline: JudgedSubscription, situation: Situation, policy: Policy): Action[] {
  const { portal: features, toPay } = situation;
  const { facts, summary, access } = headline;
  const { payment, state } = summary;
  const pays = facts.collectionMethod === 'charge_automatically';
  const method =
    pays && mayOpen('payment_method_update', null, features)
      ? [portal(payment.methodOnFile ? 'updateCard' : 'addCard', 'payment_method_update')]
      : [];
  const invoice = (purpose: Purpose): Action[] => (toPay === null ? [] : [{ purpose, via: 'invoice' }]);
  switch (state) {
    case 'actionRequired':
      return invoice('confirmPayment');
    case 'pastDue':
    case 'restricted': {
      if (payment.problem === 'confirmationRequired') return [...invoice('confirmPayment'), ...method];
      // The card was replaced and the invoice is still open: it only has to be paid (L11). An invoice that was
      // sent has no card to update.
      return payment.methodReplaced || !pays ? [...invoice('payNow'), ...method] : [...method, ...invoice('payNow')];
    }
    case 'incomplete':
      if (facts.status === 'incomplete') return invoice('finishPayment');
      // The trial ended without a card. With one on file by now, it only has to go on.
      return payment.methodOnFile ? resume(headline, features, policy) : method;
    case 'trialing':
      return situation.needsMethod ? method : [];
    case 'paused':
      return resume(headline, features, policy);
    default:
      // Ending, also while a payment is on its way. Processing: nothing to do, and above all nothing to pay (L21).
      return access.reason === 'ending' ? [portal('keepPlan')] : [];
  }
}

/**
 * The portal resumes what it paused itself; collection that the host paused is the host's to resume. A trial that was
 * paused without a card, and has one by now, goes on where the host says, else in the portal: no state is without a way
 * out (H7).
 */
function resume({ facts }: JudgedSubscription, features: PortalFeatures, policy: Policy): Action[] {
  if (facts.pausedBecause === 'request' && features.pause) return [portal('resume')];
  if (policy.resumeUrl !== null) return [{ purpose: 'resume', via: 'link', url: policy.resumeUrl }];
  return facts.pausedBecause === 'trialWithoutMethod' ? [portal('resume')] : [];
}

/** Checkout for a plan that may be bought now, else (or beside it) the host's own page. */
function purchase(buy: Purpose, look: Purpose, preferred: string | undefined, { upgradeUrl }: Policy): Action[] {
  if (preferred !== undefined) return [{ purpose: buy, via: 'checkout', offer: preferred }];
  return upgradeUrl === null ? [] : [{ purpose: look, via: 'link', url: upgradeUrl }];
}

/** The offer of the very price that ended, so that "subscribe again" means the same plan. */
function sameOffer({ facts }: JudgedSubscription, offers: readonly OfferRule[], catalogue: Catalogue): string | null {
  const had = new Set(facts.items.map((item) => item.price));
  const offer = offers.find((rule) => had.has(catalogue.price(rule.price)?.price ?? rule.price));
  return offer?.id ?? null;
}

function portal(purpose: Purpose, flow: 'payment_method_update' | null = null): Action {
  return { purpose, via: 'portal', flow };
}
