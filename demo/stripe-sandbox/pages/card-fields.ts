/** The card form, with the test cards explained. */

import { html } from 'hono/html';
import { testDebitNumbered } from '../engine/bank-debits.ts';
import { testCardNumbered, type TestCard, type TestMethod } from '../engine/cards.ts';
import { StripeError } from '../errors.ts';
import type { PaymentMethod } from '../state/wire.ts';
import { brandName, type Html } from './layout.ts';

/** The cards that the page offers, each with its effect. */
const shownCards: readonly { number: string; says: string }[] = [
  { number: '4242 4242 4242 4242', says: 'Visa. Every payment works.' },
  { number: '4000 0000 0000 0341', says: 'Can be saved, but every payment fails.' },
  { number: '4000 0025 0000 3155', says: 'Asks you to confirm each payment with the bank.' },
  { number: '4000 0000 0000 0002', says: 'Declined at once.' },
  { number: 'DE89 3704 0044 0532 0130 00', says: 'A bank account. Each payment takes some days.' },
];

export function cardFields(options: { typed?: string } = {}): Html {
  return html`<div class="field">
      <label for="number">Card number</label>
      <input
        id="number"
        name="number"
        inputmode="numeric"
        autocomplete="cc-number"
        placeholder="1234 1234 1234 1234"
        value="${options.typed ?? ''}"
        maxlength="34"
        dir="ltr"
      />
    </div>
    <div class="pair">
      <div class="field">
        <label for="expiry">Expiry</label>
        <input
          id="expiry"
          name="expiry"
          inputmode="numeric"
          autocomplete="cc-exp"
          placeholder="MM / YY"
          maxlength="7"
          dir="ltr"
        />
      </div>
      <div class="field">
        <label for="cvc">Security code</label>
        <input
          id="cvc"
          name="cvc"
          inputmode="numeric"
          autocomplete="cc-csc"
          placeholder="CVC"
          maxlength="4"
          dir="ltr"
        />
      </div>
    </div>`;
}

/** Ready-made cards, one press each. `verb` is what pressing does: "Save", "Pay". */
export function testCards(verb: string): Html {
  return html`<div class="tests">
    <h2>Test cards</h2>
    ${shownCards.map(
      (card) =>
        html`<div class="test-card">
          <p class="small"><code dir="ltr">${card.number}</code><span class="soft">${card.says}</span></p>
          <button class="button quiet" name="testCard" value="${card.number}" formnovalidate>
            ${verb}<span class="soft">&nbsp;…${card.number.replaceAll(' ', '').slice(-4)}</span>
          </button>
        </div>`,
    )}
    <p class="small soft">Any expiry date and security code will do. Real cards are refused.</p>
  </div>`;
}

/** The card (or account) that was chosen or typed. Real numbers never get further than this. */
export function chosenMethod(form: Record<string, unknown>): TestMethod {
  const number = String(form['testCard'] ?? form['number'] ?? '');
  const debit = testDebitNumbered(number);
  if (debit) return debit;
  const card = testCardNumbered(number);
  // A card of the list is pressed, with whatever stands in the fields.
  if (card) return form['testCard'] ? card : { ...card, ...typedExpiry(String(form['expiry'] ?? '')) };
  const message =
    number.trim() === ''
      ? 'Enter a card number, or choose a test card below.'
      : 'Your card number is incorrect. Only the test cards below work here.';
  throw new StripeError(402, { type: 'card_error', code: 'incorrect_number', message });
}

/** @example typedExpiry('12 / 34'); // { expires: { month: 12, year: 2034 } } */
function typedExpiry(typed: string): Pick<TestCard, 'expires'> {
  const [, month, year] = /^\s*(0?[1-9]|1[0-2])\s*\/?\s*(?:20)?(\d\d)\s*$/.exec(typed) ?? [];
  return month === undefined ? {} : { expires: { month: Number(month), year: 2000 + Number(year) } };
}

/** @example methodName(method); // 'Visa ending in 4242' */
export const methodName = (method: PaymentMethod): string =>
  method.sepa_debit
    ? `bank account ending in ${method.sepa_debit.last4}`
    : `${brandName(method.card?.brand)} ending in ${method.card?.last4 ?? ''}`;

export function cardOnFile(method: PaymentMethod): Html {
  if (method.sepa_debit) {
    return html`<span class="card">
      <span class="card-brand" aria-hidden="true">SEPA</span>
      <span class="card-text">
        <span>Bank account <span dir="ltr">•••• ${method.sepa_debit.last4}</span></span>
        <span class="small soft">Direct debit</span>
      </span>
    </span>`;
  }
  const { brand, last4, exp_month: month = 1, exp_year: year = 2030 } = method.card ?? {};
  return html`<span class="card">
    <span class="card-brand" aria-hidden="true">${brand === 'mastercard' ? 'MC' : brandName(brand)}</span>
    <span class="card-text">
      <span>${brandName(brand)} <span dir="ltr">•••• ${last4}</span></span>
      <span class="small soft">Expires ${String(month).padStart(2, '0')}/${year}</span>
    </span>
  </span>`;
}
