/** A corner that a real product would not have: switching accounts, and the way to the Stripe behind it. */

import { html } from 'hono/html';
import type { Markup } from './document.ts';
import type { Visitor } from './visitor.ts';

export function demoCorner({ session: { account }, speech: { words }, path, corner }: Visitor): Markup {
  const stripe = (label: string, href: string) =>
    html`<li><a href="${href}" target="_blank" rel="noopener">${label}</a></li>`;
  return html`<aside class="demo" aria-label="${words.demo}">
    <details>
      <summary>${words.demo}</summary>
      <div class="demo-card">
        <p>${corner.sandbox ? words.demoLead : words.demoLeadStripe}</p>
        <dl>
          <dt>${words.account}</dt>
          <dd><code data-workspace="id">${account.id}</code></dd>
          <dt>${words.customer}</dt>
          <dd><code data-workspace="customer">${account.customer ?? words.noCustomer}</code></dd>
        </dl>
        <ul>
          <li>
            <form method="post" action="/sign-out"><button class="link">${words.switchAccount}</button></form>
          </li>
          ${
            corner.sandbox
              ? html`${stripe(words.openSandbox, corner.stripeUrl)}${stripe(words.openControlRoom, `${corner.stripeUrl}/sandbox`)}`
              : stripe(words.openDashboard, corner.stripeUrl)
          }
          <li><a href="/gallery">${words.openGallery}</a></li>
          <li><a href="/frameworks">${words.openFrameworks}</a></li>
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
