/** The portal's home: plans, what is due, the card, the invoices. */

import { html } from 'hono/html';
import { openInvoices } from '../engine/cancellation.ts';
import { payingMethod } from '../engine/customers.ts';
import { scheduledResume } from '../engine/pause.ts';
import { intentOf } from '../engine/payments.ts';
import { canChangePlan } from '../engine/plan-choices.ts';
import { amountFor } from '../engine/prices.ts';
import { plannedPhase } from '../engine/schedules.ts';
import { isTerminal, periodEnd } from '../engine/subscription-status.ts';
import { formatDate, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { Customer, Invoice, PortalConfiguration, Subscription } from '../state/wire.ts';
import { cardOnFile, methodName } from './card-fields.ts';
import type { Html } from './layout.ts';
import { discountsOf, periodOf, planName, totalOf } from './plan-words.ts';

export interface PortalView {
  state: State;
  readonly customer: Customer;
  readonly features: PortalConfiguration['features'];
  /** The address of this session's pages, without a slash at the end. */
  readonly base: string;
}

export function portalHome(view: PortalView): Html {
  const { state, customer } = view;
  const subscriptions = state.subscriptions.of(customer.id, (row) => row.status !== 'incomplete_expired');
  const living = subscriptions.filter((row) => !isTerminal(row));
  const over = subscriptions.filter(isTerminal);
  return html`<h1>Plans and billing</h1>
    <section aria-labelledby="plans">
      <h2 id="plans">${living.length > 1 ? 'Current plans' : 'Current plan'}</h2>
      ${living.length === 0 ? html`<p class="soft">There is no plan at the moment.</p>` : living.map((row) => plan(view, row))}
    </section>
    ${paymentMethod(view)} ${billingInformation(customer)}
    ${view.features.invoice_history.enabled ? invoiceHistory(view) : ''}
    ${
      over.length === 0
        ? ''
        : html`<section aria-labelledby="over">
            <h2 id="over">Previous plans</h2>
            ${over.map(
              (row) =>
                html`<p class="row">
                  <span>${planName(state, row)}</span
                  ><span class="soft">Ended on ${formatDate(row.ended_at ?? row.created)}</span>
                </p>`,
            )}
          </section>`
    }`;
}

const isEnding = (subscription: Subscription): boolean =>
  subscription.cancel_at !== null || subscription.cancel_at_period_end;

function plan(view: PortalView, subscription: Subscription): Html {
  const { state, base, features } = view;
  const [item] = subscription.items.data;
  const total = totalOf(subscription);
  const open = openInvoices(state, subscription).find((row) => row.status === 'open');
  const quantity = item?.quantity ?? 1;
  return html`<article class="plan">
    <div class="plan-head">
      <h3 class="plan-name">${planName(state, subscription)}</h3>
      ${statusPill(subscription)}
    </div>
    <p class="plan-price">
      ${formatMoney(total, subscription.currency)}
      <small>${periodOf(subscription)}</small>
    </p>
    ${
      quantity > 1 && item
        ? html`<p class="small soft">
            ${quantity} × ${formatMoney(item.price.unit_amount ?? 0, subscription.currency)}
          </p>`
        : ''
    }
    ${discountsOf(state, subscription).map((words) => html`<p class="small soft">${words}</p>`)}
    <p class="soft">${whatComes(state, subscription, total)}</p>
    ${open ? due(view, subscription, open) : ''} ${planned(view, subscription)}
    <div class="actions">
      ${
        !isEnding(subscription) && canChangePlan(state, features, subscription)
          ? html`<a class="button primary" href="${base}/subscriptions/${subscription.id}/update">Change plan</a>`
          : ''
      }
      ${
        subscription.status === 'paused'
          ? html`<form method="post" action="${base}/subscriptions/${subscription.id}/resume">
              <button class="button primary">Resume plan</button>
            </form>`
          : canPause(features, subscription)
            ? html`<a class="button" href="${base}/subscriptions/${subscription.id}/pause">Pause plan</a>`
            : ''
      }
      ${
        isEnding(subscription)
          ? html`<form method="post" action="${base}/subscriptions/${subscription.id}/keep">
              <button class="button primary">Keep plan</button>
            </form>`
          : features.subscription_cancel.enabled
            ? html`<a class="button" href="${base}/subscriptions/${subscription.id}/cancel">Cancel plan</a>`
            : ''
      }
    </div>
  </article>`;
}

export function statusPill(subscription: Subscription): Html {
  if (isEnding(subscription) && !isTerminal(subscription))
    return html`<span class="pill warn">Ends ${formatDate(subscription.cancel_at ?? periodEnd(subscription))}</span>`;
  const pills: Record<string, [string, string]> = {
    canceled: ['', 'Ended'],
    incomplete_expired: ['', 'Never started'],
    active: ['good', 'Active'],
    trialing: ['good', 'Trial'],
    past_due: ['bad', 'Past due'],
    unpaid: ['bad', 'Unpaid'],
    incomplete: ['warn', 'Payment needed'],
    paused: ['', 'Paused'],
  };
  const [kind, words] = pills[subscription.status] ?? ['', subscription.status];
  return html`<span class="pill ${kind}">${words}</span>`;
}

/** A change that was put off to the end of the period, and the way to take it back (SUB-10). */
function planned({ state, base }: PortalView, subscription: Subscription): Html {
  const phase = plannedPhase(state, subscription);
  if (!phase) return html``;
  const names = phase.items.map(({ price: id, quantity = 1 }) => {
    const price = state.prices.get(id);
    const name = state.products.get(price?.product ?? '')?.name ?? 'another plan';
    const amount = price ? formatMoney(amountFor(price, quantity), price.currency) : '';
    return `${name} for ${amount}`;
  });
  return html`<div class="due plain">
    <h3>Changes to ${names.join(' + ')} on ${formatDate(phase.start_date)}</h3>
    <p class="soft">Until then your plan stays as it is.</p>
    <div class="actions">
      <form method="post" action="${base}/subscriptions/${subscription.id}/keep-current">
        <button class="button">Keep current plan</button>
      </form>
    </div>
  </div>`;
}

export const canPause = (features: PortalConfiguration['features'], subscription: Subscription): boolean =>
  features.subscription_pause.enabled &&
  subscription.billing_mode.type === 'flexible' &&
  subscription.schedule === null &&
  !isEnding(subscription) &&
  ['active', 'trialing'].includes(subscription.status);

function whatComes(state: State, subscription: Subscription, total: number): string {
  const end = formatDate(periodEnd(subscription));
  if (isEnding(subscription))
    return `Your plan ends on ${formatDate(subscription.cancel_at ?? periodEnd(subscription))}. You can use it until then, and nothing more will be charged.`;
  if (subscription.status === 'trialing')
    return `Your free trial ends on ${end}. After that, you pay ${formatMoney(total, subscription.currency)}.`;
  if (subscription.status === 'incomplete') return 'Your plan starts as soon as the first payment is made.';
  if (subscription.status === 'paused') {
    const resumes = scheduledResume(state, subscription);
    return `Your plan is paused. Nothing is charged${resumes === null ? '' : ` until it resumes on ${formatDate(resumes)}`}.`;
  }
  return `Your plan renews on ${end}.`;
}

/** An open invoice, and the ways to pay it. A new card alone does not pay it (SUB-8), so both are offered. */
function due(view: PortalView, subscription: Subscription, invoice: Invoice): Html {
  const { state, base, features } = view;
  const method = payingMethod(state, subscription, view.customer);
  const standing = intentOf(state, invoice)?.status;
  const confirm = standing === 'requires_action';
  const amount = formatMoney(invoice.amount_remaining, invoice.currency);
  const tried = invoice.attempt_count > 0 && method ? `We could not charge your ${methodName(method)}. ` : '';
  const next =
    invoice.next_payment_attempt === null ? '' : `We will try again on ${formatDate(invoice.next_payment_attempt)}.`;
  if (standing === 'processing') {
    return html`<div class="due plain">
      <h3>${amount} is on its way</h3>
      <p class="soft">Your bank takes some days to answer. There is nothing to do.</p>
    </div>`;
  }
  return html`<div class="due">
    <h3>${amount} is due</h3>
    <p class="soft">${confirm ? 'Your bank asks you to confirm this payment.' : `${tried}${next}`}</p>
    <div class="actions">
      ${
        confirm
          ? html`<a class="button primary" href="${invoice.hosted_invoice_url ?? ''}">Confirm payment</a>`
          : method
            ? html`<form method="post" action="${base}/invoices/${invoice.id}/pay">
                <button class="button primary">Pay ${amount}</button>
              </form>`
            : ''
      }
      ${features.payment_method_update.enabled ? html`<a class="button" href="${base}/payment-method">Update payment method</a>` : ''}
    </div>
  </div>`;
}

function paymentMethod({ state, customer, features, base }: PortalView): Html {
  const method = payingMethod(state, null, customer);
  return html`<section aria-labelledby="method">
    <h2 id="method">Payment method</h2>
    <div class="row">
      ${method ? cardOnFile(method) : html`<span class="soft">No card on file.</span>`}
      ${
        features.payment_method_update.enabled
          ? html`<a class="button" href="${base}/payment-method"
              >${method ? html`Update<span class="away"> payment method</span>` : 'Add a card'}</a
            >`
          : ''
      }
    </div>
  </section>`;
}

const billingInformation = (customer: Customer): Html =>
  html`<section aria-labelledby="information">
    <h2 id="information">Billing information</h2>
    <dl class="facts">
      <dt>Name</dt>
      <dd>${customer.name ?? '–'}</dd>
      <dt>E-mail</dt>
      <dd>${customer.email ?? '–'}</dd>
    </dl>
  </section>`;

export function invoicePill(invoice: Invoice, processing = false): Html {
  if (processing) return html`<span class="pill">Processing</span>`;
  const pills: Record<string, [string, string]> = {
    paid: ['good', 'Paid'],
    open: ['bad', 'Open'],
    draft: ['', 'Upcoming'],
    void: ['', 'Void'],
    uncollectible: ['', 'Uncollectible'],
  };
  const [kind, words] = pills[invoice.status ?? 'draft'] ?? ['', ''];
  return html`<span class="pill ${kind}">${words}</span>`;
}

function invoiceHistory({ state, customer }: PortalView): Html {
  const invoices = state.invoices.of(customer.id, (row) => row.status !== 'draft').slice(0, 24);
  if (invoices.length === 0) return html``;
  return html`<section aria-labelledby="history">
    <h2 id="history">Invoice history</h2>
    <table class="invoices">
      <thead>
        <tr>
          <th scope="col">Date</th>
          <th scope="col">For</th>
          <th scope="col" class="end">Amount</th>
          <th scope="col" class="end">Status</th>
        </tr>
      </thead>
      <tbody>
        ${invoices.map(
          (row) =>
            html`<tr>
              <td><a href="${row.hosted_invoice_url ?? ''}">${formatDate(row.created)}</a></td>
              <td class="soft">${forWhat(state, row)}</td>
              <td class="end">${formatMoney(row.total, row.currency)}</td>
              <td class="end">${invoicePill(row, intentOf(state, row)?.status === 'processing')}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

const forWhat = (state: State, invoice: Invoice): string => {
  const names = invoice.lines.data.map(
    (line) => state.products.get(line.pricing?.price_details?.product ?? '')?.name ?? line.description ?? '',
  );
  return [...new Set(names)].join(', ');
};
