/** The pages that people see: the customer portal, Checkout and the hosted invoice. Rendered here, no script in the browser. */

import { Hono } from 'hono';
import type { State } from '../state/state.ts';
import { createCheckoutPages } from './checkout.ts';
import { deadEnd } from './dead-end.ts';
import { createInvoicePages } from './invoice.ts';
import { createPortal } from './portal.ts';
import { STYLE } from './style.ts';

export function createPages(state: State): Hono {
  const pages = new Hono();
  pages.get('/hosted.css', (context) =>
    context.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' }),
  );
  pages.route('/p/session', createPortal(state));
  pages.route('/i', createInvoicePages(state));
  pages.route('/c', createCheckoutPages(state));
  pages.get('/p/*', (context) => deadEnd(context, state, 'unknown'));
  pages.get('/i/*', (context) => deadEnd(context, state, 'unknown'));
  pages.get('/c/*', (context) => deadEnd(context, state, 'unknownCheckout'));
  return pages;
}
