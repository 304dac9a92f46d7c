/** Which prices are a host's plans, and which of them it sells: checked like every other option. */

import { z } from 'zod';
import { adjustableQuantity, checkoutOptions, startsWithinBounds } from './checkout.ts';

const name = (what: string) => z.string(`must be ${what}`).min(1, `must be ${what}`);

const price = { price: name('a price’s id'), product: name('a product’s id'), lookupKey: name('a lookup key') };
const namesPrice = (rule: { readonly [field: string]: unknown }) => Object.keys(price).some((field) => field in rule);
const mustNamePrice = 'must name a price, a product or a lookup key';

/** A rule that names a price by what is known of it. */
export const plan = z.strictObject(price).partial().refine(namesPrice, mustNamePrice);

const hostPlan = z
  .strictObject({
    ...price,
    key: name('the host’s own name for it'),
    features: z.array(name('the name of a feature'), 'must be a list of features'),
    seats: z.boolean('must be true or false'),
  })
  .partial()
  .refine(namesPrice, mustNamePrice);

const offer = z
  .strictObject({
    id: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"'),
    price: name('a price’s id or lookup key'),
    quantity: z.int('must be a whole number').min(1, 'must be at least 1').optional(),
    trialDays: z.int('must be a whole number').min(1, 'must be at least 1').max(730, 'must be at most 730').optional(),
    adjustableQuantity: adjustableQuantity.optional(),
    description: name('a sentence for people').max(200, 'must be at most 200 characters').optional(),
    features: z
      .array(name('a few words for people').max(80, 'must be at most 80 characters'), 'must be a list of texts')
      .max(5, 'must hold at most 5')
      .optional(),
    recommended: z.boolean('must be true or false').optional(),
    checkout: checkoutOptions.optional(),
  })
  .refine(startsWithinBounds, 'must have a quantity within its adjustableQuantity');

export const planOptions = {
  plans: z.array(hostPlan, 'must be a list of prices, products or lookup keys').min(1, 'must hold one').optional(),
  offers: z
    .array(offer, 'must be a list of offers')
    .refine((all) => new Set(all.map(({ id }) => id)).size === all.length, 'must not hold two offers with one id')
    .default([]),
  checkout: checkoutOptions.default({}),
  metadata: z
    .array(name('a metadata key'), 'must be a list of metadata keys')
    .max(20, 'must hold at most 20')
    .default([]),
  entitlements: z.boolean('must be true or false').default(false),
};
