/** Checkout's hosted pages and their forms; what they show is `checkout-page.ts`. */

import { Hono, type Context } from 'hono';
import { testCardNumbered, type TestMethod } from '../engine/cards.ts';
import { chooseQuantity, enterPromotionCode } from '../engine/checkout-session.ts';
import { completeCheckout, needsConfirmation } from '../engine/checkout.ts';
import { StripeError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { CheckoutSession, Collected } from '../state/wire.ts';
import { chosenMethod } from './card-fields.ts';
import { asksForCard, completedPage, confirmPage, leaving, orderPage, type Visit } from './checkout-page.ts';
import { deadEnd } from './dead-end.ts';
import { frame, send, type Html, type Notice } from './layout.ts';

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

  const complete = (
    context: Context,
    { session, order }: Visit,
    method: TestMethod | null,
    confirmed: boolean,
  ): Response => {
    completeCheckout(state, session, method, confirmed, order.collected ?? {});
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
        visit.order.collected = collectedFrom(form);
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
    '/:session/order',
    visiting(async (context, visit) => {
      const form = await context.req.parseBody();
      try {
        changeOrder(state, visit, form);
        return context.redirect(visit.base, 303);
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

/** Another quantity, or a promotion code: nothing else of an order is the customer's to change. */
function changeOrder(state: State, { session, order }: Visit, form: Record<string, unknown>): void {
  order.items.forEach((item, index) => {
    const quantity = form[`quantity${index}`];
    if (item.adjustable && quantity !== undefined) chooseQuantity(state, session, order, index, Number(quantity));
  });
  const code = form['promotionCode'];
  if (session.allow_promotion_codes && typeof code === 'string') enterPromotionCode(state, session, order, code);
}

/** What was typed beside a card; empty fields are left out. */
function collectedFrom(form: Record<string, unknown>): Collected {
  const text = (name: string): string => (typeof form[name] === 'string' ? form[name].trim() : '');
  const country = text('country');
  const taxId = text('taxId').replaceAll(/\s/g, '').toUpperCase();
  const address = {
    city: text('city') || null,
    country,
    line1: text('line1') || null,
    line2: null,
    postal_code: text('postalCode') || null,
    state: null,
  };
  return {
    ...(country === '' ? {} : { address }),
    ...(text('businessName') === '' ? {} : { businessName: text('businessName') }),
    ...(taxId === '' ? {} : { taxId: { type: 'eu_vat', value: taxId } }),
    acceptsTerms: form['terms'] === 'accepted',
    wantsPromotions: form['promotions'] === 'wanted',
  };
}
