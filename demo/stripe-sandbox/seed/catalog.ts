/** The seeded catalogue: a capacity-planning product for teams, in three plans. */

import type { Stripe } from 'stripe';

export interface Prices {
  readonly starterMonthly: string;
  readonly starterYearly: string;
  readonly teamMonthly: string;
  readonly businessYearly: string;
  /** The Team plan in a currency without decimals. */
  readonly teamMonthlyYen: string;
}

/** Reductions and taxes, by their ids. */
export interface Terms {
  /** 20% off for a year, by the promotion code `WELCOME20` too. */
  readonly welcome: string;
  /** 19% on top of the price. */
  readonly vat: string;
}

export async function createTerms(stripe: Stripe): Promise<Terms> {
  const coupon = { name: 'Welcome', percent_off: 20, duration: 'repeating', duration_in_months: 12 } as const;
  const { id: welcome } = await stripe.coupons.create(coupon);
  await stripe.promotionCodes.create({ code: 'WELCOME20', promotion: { type: 'coupon', coupon: welcome } });
  const { id: vat } = await stripe.taxRates.create({ display_name: 'VAT', percentage: 19, inclusive: false });
  return { welcome, vat };
}

export async function createCatalog(stripe: Stripe): Promise<Prices> {
  const starter = await stripe.products.create({
    name: 'Starter',
    description: 'One team’s capacity, week by week.',
  });
  const team = await stripe.products.create({
    name: 'Team',
    description: 'Several teams in one plan, with forecasts and holidays.',
    unit_label: 'seat',
  });
  const business = await stripe.products.create({
    name: 'Business',
    description: 'Every department, with scenarios, single sign-on and priority support.',
    marketing_features: [{ name: 'Scenarios' }, { name: 'Single sign-on' }, { name: 'Priority support' }],
  });
  const price = async (
    product: string,
    amount: number,
    interval: 'month' | 'year',
    key: string,
    currency = 'eur',
  ): Promise<string> => {
    const created = await stripe.prices.create({
      product,
      currency,
      unit_amount: amount,
      recurring: { interval },
      lookup_key: key,
      tax_behavior: 'inclusive',
    });
    return created.id;
  };
  return {
    starterMonthly: await price(starter.id, 900, 'month', 'starter_monthly'),
    starterYearly: await price(starter.id, 9000, 'year', 'starter_yearly'),
    teamMonthly: await price(team.id, 2900, 'month', 'team_monthly'),
    businessYearly: await price(business.id, 29000, 'year', 'business_yearly'),
    teamMonthlyYen: await price(team.id, 4500, 'month', 'team_monthly_jpy', 'jpy'),
  };
}

/** The Dashboard's portal settings: which plans customers may change to. */
export async function allowPlanChange(stripe: Stripe, configuration: string, prices: Prices): Promise<void> {
  const product = async (...ids: string[]): Promise<{ product: string; prices: string[] }> => ({
    product: String((await stripe.prices.retrieve(ids[0] ?? '')).product),
    prices: ids,
  });
  await stripe.billingPortal.configurations.update(configuration, {
    features: {
      subscription_pause: { enabled: true },
      subscription_update: {
        enabled: true,
        default_allowed_updates: ['price', 'quantity'],
        proration_behavior: 'always_invoice',
        schedule_at_period_end: {
          conditions: [{ type: 'decreasing_item_amount' }, { type: 'shortening_interval' }],
        },
        products: [
          await product(prices.starterMonthly, prices.starterYearly),
          {
            ...(await product(prices.teamMonthly, prices.teamMonthlyYen)),
            adjustable_quantity: { enabled: true, minimum: 1, maximum: 50 },
          },
          await product(prices.businessYearly),
        ],
      },
    },
  });
}
