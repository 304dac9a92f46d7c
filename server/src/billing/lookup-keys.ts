/** The lookup keys of a price. Stripe tells the one of today; the others are remembered. Pure. */

import type { ItemFacts } from './facts.ts';

/** A price's lookup keys, now and before, the latest first. */
export const lookupKeysOf = (price: ItemFacts | null | undefined): readonly string[] =>
  price
    ? [price.lookupKey, ...(price.formerLookupKeys ?? [price.formerLookupKey ?? null])].filter((key) => key !== null)
    : [];

/**
 * A price that remembers the lookup keys that it had: it keeps the plan that it was sold as, though a key was renamed, or
 * stands on a newer price by now (H5).
 */
export function withFormerKeys<Price extends ItemFacts>(now: Price, then: ItemFacts | undefined): Price {
  const former = lookupKeysOf(then).filter((key) => key !== now.lookupKey);
  return former.length === 0 ? now : { ...now, formerLookupKeys: former };
}
