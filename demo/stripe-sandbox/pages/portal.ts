/** The customer portal: a session's address, and everything a person can do from there. */

import { Hono } from 'hono';
import { cancelInPortal, endSubscription, keepInPortal, type CancellationWords } from '../engine/cancellation.ts';
import { payNow } from '../engine/collection.ts';
import { saveCard } from '../engine/setup.ts';
import type { State } from '../state/state.ts';
import { chosenMethod } from './card-fields.ts';
import { changeRoutes } from './portal-change.ts';
import { cancelForm, cardForm, isReason } from './portal-forms.ts';
import { pauseRoutes } from './portal-pause.ts';
import { attempt, done, Portal, type Visit } from './portal-visit.ts';

export function createPortal(state: State): Hono {
  const pages = new Hono();
  const portal = new Portal(state);
  pages.get(
    '/:key',
    portal.visiting((c, visit) => {
      const start = state.finishedFlows.has(visit.session.id) ? null : flowStart(visit);
      if (start !== null && c.req.query('home') === undefined) return c.redirect(start, 303);
      const words = done[c.req.query('done') ?? ''];
      return portal.home(c, visit, words === undefined ? {} : { done: words });
    }),
  );
  cardRoutes(pages, portal);
  cancelRoutes(pages, portal);
  changeRoutes(pages, portal);
  pauseRoutes(pages, portal);
  payRoutes(pages, portal);
  return pages;
}

/** SUB-8: a new card leaves what is open open, unless the account's setting says otherwise. */
function cardRoutes(pages: Hono, portal: Portal): void {
  const { state } = portal;
  const title = 'Update payment method';
  pages.get(
    '/:key/payment-method',
    portal.visiting((c, visit) => portal.show(c, visit, title, cardForm(visit.base)), 'payment_method_update'),
  );
  pages.post(
    '/:key/payment-method',
    portal.visiting(async (c, visit) => {
      const typed = await c.req.parseBody();
      const problem = attempt(() => saveCard(state, visit.customer, chosenMethod(typed)));
      if (problem) return portal.show(c, visit, title, cardForm(visit.base), { problem: problem.body.message });
      const open = state.invoices.of(visit.customer.id, (row) => row.status === 'open');
      if (state.settings.portal.newCardPaysOpenInvoice)
        for (const invoice of open) attempt(() => payNow(state, invoice, undefined));
      return portal.finished(c, visit, open.some((invoice) => invoice.status === 'open') ? 'cardButDue' : 'card');
    }, 'payment_method_update'),
  );
}

/** SUB-13 and its undoing. */
function cancelRoutes(pages: Hono, portal: Portal): void {
  const { state } = portal;
  pages.get(
    '/:key/subscriptions/:subscription/cancel',
    portal.aboutSubscription((c, visit, subscription) => {
      const form = cancelForm(state, visit.configuration.features, subscription, visit.base);
      return portal.show(c, visit, 'Cancel plan', form);
    }, 'subscription_cancel'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/cancel',
    portal.aboutSubscription(async (c, visit, subscription) => {
      const words = wordsFrom(await c.req.parseBody());
      const { mode } = visit.configuration.features.subscription_cancel;
      if (mode === 'immediately') endSubscription(state, subscription, 'cancellation_requested', words);
      else cancelInPortal(state, subscription, words);
      return portal.finished(c, visit, 'canceled');
    }, 'subscription_cancel'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/keep',
    portal.aboutSubscription((c, visit, subscription) => {
      keepInPortal(state, subscription);
      return c.redirect(`${visit.base}?done=kept`, 303);
    }),
  );
}

function payRoutes(pages: Hono, portal: Portal): void {
  const { state } = portal;
  pages.post(
    '/:key/invoices/:invoice/pay',
    portal.visiting((c, visit) => {
      const invoice = state.invoices.get(c.req.param('invoice') ?? '');
      if (invoice?.customer !== visit.customer.id || invoice.status !== 'open') return c.redirect(visit.base, 303);
      const problem = attempt(() => payNow(state, invoice, undefined));
      if (problem === null) return c.redirect(`${visit.base}?done=paid`, 303);
      if (problem.body.code === 'invoice_payment_intent_requires_action')
        return c.redirect(invoice.hosted_invoice_url ?? visit.base, 303);
      return portal.home(c, visit, {
        problem: `${problem.body.message} You can update your payment method and try again.`,
      });
    }),
  );
}

/** Where a session with `flow_data` begins; other flows begin at home. */
function flowStart({ session: { flow }, base }: Visit): string | null {
  if (flow?.type === 'payment_method_update') return `${base}/payment-method`;
  if (flow?.subscription_cancel) return `${base}/subscriptions/${flow.subscription_cancel.subscription}/cancel`;
  if (flow?.subscription_update) return `${base}/subscriptions/${flow.subscription_update.subscription}/update`;
  if (flow?.subscription_pause) return `${base}/subscriptions/${flow.subscription_pause.subscription}/pause`;
  const confirm = flow?.subscription_update_confirm;
  if (!confirm) return null;
  const [item] = confirm.items;
  const chosen = new URLSearchParams();
  if (item?.price) chosen.set('price', item.price);
  if (item?.quantity !== undefined) chosen.set('quantity', String(item.quantity));
  return `${base}/subscriptions/${confirm.subscription}/update?${chosen.toString()}`;
}

function wordsFrom(form: Record<string, unknown>): CancellationWords {
  const feedback = String(form['feedback'] ?? '');
  return isReason(feedback) ? { feedback: feedback as NonNullable<CancellationWords['feedback']> } : {};
}
