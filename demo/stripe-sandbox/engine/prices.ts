/** The amount of a price and a quantity: per unit, in packages, or by tiers. Amounts are whole minor units. */

import { formatInterval, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { Plan, Price } from '../state/wire.ts';

type Tier = NonNullable<Price['tiers']>[number];

/** One tier's part of a quantity. */
interface TierShare {
  /** 1 for the first tier. */
  readonly number: number;
  readonly tier: Tier;
  readonly units: number;
  readonly amount: number;
}

export const isMetered = (price: Price): boolean => price.recurring?.usage_type === 'metered';

/** Price × quantity. A metered price costs nothing until its use is known: `usageAmount`. */
export const amountFor = (price: Price, quantity: number): number =>
  isMetered(price) ? 0 : usageAmount(price, quantity);

/** As `amountFor`, for a quantity that was used already. */
export function usageAmount(price: Price, quantity: number): number {
  if (price.billing_scheme === 'tiered')
    return tierShares(price, quantity).reduce((sum, share) => sum + share.amount, 0);
  return Math.round(unitAmount(price) * packages(price, quantity));
}

const unitAmount = (price: Price): number => Number(price.unit_amount_decimal ?? price.unit_amount ?? 0);

/** `transform_quantity`: 12 in packages of 5 are 3, or 2 where it rounds down. */
function packages({ transform_quantity: transform }: Price, quantity: number): number {
  if (!transform) return quantity;
  const parts = quantity / transform.divide_by;
  return transform.round === 'up' ? Math.ceil(parts) : Math.floor(parts);
}

/** `volume`: the tier that the whole quantity reaches takes all of it; `graduated`: each tier takes its own part. */
export function tierShares(price: Price, quantity: number): TierShare[] {
  const tiers = price.tiers ?? [];
  const share = (index: number, units: number): TierShare[] => {
    const tier = tiers[index];
    if (!tier) return [];
    const amount = Number(tier.unit_amount_decimal ?? 0) * units + Number(tier.flat_amount_decimal ?? 0);
    return [{ number: index + 1, tier, units, amount: Math.round(amount) }];
  };
  if (price.tiers_mode === 'volume') {
    return share(
      tiers.findIndex((tier) => tier.up_to === null || quantity <= tier.up_to),
      quantity,
    );
  }
  let from = 0;
  return tiers.flatMap((tier, index) => {
    const units = Math.min(quantity, tier.up_to ?? quantity) - from;
    // The first tier is billed at a quantity of 0 too: its flat amount is the base fee.
    if (units <= 0 && index > 0) return [];
    const shares = share(index, Math.max(0, units));
    from = tier.up_to ?? quantity;
    return shares;
  });
}

export const productName = (state: State, price: Price): string =>
  state.products.get(price.product)?.name ?? price.product;

/** `1 × Team (at €29.00 / month)`, as Stripe words it; the unit label comes before the sign. */
export function describe(state: State, price: Price, quantity: number, tier?: TierShare): string {
  const unit = state.products.get(price.product)?.unit_label;
  const amount = tier ? (tier.tier.unit_amount ?? 0) : (price.unit_amount ?? 0);
  const per = price.recurring ? ` / ${formatInterval(price.recurring.interval, price.recurring.interval_count)}` : '';
  const at = `${tier ? `Tier ${tier.number} ` : ''}at ${formatMoney(amount, price.currency)}${per}`;
  return `${quantity}${unit ? ` ${unit}` : ''} × ${productName(state, price)} (${at})`;
}

/** The legacy plan that every recurring price still has a double of. */
export function planOf(price: Price): Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: { ...price.metadata },
    meter: price.recurring?.meter ?? null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: price.tiers_mode,
    transform_usage: price.transform_quantity,
    trial_period_days: price.recurring?.trial_period_days ?? null,
    usage_type: price.recurring?.usage_type ?? 'licensed',
  };
}
