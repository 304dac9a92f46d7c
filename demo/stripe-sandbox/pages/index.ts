/** The pages that people see: the customer portal, Checkout and the hosted invoice. Rendered here, no script in the browser. */

import { Hono } from 'hono';
import type { State } from '../state/state.ts';
import { createCheckoutPages } from './checkout.ts';
import { deadEnd } from './dead-end.ts';
import { createInvoicePages } from './invoice.ts';
import { createPortal } from './portal.ts';
import { style } from './style.ts';

export function createPages(state: State): Hono {
  const pages = new Hono();
  pages.get('/hosted.css', (c) =>
    c.body(style, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' }),
  );
  pages.route('/p/session', createPortal(state));
  pages.route('/i', createInvoicePages(state));
  pages.route('/c', createCheckoutPages(state));
  pages.get('/p/*', (c) => deadEnd(c, state, 'unknown'));
  pages.get('/i/*', (c) => deadEnd(c, state, 'unknown'));
  pages.get('/c/*', (c) => deadEnd(c, state, 'unknownCheckout'));
  return pages;
}
