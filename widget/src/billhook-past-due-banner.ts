import { html, nothing, type TemplateResult } from 'lit';
import { BillhookElement } from './billhook-element.ts';
import type { BillingView } from './presentation.ts';
import { banner, failure } from './templates/messages.ts';
import type { Speech } from './words.ts';

/**
 * Payment trouble and the way out of it, for the top of every page; takes no room while all is well, and says nothing
 * about an outage, which is not the customer's trouble.
 *
 * @event {BillhookChangeEvent} billhook-change - the billing that is shown has changed
 * @event {BillhookActionEvent} billhook-action - an action was pressed; cancelable
 * @event {BillhookErrorEvent} billhook-error - something failed; `code` says what
 * @csspart banner - the box
 * @csspart button - its buttons
 */
export class BillhookPastDueBanner extends BillhookElement {
  protected override renderBilling(view: BillingView, speech: Speech): TemplateResult | typeof nothing {
    if (!view.banner) return nothing;
    return html`<div class="card">
      ${banner(view.banner, this.press, speech, this.billing.announces)} ${failure(view.failure, this.retry, speech)}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'billhook-past-due-banner': BillhookPastDueBanner;
  }
}
