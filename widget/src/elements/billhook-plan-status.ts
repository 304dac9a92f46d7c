import { html, type TemplateResult } from 'lit';
import { BillhookElement } from './billhook-element.ts';
import type { BillingView } from '../view/present.ts';
import { failure } from './templates/messages.ts';
import { plan } from './templates/plan.ts';
import type { Localizer } from '../i18n/localizer.ts';

/**
 * Plan, price and status, without buttons.
 *
 * ```html
 * <billhook-plan-status token-url="/billing/token"></billhook-plan-status>
 * ```
 *
 * @tagname billhook-plan-status
 * @csspart plan - name, status, dates and price
 * @csspart name - the plan's name
 * @csspart status - the pill beside it
 * @csspart line - a date or a note
 * @csspart price - the price and its interval
 * @csspart failure - the failure in words, with `retry`
 * @csspart button - the one that asks again
 * @csspart button-secondary - the same
 * @csspart retry - the same
 */
export class BillhookPlanStatus extends BillhookElement {
  protected override renderBilling(view: BillingView, i18n: Localizer): TemplateResult {
    if (view.phase === 'failed') return html`${failure(view.failure, this.retry, i18n)}`;
    return html`<div class="skeleton room" ?inert=${view.phase === 'loading'}>${plan(view.plan)}</div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'billhook-plan-status': BillhookPlanStatus;
  }
}
