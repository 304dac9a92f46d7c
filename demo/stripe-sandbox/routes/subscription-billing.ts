/** How a subscription is discounted, taxed and collected: read and checked first, carried out inside its update. */

import { proposeDiscount, redeem, removeDiscount } from '../engine/discounts.ts';
import { requireTaxLocation } from '../engine/quote.ts';
import { invalidRequest } from '../errors.ts';
import type { Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Customer, Subscription } from '../state/wire.ts';
import { discountsOf, type discountList, type updateFields } from './subscription-fields.ts';
import { taxRatesOf } from './tax.ts';

type UpdateParams = Read<typeof updateFields>;
type Requests = ReturnType<typeof discountList.read>;

/** Checks the billing part of an update. The answer carries it out, on the subscription inside its update. */
export function readBilling(
  state: State,
  subscription: Subscription,
  params: UpdateParams,
): (changed: Subscription) => void {
  const customer = state.customers.get(subscription.customer);
  if (!customer) return () => undefined;
  const { currency } = subscription;
  const check = (requests: Requests | undefined, path: string): void =>
    (requests ?? []).forEach((request, index) =>
      proposeDiscount(state, request, { customer, currency }, `${path}[${index}]`),
    );
  const discounts = discountsOf(params);
  check(discounts, 'discounts');
  const items = (params.items ?? []).map((item, index) => {
    check(item.discounts, `items[${index}][discounts]`);
    const rates =
      item.tax_rates === undefined ? undefined : taxRatesOf(state, item.tax_rates, `items[${index}][tax_rates]`);
    return { item, rates };
  });
  const rates =
    params.default_tax_rates === undefined
      ? undefined
      : taxRatesOf(state, params.default_tax_rates, 'default_tax_rates');
  if (params.automatic_tax) requireTaxLocation({ automatic: params.automatic_tax.enabled, customer });
  const method = params.collection_method ?? subscription.collection_method;
  if (method === 'send_invoice' && (params.days_until_due ?? subscription.days_until_due) === null) {
    throw invalidRequest("You must pass `days_until_due` when `collection_method` is 'send_invoice'.", {
      param: 'days_until_due',
    });
  }

  return (changed) => {
    if (discounts !== undefined) replaceDiscounts(state, customer, changed, discounts);
    for (const { item, rates: own } of items) {
      const target = changed.items.data.find((row) => row.id === item.id || row.price.id === item.price);
      if (!target) continue;
      if (own) target.tax_rates = own;
      if (item.discounts !== undefined) {
        target.discounts = (item.discounts ?? []).map(
          (request) =>
            redeem(
              state,
              request,
              { customer, currency, subscription: changed.id, subscriptionItem: target.id },
              'items[0][discounts][0]',
            ).id,
        );
      }
    }
    if (rates) changed.default_tax_rates = rates;
    if (params.automatic_tax) {
      const { enabled } = params.automatic_tax;
      changed.automatic_tax = { disabled_reason: null, enabled, liability: enabled ? { type: 'self' } : null };
    }
    if (params.collection_method !== undefined) changed.collection_method = params.collection_method;
    if (changed.collection_method === 'charge_automatically') changed.days_until_due = null;
    else if (params.days_until_due !== undefined) changed.days_until_due = params.days_until_due;
  };
}

/** The new list replaces the old one; a discount named by its `discount` stays. */
function replaceDiscounts(state: State, customer: Customer, subscription: Subscription, requests: Requests): void {
  const before = subscription.discounts;
  const target = { customer, currency: subscription.currency, subscription: subscription.id };
  subscription.discounts = (requests ?? []).map(
    (request, index) => redeem(state, request, target, `discounts[${index}]`).id,
  );
  for (const id of before.filter((old) => !subscription.discounts.includes(old))) {
    const gone = state.discounts.get(id);
    if (gone) removeDiscount(state, gone, { customer: undefined, subscription });
  }
}
