/** The portal's forms: another card, another plan, the end of one. */

import { html } from 'hono/html';
import { addInterval } from '../engine/periods.ts';
import { isPutOff, planChoices, type PlanChoice } from '../engine/plan-choices.ts';
import { previewInvoice } from '../engine/preview.ts';
import { periodEnd } from '../engine/subscription-status.ts';
import { formatDate, formatInterval, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { PortalConfiguration, Subscription } from '../state/wire.ts';
import { cardFields, testCards } from './card-fields.ts';
import type { Html } from './layout.ts';
import { periodOf, planName, totalOf } from './plan-words.ts';

type Features = PortalConfiguration['features'];

const reasonWords: Record<string, string> = {
  too_expensive: 'It’s too expensive',
  missing_features: 'I need more features',
  switched_service: 'I found an alternative',
  unused: 'I don’t use it enough',
  customer_service: 'Customer service was less than expected',
  too_complex: 'It’s hard to use',
  low_quality: 'The quality was less than expected',
  other: 'Other reason',
};

export const isReason = (value: string): boolean => Object.hasOwn(reasonWords, value);

export const cardForm = (base: string): Html =>
  html`<div>
      <h1>Update payment method</h1>
      <p class="lede">
        The new card becomes the one that pays for your plan. An invoice that is still open stays open until you pay it.
      </p>
    </div>
    <form class="panel" method="post" action="${base}/payment-method" novalidate>
      ${cardFields()}
      <div class="actions">
        <button class="button primary">Save card</button>
        <a class="button" href="${base}?home">Go back</a>
      </div>
      ${testCards('Save')}
    </form>`;

export function cancelForm(state: State, features: Features, subscription: Subscription, base: string): Html {
  const { cancellation_reason: reason, mode } = features.subscription_cancel;
  const end = formatDate(periodEnd(subscription));
  return html`<div>
      <h1>Cancel ${planName(state, subscription)}?</h1>
      <p class="lede">
        ${
          mode === 'immediately'
            ? 'Your plan ends at once, and nothing is refunded.'
            : `Your plan stays as it is until ${end}. Then it ends, and nothing more is charged.`
        }
      </p>
    </div>
    <form class="panel" method="post" action="${base}/subscriptions/${subscription.id}/cancel">
      <dl class="facts">
        <dt>Plan</dt>
        <dd>${planName(state, subscription)}</dd>
        <dt>Price</dt>
        <dd>${formatMoney(totalOf(subscription), subscription.currency)} ${periodOf(subscription)}</dd>
        <dt>Ends on</dt>
        <dd>${mode === 'immediately' ? 'Today' : end}</dd>
      </dl>
      ${
        reason.enabled
          ? html`<fieldset>
              <legend>Why are you leaving? <span class="soft">(optional)</span></legend>
              ${reason.options.map(
                (option) =>
                  html`<label class="choice"
                    ><input type="radio" name="feedback" value="${option}" /> ${reasonWords[option] ?? option}</label
                  >`,
              )}
            </fieldset>`
          : ''
      }
      <div class="actions">
        <button class="button danger">Cancel plan</button>
        <a class="button" href="${base}?home">Keep plan</a>
      </div>
    </form>`;
}

export function changeForm(
  state: State,
  features: Features,
  subscription: Subscription,
  base: string,
  chosen: { price?: string | undefined; quantity?: string | undefined },
): Html {
  const [item] = subscription.items.data;
  const choices = planChoices(state, features, subscription);
  const adjustable = choices.find((choice) => choice.quantity !== null)?.quantity;
  const selected = chosen.price ?? item?.price.id;
  const timing: Record<string, string> = {
    always_invoice: 'The difference for the rest of this period is charged now.',
    create_prorations: 'The difference for the rest of this period comes with your next invoice.',
    none: 'The new price applies from your next renewal on.',
  };
  const trial =
    features.subscription_update.trial_update_behavior === 'end_trial'
      ? 'Your free trial ends with the change, and the new plan is charged now.'
      : 'Your free trial goes on. The new price applies when it ends.';
  const puts = features.subscription_update.schedule_at_period_end.conditions.length > 0;
  return html`<div>
      <h1>Change plan</h1>
      <p class="lede">
        ${subscription.status === 'trialing' ? trial : timing[features.subscription_update.proration_behavior]}
        ${
          puts && subscription.status !== 'trialing'
            ? `A smaller or shorter plan begins when this period ends, on ${formatDate(periodEnd(subscription))}.`
            : ''
        }
      </p>
    </div>
    <form class="panel" method="post" action="${base}/subscriptions/${subscription.id}/update">
      <fieldset>
        <legend>Plan</legend>
        ${choices.map(
          ({ price, quantity }) =>
            html`<label class="choice">
              <input type="radio" name="price" value="${price.id}" ${price.id === selected ? 'checked' : ''} />
              <span class="choice-text">
                <span>${state.products.get(price.product)?.name}</span>
                <span class="small soft">
                  ${formatMoney(price.unit_amount ?? 0, price.currency)} /
                  ${formatInterval(price.recurring?.interval ?? 'month', price.recurring?.interval_count ?? 1)}
                </span>
                <span class="small soft"
                  >${dueNow(state, features, subscription, { price, quantity }, chosen.quantity)}</span
                >
              </span>
              ${price.id === item?.price.id ? html`<span class="pill">Current</span>` : ''}
            </label>`,
        )}
      </fieldset>
      ${
        adjustable
          ? html`<div class="field">
              <label for="quantity">Quantity</label>
              <input
                id="quantity"
                name="quantity"
                type="number"
                inputmode="numeric"
                min="${adjustable.minimum}"
                ${adjustable.maximum === null ? '' : html`max="${adjustable.maximum}"`}
                value="${chosen.quantity ?? item?.quantity ?? 1}"
              />
            </div>`
          : ''
      }
      <div class="actions">
        <button class="button primary">Change plan</button>
        <a class="button" href="${base}?home">Go back</a>
      </div>
    </form>`;
}

/** The charge of a change that happens at once. Nothing for the plan as it stands, or where the charge comes later. */
function dueNow(
  state: State,
  features: Features,
  subscription: Subscription,
  { price, quantity: adjustable }: PlanChoice,
  chosen: string | undefined,
): string {
  const [item] = subscription.items.data;
  const customer = state.customers.get(subscription.customer);
  const { proration_behavior: proration } = features.subscription_update;
  if (!item || !customer || subscription.status === 'trialing' || proration !== 'always_invoice') return '';
  const quantity = (adjustable && Number(chosen)) || (item.quantity ?? 1);
  if (price.id === item.price.id && quantity === item.quantity) return '';
  if (isPutOff(features, subscription, price, quantity)) return '';
  const { amount_due: amount } = previewInvoice(state, {
    customer,
    subscription,
    changes: [{ id: item.id, price, quantity }],
    proration: 'always_invoice',
    at: state.clock.seconds(),
    discounts: undefined,
    automaticTax: undefined,
    cancels: false,
  });
  return `${formatMoney(amount, price.currency)} due now${quantity > 1 ? ` for ${quantity}` : ''}`;
}

const lengthWords: Record<string, string> = { day: 'day', week: 'week', month: 'month', year: 'year' };

/** How long a pause may last, as the configuration says: until further notice, or one of some lengths. */
export function pauseForm(state: State, features: Features, subscription: Subscription, base: string): Html {
  const { type, interval_options: options } = features.subscription_pause.duration;
  const now = state.clock.seconds();
  return html`<div>
      <h1>Pause ${planName(state, subscription)}?</h1>
      <p class="lede">
        Your plan stops at once and nothing more is charged. What you have paid for and not used is taken off the first
        invoice after the pause.
      </p>
    </div>
    <form class="panel" method="post" action="${base}/subscriptions/${subscription.id}/pause">
      ${
        type === 'interval_options' && options.length > 0
          ? html`<fieldset>
              <legend>Pause for</legend>
              ${options.map(({ interval, interval_count: count }, index) => {
                const unit = lengthWords[interval] ?? interval;
                return html`<label class="choice"
                  ><input type="radio" name="length" value="${index}" ${index === 0 ? 'checked' : ''} /><span
                    class="choice-text"
                    ><span>${count === 1 ? `1 ${unit}` : `${count} ${unit}s`}</span
                    ><span class="small soft">Resumes on ${formatDate(addInterval(now, interval, count))}</span></span
                  ></label
                >`;
              })}
            </fieldset>`
          : html`<p class="soft">The pause lasts until you resume your plan here.</p>`
      }
      <div class="actions">
        <button class="button primary">Pause plan</button>
        <a class="button" href="${base}?home">Keep plan</a>
      </div>
    </form>`;
}
