/** What a real product would not have: where to switch account, and the way to the Stripe behind it. */

import { html } from 'hono/html';
import type { Visitor } from './shell.ts';
import type { Markup } from './document.ts';

export interface DemoCorner {
  /** The sandbox's address, or Stripe's Dashboard in test mode. */
  readonly stripeUrl: string;
  readonly sandbox: boolean;
}

export function demoCorner({ session: { account }, speech: { words }, path, corner }: Visitor): Markup {
  return html`<aside class="demo" aria-label="${words.demo}">
    <details>
      <summary>${words.demo}</summary>
      <div class="demo-card">
        <p>${corner.sandbox ? words.demoLead : words.demoLeadStripe}</p>
        <dl>
          <dt>${words.account}</dt>
          <dd><code>${account.id}</code></dd>
          <dt>${words.customer}</dt>
          <dd>${account.customer === null ? words.noCustomer : html`<code>${account.customer}</code>`}</dd>
        </dl>
        <ul>
          <li>
            <form method="post" action="/sign-out"><button class="link">${words.switchAccount}</button></form>
          </li>
          <li>
            <a href="${corner.stripeUrl}" target="_blank" rel="noopener"
              >${corner.sandbox ? words.openSandbox : words.openDashboard}</a
            >
          </li>
          <li>
            <a href="${path}?lang=${words.otherLang}" hreflang="${words.otherLang}" lang="${words.otherLang}"
              >${words.otherLanguage}</a
            >
          </li>
        </ul>
      </div>
    </details>
  </aside>`;
}
