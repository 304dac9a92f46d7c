/** Checkout's page: the order, the card, the bank's question, and the end of it. */

import { html } from 'hono/html';
import { addInterval, daySeconds } from '../engine/periods.ts';
import { formatDate, formatInterval, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { CheckoutOrder, CheckoutSession } from '../state/wire.ts';
import { cardFields, testCards } from './card-fields.ts';
import type { Html } from './layout.ts';

export interface Visit {
  readonly session: CheckoutSession;
  order: CheckoutOrder;
  /** The session's address, as a path. */
  readonly base: string;
}

/** Where the way back leads. */
export const leaving = (session: CheckoutSession): string | null =>
  session.cancel_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? null;

export const asksForCard = (session: CheckoutSession, order: CheckoutOrder): boolean =>
  session.payment_method_collection === 'always' ||
  (session.mode === 'setup' ? true : order.trial === null && (session.amount_total ?? 0) > 0);

export function orderPage(state: State, visit: Visit): Html {
  const { session, order, base } = visit;
  const verb = { payment: 'Pay', setup: 'Save card', subscription: order.trial ? 'Start trial' : 'Subscribe' }[
    session.mode as 'payment' | 'setup' | 'subscription'
  ];
  const email = session.customer_details?.email;
  const shortVerb = order.trial ? 'Start' : verb.replace(' card', '');
  return html`${heading(state, visit)} ${session.mode === 'setup' ? '' : summary(visit)}
    <form class="panel pay" method="post" action="${base}" novalidate>
      ${
        email
          ? html`<dl class="facts">
              <dt>E-mail</dt>
              <dd>${email}</dd>
            </dl>`
          : ''
      }
      ${asksForCard(session, order) ? cardFields() : html`<p class="soft">No card is needed to start.</p>`}
      ${addressFields(session)} ${taxIdFields(session)} ${consentFields(state, session)}
      <button class="button primary wide">${verb}</button>
      ${asksForCard(session, order) ? testCards(`${shortVerb} with`) : ''}
    </form>`;
}

function heading(state: State, { session, order }: Visit): Html {
  const currency = session.currency ?? 'eur';
  const names = order.items.map(({ line }) => line.description).join(' + ');
  if (session.mode === 'setup') return html`<div class="stack"><h1>Save a card</h1></div>`;
  const total = order.items.reduce((sum, { line }) => sum + line.amount_total, 0);
  if (session.mode === 'payment') {
    return html`<div class="stack">
      <h1>Pay for ${names}</h1>
      <p class="amount">${formatMoney(total, currency)}</p>
    </div>`;
  }
  const { interval = 'month', interval_count: count = 1 } = order.items[0]?.price.recurring ?? {};
  const every = everyOf(order);
  const now = state.clock.seconds();
  const trialEnd =
    order.trial === null ? null : 'days' in order.trial ? now + order.trial.days * daySeconds : order.trial.end;
  const trialDays = trialEnd === null ? 0 : Math.round((trialEnd - now) / daySeconds);
  return html`<div class="stack">
    <h1>Subscribe to ${names}</h1>
    ${
      trialEnd === null
        ? html`<p class="amount">${formatMoney(total, currency)} <small class="per">${every}</small></p>
            <p class="soft">
              Renews on ${formatDate(addInterval(now, interval, count))} and can be canceled any time.
            </p>`
        : html`<p class="amount">${trialDays} days free</p>
            <p class="soft">Then ${formatMoney(total, currency)} ${every}, from ${formatDate(trialEnd)} on.</p>`
    }
  </div>`;
}

function everyOf(order: CheckoutOrder): string {
  const { interval = 'month', interval_count: count = 1 } = order.items[0]?.price.recurring ?? {};
  return `${count === 1 ? 'per ' : ''}${formatInterval(interval, count)}`;
}

function summary({ session, order, base }: Visit): Html {
  const currency = session.currency ?? 'eur';
  const every = session.mode === 'subscription' ? ` ${everyOf(order)}` : '';
  const { amount_discount: discount = 0, amount_tax: tax = 0 } = session.total_details ?? {};
  const row = (words: string, amount: number): Html =>
    html`<tr>
      <td>${words}</td>
      <td class="end">${formatMoney(amount, currency)}</td>
    </tr>`;
  const adjustable = order.items.some((item) => item.adjustable) || session.allow_promotion_codes === true;
  return html`<section aria-labelledby="order">
    <h2 id="order">Order summary</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">${session.mode === 'subscription' ? 'Plan' : 'Item'}</th>
          <th scope="col" class="end">Amount</th>
        </tr>
      </thead>
      <tbody>
        ${order.items.map(
          ({ price, quantity, line }) =>
            html`<tr>
              <td>
                ${line.description}
                <div class="small soft">${quantity} × ${formatMoney(price.unit_amount ?? 0, currency)}${every}</div>
              </td>
              <td class="end">${formatMoney(line.amount_subtotal, currency)}</td>
            </tr>`,
        )}
      </tbody>
      <tfoot>
        ${discount > 0 ? row('Discount', -discount) : ''} ${tax > 0 ? row('Tax', tax) : ''}
        ${row('Due today', session.amount_total ?? 0)}
      </tfoot>
    </table>
    ${adjustable ? orderForm({ session, order, base }) : ''}
  </section>`;
}

function orderForm({ session, order, base }: Visit): Html {
  return html`<form class="panel" method="post" action="${base}/order">
    ${order.items.map(({ adjustable, quantity, line }, index) =>
      adjustable
        ? html`<div class="field">
            <label for="quantity${index}">Quantity of ${line.description}</label>
            <input
              id="quantity${index}"
              name="quantity${index}"
              type="number"
              inputmode="numeric"
              min="${adjustable.minimum}"
              max="${adjustable.maximum}"
              value="${quantity}"
            />
          </div>`
        : '',
    )}
    ${
      session.allow_promotion_codes
        ? html`<div class="field">
            <label for="promotionCode">Promotion code</label>
            <input id="promotionCode" name="promotionCode" autocomplete="off" maxlength="50" />
          </div>`
        : ''
    }
    <div class="actions"><button class="button">Update order</button></div>
  </form>`;
}

const field = (name: string, label: string, autocomplete: string): Html =>
  html`<div class="field">
    <label for="${name}">${label}</label>
    <input id="${name}" name="${name}" autocomplete="${autocomplete}" maxlength="100" />
  </div>`;

const addressFields = (session: CheckoutSession): Html =>
  session.automatic_tax.enabled || session.billing_address_collection === 'required'
    ? html`${field('country', 'Country (two letters)', 'country')} ${field('line1', 'Address', 'address-line1')}
        <div class="pair">
          ${field('postalCode', 'Postal code', 'postal-code')} ${field('city', 'City', 'address-level2')}
        </div>`
    : html``;

const taxIdFields = (session: CheckoutSession): Html =>
  session.tax_id_collection?.enabled
    ? html`${field('businessName', 'Business name', 'organization')} ${field('taxId', 'VAT number', 'off')}`
    : html``;

function consentFields(state: State, { consent_collection: consent }: CheckoutSession): Html {
  return html`${
    consent?.terms_of_service === 'required'
      ? html`<label class="check"
          ><input type="checkbox" name="terms" value="accepted" />
          <span>I accept the <a href="${state.settings.termsOfServiceUrl ?? ''}">terms of service</a></span></label
        >`
      : ''
  }
  ${
    consent?.promotions === 'auto'
      ? html`<label class="check"
          ><input type="checkbox" name="promotions" value="wanted" /> Send me news and offers</label
        >`
      : ''
  }`;
}

export const confirmPage = ({ session, base }: Visit): Html =>
  html`<div>
      <h1>Confirm with your bank</h1>
      <p class="lede">
        ${
          (session.amount_total ?? 0) > 0
            ? `Your bank wants to know that it is you who pays ${formatMoney(session.amount_total ?? 0, session.currency ?? 'eur')}.`
            : 'Your bank wants to know that it is you who saves this card.'
        }
        A real bank would send you to its app or page; here you can just answer.
      </p>
    </div>
    <form class="panel pay" method="post" action="${base}/confirm">
      <div class="actions">
        <button class="button primary" name="answer" value="confirm">Confirm</button>
        <button class="button" name="answer" value="refuse">Refuse</button>
      </div>
    </form>`;

export const completedPage = (session: CheckoutSession): Html =>
  html`<div data-page="complete">
      <h1>You are all done here</h1>
      <p class="lede">This order was completed. Nothing is charged a second time.</p>
    </div>
    <div class="actions">
      <a class="button primary" href="${(session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id)}"
        >Continue</a
      >
    </div>`;
