/** `POST /v1/invoices/create_preview` (INV-1). */

import { requireCustomer } from '../engine/customers.ts';
import { proposeDiscount } from '../engine/discounts.ts';
import { previewInvoice } from '../engine/preview.ts';
import { requireTaxLocation } from '../engine/quote.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { currencyCode } from '../http/bounds.ts';
import { flag, hash, integer, text, union, unsupported, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Invoice } from '../state/wire.ts';
import { automaticTax, discountList, updateFields } from './subscription-fields.ts';
import { refuseDateOutside } from './subscription-refusals.ts';
import { itemChange, requireSubscription } from './subscriptions.ts';

const previewFields = {
  automatic_tax: automaticTax,
  currency: currencyCode,
  customer: text,
  customer_account: text,
  customer_details: unsupported,
  discounts: discountList,
  invoice_items: unsupported,
  preview_mode: union<'next'>(),
  schedule: text,
  schedule_details: unsupported,
  subscription: text,
  subscription_details: hash({
    cancel_at: updateFields.cancel_at,
    cancel_at_period_end: flag,
    cancel_now: flag,
    items: updateFields.items,
    proration_behavior: updateFields.proration_behavior,
    proration_date: integer,
  }),
};

export function previewRoutes(api: Api): void {
  api.post('/v1/invoices/create_preview', previewFields, ({ state, params }) => preview(state, params));
}

function preview(state: State, params: Read<typeof previewFields>): Invoice {
  const id = params.subscription ?? state.schedules.get(params.schedule ?? '')?.subscription ?? undefined;
  if (id === undefined) {
    if (params.schedule !== undefined) throw noSuch('subscription_schedule', params.schedule, 'schedule');
    // Since 2025-03-31.basil there is no preview across all subscriptions.
    if (params.customer === undefined) throw missingParam('subscription');
    throw invalidRequest('You must pass `subscription`, `schedule` or `subscription_details[items]`.', {
      param: 'subscription',
    });
  }
  const subscription = requireSubscription(state, id, 'subscription');
  if (params.customer !== undefined && params.customer !== subscription.customer) {
    requireCustomer(state, params.customer, 'customer');
    throw invalidRequest(`Customer ${params.customer} does not have a subscription with ID ${subscription.id}`, {
      param: 'subscription',
    });
  }
  if (params.preview_mode !== undefined && params.preview_mode !== 'next') {
    throw invalidRequest('The sandbox previews the next invoice only.', {
      code: 'sandbox_unsupported',
      param: 'preview_mode',
    });
  }
  const customer = requireCustomer(state, subscription.customer, 'customer');
  const details = params.subscription_details ?? {};
  if (params.automatic_tax) requireTaxLocation({ automatic: params.automatic_tax.enabled, customer });
  refuseDateOutside(subscription, details.proration_date);
  const now = state.clock.seconds();
  return previewInvoice(state, {
    customer,
    subscription,
    changes: (details.items ?? []).map((item, index) => itemChange(state, subscription, item, index)),
    proration: details.proration_behavior ?? 'create_prorations',
    at: details.proration_date ?? now,
    discounts: params.discounts?.map((request, index) =>
      proposeDiscount(state, request, { customer, currency: subscription.currency }, `discounts[${index}]`),
    ),
    automaticTax: params.automatic_tax?.enabled,
    cancels: Boolean(details.cancel_now || details.cancel_at_period_end || details.cancel_at),
  });
}
