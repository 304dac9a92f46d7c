/** Checkout's hosted pages and their forms; their HTML is in `checkout-page.ts`. */

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

  /** Runs a page for an open session, or tells its outcome. */
  const visiting =
    (page: (c: Context, visit: Visit) => Response | Promise<Response>) =>
    async (c: Context): Promise<Response> => {
      const id = c.req.param('session') ?? '';
      const session = state.checkoutSessions.get(id);
      const order = state.checkoutOrders.get(id);
      if (!session || !order) return deadEnd(c, state, 'unknownCheckout');
      if (session.status === 'complete') return show(c, session, completedPage(session), null);
      if (session.status === 'expired') return deadEnd(c, state, 'expiredCheckout', leaving(session));
      return page(c, { session, order, base: `/c/${id}` });
    };

  const show = (c: Context, session: CheckoutSession, content: Html, notice: Notice | null): Promise<Response> =>
    send(c, framed(state, session, content, notice), notice?.kind === 'problem' ? 402 : 200);

  const order = (c: Context, visit: Visit, problem?: string): Promise<Response> =>
    show(c, visit.session, orderPage(state, visit), problem === undefined ? null : { kind: 'problem', words: problem });

  /** Runs a form's work; a refusal is told on the page of the order. */
  const orRefused = async (c: Context, visit: Visit, work: () => Response | Promise<Response>): Promise<Response> => {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof StripeError)) throw cause;
      return order(c, visit, cause.body.message);
    }
  };

  const complete = (c: Context, { session, order }: Visit, method: TestMethod | null, confirmed: boolean): Response => {
    completeCheckout(state, session, method, confirmed, order.collected ?? {});
    return c.redirect((session.success_url ?? '/').replaceAll('{CHECKOUT_SESSION_ID}', session.id), 303);
  };

  pages.get(
    '/:session',
    visiting((c, visit) => order(c, visit)),
  );
  pages.post(
    '/:session',
    visiting(async (c, visit) => {
      const form = await c.req.parseBody();
      return orRefused(c, visit, () => {
        const method = asksForCard(visit.session, visit.order) ? chosenMethod(form) : null;
        visit.order.collected = collectedFrom(form);
        if (!method || !needsConfirmation(state, visit.session, method)) return complete(c, visit, method, false);
        visit.order.confirming = 'number' in method ? method.number : null;
        return show(c, visit.session, confirmPage(visit), null);
      });
    }),
  );
  pages.post(
    '/:session/order',
    visiting(async (c, visit) => {
      const form = await c.req.parseBody();
      return orRefused(c, visit, () => {
        changeOrder(state, visit, form);
        return c.redirect(visit.base, 303);
      });
    }),
  );
  pages.post(
    '/:session/confirm',
    visiting(async (c, visit) => {
      const form = await c.req.parseBody();
      const card = testCardNumbered(visit.order.confirming ?? '');
      if (!card) return c.redirect(visit.base, 303);
      visit.order.confirming = null;
      if (form['answer'] !== 'confirm') {
        return order(c, visit, 'Your bank did not confirm the payment. You can try again or use another card.');
      }
      return complete(c, visit, card, true);
    }),
  );
  return pages;
}

const framed = (state: State, session: CheckoutSession, content: Html, notice: Notice | null): Html =>
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
  );

/** Another quantity, or a promotion code: nothing else of an order is the customer's to change. */
function changeOrder(state: State, { session, order }: Visit, form: Record<string, unknown>): void {
  order.items.forEach((item, index) => {
    const quantity = form[`quantity${index}`];
    if (item.adjustable && quantity !== undefined) chooseQuantity(state, session, order, index, Number(quantity));
  });
  const code = form['promotionCode'];
  if (session.allow_promotion_codes && typeof code === 'string') enterPromotionCode(state, session, order, code);
}

/** The entries beside a card; empty fields are left out. */
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
