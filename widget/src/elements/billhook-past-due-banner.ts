import { html, nothing, type TemplateResult } from 'lit/html.js';
import { BillhookElement } from './billhook-element.ts';
import type { BillingView } from '../view/present.ts';
import { banner, failure, note } from './templates/messages.ts';
import type { Localizer } from '../i18n/localizer.ts';

/**
 * Payment trouble and the way out of it, for the top of every page; takes no room while all is well, and says nothing
 * about an outage, which is not the customer's trouble.
 *
 * ```html
 * <body>
 *   <billhook-past-due-banner token-url="/billing/token"></billhook-past-due-banner>
 *   …
 * ```
 *
 * @tagname billhook-past-due-banner
 * @event {BillhookActionEvent} billhook-action - an action was pressed; `preventDefault()` hands it to the page
 * @csspart card - the box; there only with something to say, so room around it (`margin`) belongs to it and not to the element
 * @csspart banner - the trouble, and the way out
 * @csspart note - the outcome of a trip to Stripe, where no other element tells it
 * @csspart failure - the failure in words, with `retry`
 * @csspart actions - a row of buttons
 * @csspart button - every button
 * @csspart button-primary - the one that matters most
 * @csspart button-secondary - the others
 * @csspart retry - the one that asks again
 */
export class BillhookPastDueBanner extends BillhookElement {
  protected override renderBilling(view: BillingView, i18n: Localizer): TemplateResult | typeof nothing {
    if (!view.banner && !view.note) return nothing;
    return html`<div class="card" part="card">
      ${note(view.note)}${banner(view.banner, this.press, i18n, this.billing.announces)}
      ${view.banner ? failure(view.failure, this.retry, i18n) : nothing}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    readonly 'billhook-past-due-banner': BillhookPastDueBanner;
  }
}
