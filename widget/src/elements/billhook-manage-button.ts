import { html, nothing, type TemplateResult } from 'lit/html.js';
import { BillhookElement } from './billhook-element.ts';
import type { BillingView } from '../view/present.ts';
import { note } from './templates/messages.ts';
import { actionButton } from './templates/actions.ts';
import type { Localizer } from '../i18n/localizer.ts';

/**
 * The account's first action as one button: "Manage billing", or a more urgent one. Nothing for a token that may not manage.
 *
 * ```html
 * <nav>… <billhook-manage-button token-url="/billing/token"></billhook-manage-button></nav>
 * ```
 *
 * @tagname billhook-manage-button
 * @event {BillhookActionEvent} billhook-action - it was pressed; `preventDefault()` hands the action to the page
 * @csspart note - the outcome of a trip to Stripe, where no other element tells it
 * @csspart button - the button
 * @csspart button-primary - the same
 */
export class BillhookManageButton extends BillhookElement {
  protected override renderBilling(view: BillingView, i18n: Localizer): TemplateResult | typeof nothing {
    const action = view.banner?.actions[0] ?? view.actions[0] ?? view.offers[0]?.action;
    if (!action || view.phase === 'failed') return nothing;
    return html`${note(view.note)}
      <div class="skeleton" ?inert=${view.phase === 'loading'}>
        ${actionButton(action, 'primary', this.press, i18n)}
      </div>
      ${view.failure ? html`<p class="line" .textContent=${view.failure.text}></p>` : nothing}`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    readonly 'billhook-manage-button': BillhookManageButton;
  }
}
