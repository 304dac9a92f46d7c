/**
 * The whole of the integration, as a host writes it: one script in the head, tags where they belong, and in the style
 * sheet the places that they will take (`styles/billing.css`). Elements of one account share one client: however many a
 * page has, it asks for one token and for the billing once.
 */

import { html } from 'hono/html';
import type { Markup } from './document.ts';
import type { Visitor } from './visitor.ts';

/** With the nonce that the site's CSP asks for. */
export const billhookScript = ({ billhook }: Visitor): Markup =>
  html`<script type="module" nonce="${billhook.nonce}" src="${billhook.url}/widget.js"></script>`;

/**
 * The account, on every element: the workspace that this page shows, which need not be the one that another tab has gone on
 * to since. `/billing/token` checks that it is one of the visitor's own.
 */
export const billingAccount = ({ session: { account } }: Visitor): Markup =>
  html`token-url="/billing/token?workspace=${account.id}" account="${account.id}"`;
