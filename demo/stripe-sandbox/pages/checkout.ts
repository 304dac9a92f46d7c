/** Checkout's hosted page: what is bought, the card, the bank's question, and where it all leads. */

import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { testCardNumbered, type TestMethod } from '../engine/cards.ts';
import { completeCheckout, needsConfirmation } from '../engine/checkout.ts';
import { addInterval, DAY } from '../engine/periods.ts';
import { StripeError } from '../errors.ts';
import { formatDate, formatInterval, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { CheckoutOrder, CheckoutSession } from '../state/wire.ts';
import { cardFields, chosenMethod, testCards } from './card-fields.ts';
import { deadEnd } from './dead-end.ts';
import { frame, send, type Html, type Notice } from './layout.ts';

interface Visit {
  session: CheckoutSession;
  order: CheckoutOrder;
  /** The session's address, as a path. */
  base: string;
}

export function createCheckoutPages(state: State): Hono {
  const pages = new Hono();

  /** Runs a page for an open session, or says what became of it. */
  const visiting =
    (page: (context: Context, visit: Visit) => Response | Promise<Response>) =>
    async (context: Context): Promise<Response> => {
      const id = context.req.param('session') ?? '';
      const session = state.checkoutSessions.get(id);
      const order = state.checkoutOrders.get(id);
      if (!session || !order) return deadEnd(context, state, 'unknownCheckout');
      if (session.status === 'complete') return show(context, session, completedPage(session), null);
      if (session.status === 'expired') return deadEnd(context, state, 'expiredCheckout', leaving(session));
      return page(context, { session, order, base: `/c/${id}` });
    };

  const show = (context: Context, session: CheckoutSession, content: Html, notice: Notice | null): Promise<Response> =>
    send(
      context,
      frame(
        {
          title: 'Checkout',
          business: state.settings.businessName,
          tagline: `Subscribe to ${state.settings.businessName}`,
          returnUrl: session.status === 'open' ? leaving(session) : null,
          returnWords: 'Back',
          notice,
        },
        content,
      ),
      notice?.kind === 'problem' ? 402 : 200,
    );

  const order = (context: Context, visit: Visit, problem?: string): Promise<Response> =>
    show(
      context,
      visit.session,
      orderPage(state, visit),
      problem === undefined ? null : { kind: 'problem', words: problem },
    );

  const complete = (context: Context, { session }: Visit, method: TestMethod | null, confirmed: boolean): Response => {
    completeCheckout(state, session, method, confirmed);
    return context.redirect((session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id), 303);
  };

  pages.get(
    '/:session',
    visiting((context, visit) => order(context, visit)),
  );
  pages.post(
    '/:session',
    visiting(async (context, visit) => {
      const form = await context.req.parseBody();
      try {
        const method = asksForCard(visit.session, visit.order) ? chosenMethod(form) : null;
        if (method && needsConfirmation(state, visit.session, method)) {
          visit.order.confirming = 'number' in method ? method.number : null;
          return await show(context, visit.session, confirmPage(visit), null);
        }
        return complete(context, visit, method, false);
      } catch (error) {
        if (!(error instanceof StripeError)) throw error;
        return order(context, visit, error.body.message);
      }
    }),
  );
  pages.post(
    '/:session/confirm',
    visiting(async (context, visit) => {
      const form = await context.req.parseBody();
      const card = testCardNumbered(visit.order.confirming ?? '');
      if (!card) return context.redirect(visit.base, 303);
      visit.order.confirming = null;
      if (form['answer'] !== 'confirm') {
        return order(context, visit, 'Your bank did not confirm the payment. You can try again or use another card.');
      }
      return complete(context, visit, card, true);
    }),
  );
  return pages;
}

/** Where somebody goes who does not buy. */
const leaving = (session: CheckoutSession): string | null =>
  session.cancel_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? null;

const asksForCard = (session: CheckoutSession, order: CheckoutOrder): boolean =>
  session.payment_method_collection === 'always' || order.trial === null;

function orderPage(state: State, { session, order, base }: Visit): Html {
  const currency = session.currency ?? 'eur';
  const total = order.items.reduce((sum, { line }) => sum + line.amount_total, 0);
  const { interval = 'month', interval_count: count = 1 } = order.items[0]?.price.recurring ?? {};
  const every = `${count === 1 ? 'per ' : ''}${formatInterval(interval, count)}`;
  const now = state.clock.seconds();
  const trialEnd = order.trial === null ? null : 'days' in order.trial ? now + order.trial.days * DAY : order.trial.end;
  const trialDays = trialEnd === null ? 0 : Math.round((trialEnd - now) / DAY);
  const today = formatMoney(session.amount_total ?? 0, currency);
  return html`<div class="stack">
      <h1>Subscribe to ${order.items.map(({ line }) => line.description).join(' + ')}</h1>
      ${
        trialEnd === null
          ? html`<p class="amount">${formatMoney(total, currency)} <small class="per">${every}</small></p>
              <p class="soft">
                Renews on ${formatDate(addInterval(now, interval, count))} and can be canceled any time.
              </p>`
          : html`<p class="amount">${trialDays} days free</p>
              <p class="soft">Then ${formatMoney(total, currency)} ${every}, from ${formatDate(trialEnd)} on.</p>`
      }
    </div>
    <section aria-labelledby="order">
      <h2 id="order">Order summary</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Plan</th>
            <th scope="col" class="end">Amount</th>
          </tr>
        </thead>
        <tbody>
          ${order.items.map(
            ({ price, quantity, line }) =>
              html`<tr>
                <td>
                  ${line.description}
                  <div class="small soft">${quantity} × ${formatMoney(price.unit_amount ?? 0, currency)} ${every}</div>
                </td>
                <td class="end">${formatMoney(line.amount_total, currency)}</td>
              </tr>`,
          )}
        </tbody>
        <tfoot>
          <tr>
            <td>Due today</td>
            <td class="end">${today}</td>
          </tr>
        </tfoot>
      </table>
    </section>
    <form class="panel pay" method="post" action="${base}" novalidate>
      <dl class="facts">
        <dt>E-mail</dt>
        <dd>${session.customer_details?.email ?? '–'}</dd>
      </dl>
      ${asksForCard(session, order) ? cardFields() : html`<p class="soft">No card is needed to start the trial.</p>`}
      <button class="button primary wide">${trialEnd === null ? 'Subscribe' : 'Start trial'}</button>
      ${asksForCard(session, order) ? testCards(trialEnd === null ? 'Subscribe with' : 'Start with') : ''}
    </form>`;
}

const confirmPage = ({ session, base }: Visit): Html =>
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

const completedPage = (session: CheckoutSession): Html =>
  html`<div data-page="complete">
      <h1>You are all done here</h1>
      <p class="lede">This order was completed. Nothing is charged a second time.</p>
    </div>
    <div class="actions">
      <a class="button primary" href="${(session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id)}"
        >Continue</a
      >
    </div>`;
