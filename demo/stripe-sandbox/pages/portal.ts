/** The customer portal: a session's address, and everything a person can do from there. */

import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { cancelInPortal, endSubscription, keepInPortal, type CancellationWords } from '../engine/cancellation.ts';
import { payNow } from '../engine/collection.ts';
import { visitSession } from '../engine/portal.ts';
import { saveCard } from '../engine/setup.ts';
import { isTerminal, periodEnd } from '../engine/subscription-status.ts';
import { StripeError } from '../http/errors.ts';
import { formatDate, formatMoney } from '../money.ts';
import type { State } from '../state.ts';
import type { Customer, Invoice, PortalConfiguration, PortalSession, Subscription } from '../wire.ts';
import { cardFields, chosenCard, testCards } from './card-fields.ts';
import { frame, send, type Html, type Notice } from './layout.ts';
import { periodOf, planName, portalHome, totalOf } from './portal-home.ts';
import { deadEnd } from './dead-end.ts';

interface Visit {
  session: PortalSession;
  configuration: PortalConfiguration;
  customer: Customer;
  base: string;
}

const DONE: Record<string, string> = {
  card: 'Your payment method was updated.',
  cardButDue: 'Your payment method was updated. The open invoice is not paid yet: you can pay it below.',
  paid: 'Thank you. Your payment went through.',
  canceled: 'Your plan was canceled. You can use it until it ends.',
  kept: 'Good to have you back. Your plan renews as before.',
};

const REASONS: Record<string, string> = {
  too_expensive: 'It’s too expensive',
  missing_features: 'I need more features',
  switched_service: 'I found an alternative',
  unused: 'I don’t use it enough',
  customer_service: 'Customer service was less than expected',
  too_complex: 'It’s hard to use',
  low_quality: 'The quality was less than expected',
  other: 'Other reason',
};

export function createPortal(state: State): Hono {
  const pages = new Hono();

  /** Runs a page for a living session, or says why there is none. */
  const visiting =
    (page: (context: Context, visit: Visit) => Response | Promise<Response>) =>
    async (context: Context): Promise<Response> => {
      const key = context.req.param('key') ?? '';
      const found = visitSession(state, key);
      if (found === 'unknown' || found === 'expired') return deadEnd(context, state, found);
      const customer = state.customers.get(found.session.customer);
      if (!customer) return deadEnd(context, state, 'expired');
      return page(context, { ...found, customer, base: `/p/session/${key}` });
    };

  const show = (
    context: Context,
    visit: Visit,
    title: string,
    content: Html,
    notice: Notice | null = null,
    status: 200 | 402 = 200,
  ): Promise<Response> =>
    send(
      context,
      frame(
        {
          title,
          business: state.settings.businessName,
          tagline:
            visit.configuration.business_profile.headline ?? `Manage your billing with ${state.settings.businessName}`,
          returnUrl: visit.session.return_url,
          notice,
        },
        content,
      ),
      status,
    );

  const home = (context: Context, visit: Visit, notice: Notice | null, status: 200 | 402 = 200): Promise<Response> =>
    show(
      context,
      visit,
      'Billing',
      portalHome({ state, customer: visit.customer, features: visit.configuration.features, base: visit.base }),
      notice,
      status,
    );

  /** PORT-2: where a finished flow leads. Without a flow, or once it is done, home. */
  const finished = (context: Context, visit: Visit, done: string): Response | Promise<Response> => {
    const flow = visit.session.flow;
    const first = flow !== null && !state.finishedFlows.has(visit.session.id);
    if (first) state.finishedFlows.add(visit.session.id);
    const after = first ? flow.after_completion : null;
    if (after?.type === 'redirect' && after.redirect) return context.redirect(after.redirect.return_url, 303);
    if (after?.type === 'hosted_confirmation') {
      return show(
        context,
        visit,
        'Done',
        html`<div>
          <h1>Done</h1>
          <p class="lede">${after.hosted_confirmation?.custom_message ?? DONE[done]}</p>
        </div>`,
      );
    }
    return context.redirect(`${visit.base}?done=${done}`, 303);
  };

  pages.get(
    '/:key',
    visiting((context, visit) => {
      const start = state.finishedFlows.has(visit.session.id) ? null : flowStart(visit);
      if (start !== null && context.req.query('home') === undefined) return context.redirect(start, 303);
      const done = DONE[context.req.query('done') ?? ''];
      return home(context, visit, done === undefined ? null : { kind: 'done', words: done });
    }),
  );

  const cardForm = (context: Context, visit: Visit, problem: string | null): Promise<Response> =>
    show(
      context,
      visit,
      'Update payment method',
      cardPage(visit),
      problem === null ? null : { kind: 'problem', words: problem },
      problem === null ? 200 : 402,
    );
  pages.get(
    '/:key/payment-method',
    visiting((context, visit) => cardForm(context, visit, null)),
  );
  pages.post(
    '/:key/payment-method',
    visiting(async (context, visit) => {
      const form = await context.req.parseBody();
      try {
        saveCard(state, visit.customer, chosenCard(form));
      } catch (error) {
        if (error instanceof StripeError) return cardForm(context, visit, error.body.message);
        throw error;
      }
      const open = state.invoices.list((row) => row.customer === visit.customer.id && row.status === 'open');
      if (state.settings.portal.newCardPaysOpenInvoice) for (const invoice of open) tryToPay(state, invoice);
      const stillOpen = open.some((invoice) => invoice.status === 'open');
      return finished(context, visit, stillOpen ? 'cardButDue' : 'card');
    }),
  );

  /** The session's own subscription: an id of somebody else's is as good as none. */
  const withSubscription = (
    page: (context: Context, visit: Visit, subscription: Subscription) => Response | Promise<Response>,
  ) =>
    visiting((context, visit) => {
      const subscription = state.subscriptions.get(context.req.param('subscription') ?? '');
      if (!subscription || subscription.customer !== visit.customer.id || isTerminal(subscription))
        return context.redirect(visit.base, 303);
      return page(context, visit, subscription);
    });

  pages.get(
    '/:key/subscriptions/:subscription/cancel',
    withSubscription((context, visit, subscription) =>
      show(context, visit, 'Cancel plan', cancelPage(state, visit, subscription)),
    ),
  );
  pages.post(
    '/:key/subscriptions/:subscription/cancel',
    withSubscription(async (context, visit, subscription) => {
      const { subscription_cancel: feature } = visit.configuration.features;
      if (!feature.enabled) return context.redirect(visit.base, 303);
      const form = await context.req.parseBody();
      const words = wordsFrom(form);
      if (feature.mode === 'immediately') endSubscription(state, subscription, 'cancellation_requested', words);
      else cancelInPortal(state, subscription, words);
      return finished(context, visit, 'canceled');
    }),
  );
  pages.post(
    '/:key/subscriptions/:subscription/keep',
    withSubscription((context, visit, subscription) => {
      keepInPortal(state, subscription);
      return context.redirect(`${visit.base}?done=kept`, 303);
    }),
  );

  pages.post(
    '/:key/invoices/:invoice/pay',
    visiting((context, visit) => {
      const invoice = state.invoices.get(context.req.param('invoice') ?? '');
      if (!invoice || invoice.customer !== visit.customer.id || invoice.status !== 'open')
        return context.redirect(visit.base, 303);
      const problem = tryToPay(state, invoice);
      if (problem === null) return context.redirect(`${visit.base}?done=paid`, 303);
      if (problem.body.code === 'invoice_payment_intent_requires_action')
        return context.redirect(invoice.hosted_invoice_url ?? visit.base, 303);
      return home(
        context,
        visit,
        { kind: 'problem', words: `${problem.body.message} You can update your payment method and try again.` },
        402,
      );
    }),
  );
  return pages;
}

/** Pays with the card on file; answers what went wrong. */
function tryToPay(state: State, invoice: Invoice): StripeError | null {
  try {
    payNow(state, invoice, undefined);
    return null;
  } catch (error) {
    if (error instanceof StripeError) return error;
    throw error;
  }
}

/** Where a session with `flow_data` begins; other flows begin at home. */
function flowStart({ session, base }: Visit): string | null {
  if (session.flow?.type === 'payment_method_update') return `${base}/payment-method`;
  if (session.flow?.subscription_cancel)
    return `${base}/subscriptions/${session.flow.subscription_cancel.subscription}/cancel`;
  return null;
}

const cardPage = (visit: Visit): Html =>
  html`<div>
      <h1>Update payment method</h1>
      <p class="lede">
        The new card becomes the one that pays for your plan. An invoice that is still open stays open until you pay it.
      </p>
    </div>
    <form class="panel" method="post" action="${visit.base}/payment-method" novalidate>
      ${cardFields()}
      <div class="actions">
        <button class="button primary">Save card</button>
        <a class="button" href="${visit.base}?home">Go back</a>
      </div>
      ${testCards('Save')}
    </form>`;

function cancelPage(state: State, visit: Visit, subscription: Subscription): Html {
  const { cancellation_reason: reason, mode } = visit.configuration.features.subscription_cancel;
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
    <form class="panel" method="post" action="${visit.base}/subscriptions/${subscription.id}/cancel">
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
                    ><input type="radio" name="feedback" value="${option}" /> ${REASONS[option] ?? option}</label
                  >`,
              )}
            </fieldset>`
          : ''
      }
      <div class="actions">
        <button class="button danger">Cancel plan</button>
        <a class="button" href="${visit.base}?home">Keep plan</a>
      </div>
    </form>`;
}

function wordsFrom(form: Record<string, unknown>): CancellationWords {
  const feedback = String(form['feedback'] ?? '');
  return feedback in REASONS ? { feedback: feedback as NonNullable<CancellationWords['feedback']> } : {};
}
