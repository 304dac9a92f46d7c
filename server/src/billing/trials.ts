/** Whether a customer had a trial already: an offer's trial is given once (F8). Pure. */

import type { CustomerFacts, SubscriptionFacts } from './facts.ts';

/** A trial that began. A first payment that was never made began none. */
const began = ({ trialEnd, status }: SubscriptionFacts): boolean =>
  trialEnd !== null && status !== 'incomplete_expired';

export const hadTrial = ({ hadFormerTrial, subscriptions }: CustomerFacts): boolean =>
  hadFormerTrial === true || subscriptions.some(began);

/** Keeps that one of these had a trial, where the facts of now do not tell. */
export const withTrialOf = (facts: CustomerFacts, former: readonly CustomerFacts[]): CustomerFacts =>
  former.some(hadTrial) && !hadTrial(facts) ? { ...facts, hadFormerTrial: true } : facts;
