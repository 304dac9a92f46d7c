/** The options of Checkout, for a host and for one of its offers: checked like every other option. */

import { z } from 'zod';
import type { CheckoutSettings, OfferRule } from '../billing/policy.ts';

const flag = z.boolean('must be true or false');

/** Stripe takes 50 keys; two of them are Billhook's. */
const maxKeys = 48;

const metadata = z
  .record(
    z
      .string()
      .regex(/^[^[\]]{1,40}$/, 'must be 1 to 40 characters, without brackets')
      .refine((key) => !key.startsWith('billhook_'), 'must not begin with "billhook_", which is Billhook’s own'),
    z.string('must be text').max(500, 'must be at most 500 characters'),
    'must be an object of texts',
  )
  .refine((all) => Object.keys(all).length <= maxKeys, `must hold at most ${maxKeys}`);

export const checkoutOptions = z
  .strictObject({
    automaticTax: flag,
    taxIdCollection: z.union([flag, z.literal('required')], 'must be true, false or "required"'),
    allowPromotionCodes: flag,
    billingAddressCollection: z.enum(['auto', 'required'], 'must be auto or required'),
    consentCollection: z
      .strictObject({
        termsOfService: z.literal('required', 'must be required, or left out'),
        promotions: z.literal('auto', 'must be auto, or left out'),
      })
      .partial(),
    paymentMethodCollection: z.enum(['always', 'ifRequired'], 'must be always or ifRequired'),
    metadata,
  })
  .partial();

/** More than Stripe takes. */
const maxQuantity = 999_999;
const quantity = (must: string) => z.int('must be a whole number').min(1, must).max(maxQuantity, must);
const bounds = `must be from 1 to ${maxQuantity}`;

export const adjustableQuantity = z
  .strictObject({ minimum: quantity(bounds).default(1), maximum: quantity(bounds).default(99) })
  .refine(({ minimum, maximum }) => minimum <= maximum, 'must have a minimum that is at most its maximum');

/** Checkout would refuse a first quantity that the buyer could not choose. */
export const startsWithinBounds = ({
  quantity: first = 1,
  adjustableQuantity: chosen,
}: Pick<OfferRule, 'quantity' | 'adjustableQuantity'>): boolean =>
  chosen === undefined || (chosen.minimum <= first && first <= chosen.maximum);

/** An offer with what its host says for all of them; the offer's own word stands before it. */
export function withHostCheckout(offer: OfferRule, host: CheckoutSettings): OfferRule {
  const own = Object.fromEntries(Object.entries(offer.checkout ?? {}).filter(([, value]) => value !== undefined));
  const both = { ...host.metadata, ...offer.checkout?.metadata };
  return { ...offer, checkout: { ...host, ...own, ...(Object.keys(both).length === 0 ? {} : { metadata: both }) } };
}

/** The two together go to Stripe, which takes so many keys of one object. */
export const metadataProblem = (offer: OfferRule, host: CheckoutSettings): string | null => {
  const { metadata = {} } = withHostCheckout(offer, host).checkout ?? {};
  return Object.keys(metadata).length > maxKeys
    ? `must hold at most ${maxKeys} with those of the host’s checkout`
    : null;
};
