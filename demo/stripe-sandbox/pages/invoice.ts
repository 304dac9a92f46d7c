/** The hosted invoice page: the debt and its lines; pay it with the card on file or another one, confirm it, see that it is paid. */

import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { resolvePaymentMethod } from '../engine/cards.ts';
import { methodFor, payNow } from '../engine/collection.ts';
import { invoiceByPageKey } from '../engine/invoices.ts';
import { intentOf } from '../engine/payments.ts';
import { saveCard } from '../engine/setup.ts';
import { StripeError } from '../errors.ts';
import { formatDate, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { Invoice } from '../state/wire.ts';
import { cardFields, cardOnFile, chosenMethod, testCards } from './card-fields.ts';
import { deadEnd } from './dead-end.ts';
import { frame, send, type Html, type Notice } from './layout.ts';
import { invoicePill } from './portal-home.ts';

export function createInvoicePages(state: State): Hono {
  const pages = new Hono();

  const withInvoice =
    (page: (c: Context, invoice: Invoice, base: string) => Response | Promise<Response>) =>
    async (c: Context): Promise<Response> => {
      const key = c.req.param('key') ?? '';
      const invoice = invoiceByPageKey(state, key);
      return invoice ? page(c, invoice, `/i/${key}`) : deadEnd(c, state, 'unknown');
    };

  const show = (c: Context, invoice: Invoice, base: string, notice: Notice | null = null): Promise<Response> =>
    send(
      c,
      frame(
        {
          title: `Invoice ${invoice.number ?? ''}`,
          business: state.settings.businessName,
          tagline: `Invoice from ${state.settings.businessName}`,
          returnUrl: null,
          notice,
        },
        invoicePage(state, invoice, base),
      ),
      notice?.kind === 'problem' ? 402 : 200,
    );

  pages.get(
    '/:key',
    withInvoice((c, invoice, base) =>
      show(
        c,
        invoice,
        base,
        c.req.query('paid') === undefined ? null : { kind: 'done', words: 'Thank you. Your payment went through.' },
      ),
    ),
  );
  pages.get(
    '/:key/pdf',
    withInvoice((c, _invoice, base) => c.redirect(base, 303)),
  );
  pages.post(
    '/:key/pay',
    withInvoice(async (c, invoice, base) => {
      if (invoice.status !== 'open') return c.redirect(base, 303);
      const form = await c.req.parseBody();
      try {
        payAsChosen(state, invoice, form);
        return c.redirect(invoice.status === 'open' ? base : `${base}?paid`, 303);
      } catch (cause) {
        if (!(cause instanceof StripeError)) throw cause;
        if (cause.body.code === 'invoice_payment_intent_requires_action') return c.redirect(base, 303);
        return show(c, invoice, base, { kind: 'problem', words: cause.body.message });
      }
    }),
  );
  pages.post(
    '/:key/confirm',
    withInvoice(async (c, invoice, base) => {
      const intent = intentOf(state, invoice);
      const method = intent?.payment_method;
      if (invoice.status !== 'open' || intent?.status !== 'requires_action' || method == null)
        return c.redirect(base, 303);
      const form = await c.req.parseBody();
      if (form['answer'] === 'refuse') {
        intent.status = 'requires_payment_method';
        intent.next_action = null;
        return show(c, invoice, base, {
          kind: 'problem',
          words: 'Your bank did not confirm the payment. You can try again or use another card.',
        });
      }
      payNow(state, invoice, resolvePaymentMethod(state, method), true);
      return c.redirect(`${base}?paid`, 303);
    }),
  );
  return pages;
}

/** With the card on file, or with the one that was entered, which is kept. */
function payAsChosen(state: State, invoice: Invoice, form: Record<string, unknown>): void {
  const customer = state.customers.get(invoice.customer ?? '');
  if (form['method'] === 'onFile' && form['testCard'] === undefined) payNow(state, invoice, undefined);
  else if (customer) payNow(state, invoice, saveCard(state, customer, chosenMethod(form)));
}

function invoicePage(state: State, invoice: Invoice, base: string): Html {
  const open = invoice.status === 'open';
  const standing = intentOf(state, invoice)?.status;
  const confirm = open && standing === 'requires_action';
  const processing = open && standing === 'processing';
  return html`<div class="stack">
      <div class="plan-head">
        <h1 class="invoice-number">Invoice ${invoice.number}</h1>
        ${invoicePill(invoice, processing)}
      </div>
      <p class="amount">${formatMoney(open ? invoice.amount_remaining : invoice.amount_due, invoice.currency)}</p>
      <p class="soft">
        ${processing ? 'Your payment is on its way. Banks take some days; there is nothing to do.' : whenOf(invoice)}
      </p>
    </div>
    ${confirm ? confirmForm(invoice, base) : open && !processing ? payForm(state, invoice, base) : ''}
    <section aria-labelledby="details">
      <h2 id="details">Details</h2>
      <dl class="facts">
        <dt>To</dt>
        <dd>${invoice.customer_name ?? invoice.customer_email ?? '–'}</dd>
        <dt>From</dt>
        <dd>${invoice.account_name}</dd>
        <dt>Issued</dt>
        <dd>${formatDate(invoice.effective_at ?? invoice.created)}</dd>
      </dl>
    </section>
    <section aria-labelledby="lines">
      <h2 id="lines">Items</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Description</th>
            <th scope="col" class="end">Amount</th>
          </tr>
        </thead>
        <tbody>
          ${invoice.lines.data.map(
            (line) =>
              html`<tr>
                <td>
                  ${line.description}
                  ${
                    line.period.end > line.period.start
                      ? html`<div class="small soft">
                          ${formatDate(line.period.start)} – ${formatDate(line.period.end)}
                        </div>`
                      : ''
                  }
                </td>
                <td class="end">${formatMoney(line.amount, line.currency)}</td>
              </tr>`,
          )}
        </tbody>
        <tfoot>
          <tr>
            <td>Total</td>
            <td class="end">${formatMoney(invoice.total, invoice.currency)}</td>
          </tr>
          ${
            invoice.amount_due === invoice.total
              ? ''
              : html`<tr>
                  <td>${invoice.total < 0 ? 'Kept as credit' : 'Applied balance'}</td>
                  <td class="end">${formatMoney(invoice.amount_due - invoice.total, invoice.currency)}</td>
                </tr>`
          }
          ${
            invoice.amount_paid > 0
              ? html`<tr>
                  <td>Paid</td>
                  <td class="end">${formatMoney(invoice.amount_paid, invoice.currency)}</td>
                </tr>`
              : ''
          }
        </tfoot>
      </table>
    </section>`;
}

function whenOf(invoice: Invoice): string {
  const { paid_at: paidAt, voided_at: voidedAt } = invoice.status_transitions;
  if (paidAt !== null) return `Paid on ${formatDate(paidAt)}`;
  if (voidedAt !== null) return `Voided on ${formatDate(voidedAt)}`;
  return invoice.next_payment_attempt === null
    ? 'Due now'
    : `Due now. The next automatic attempt is on ${formatDate(invoice.next_payment_attempt)}.`;
}

function payForm(state: State, invoice: Invoice, base: string): Html {
  const method = methodFor(state, invoice);
  const amount = formatMoney(invoice.amount_remaining, invoice.currency);
  return html`<form class="panel pay" method="post" action="${base}/pay" novalidate>
    ${
      method
        ? html`<fieldset>
            <legend>Pay with</legend>
            <label class="choice"
              ><input type="radio" name="method" value="onFile" checked /><span class="choice-text"
                >${cardOnFile(method)}</span
              ></label
            >
            <label class="choice"
              ><input type="radio" name="method" value="new" /><span class="choice-text">Another card</span></label
            >
          </fieldset>`
        : ''
    }
    <div class="new-card">${cardFields()}</div>
    <button class="button primary wide">Pay ${amount}</button>
    <div class="new-card">${testCards('Pay with')}</div>
  </form>`;
}

const confirmForm = (invoice: Invoice, base: string): Html =>
  html`<form class="panel pay" method="post" action="${base}/confirm">
    <div class="stack">
      <h2>Confirm with your bank</h2>
      <p class="soft">
        Your bank wants to know that it is you who pays ${formatMoney(invoice.amount_remaining, invoice.currency)}. A
        real bank would send you to its app or page; here you can just answer.
      </p>
    </div>
    <div class="actions">
      <button class="button primary" name="answer" value="confirm">Confirm payment</button>
      <button class="button" name="answer" value="refuse">Refuse</button>
    </div>
  </form>`;
