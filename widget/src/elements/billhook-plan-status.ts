import { html, type TemplateResult } from 'lit/html.js';
import { BillhookElement } from './billhook-element.ts';
import type { PlanView } from '../view/plan.ts';
import type { BannerView, BillingView } from '../view/present.ts';
import { failure, note } from './templates/messages.ts';
import { plan, plans } from './templates/plan.ts';
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
 * @csspart note - the outcome of a trip to Stripe, where no widget tells it
 * @csspart subscriptions - the list where there are several
 * @csspart failure - the failure in words, with `retry`
 * @csspart button - the one that asks again
 * @csspart button-secondary - the same
 * @csspart retry - the same
 */
export class BillhookPlanStatus extends BillhookElement {
  protected override renderBilling(view: BillingView, i18n: Localizer): TemplateResult {
    if (view.phase === 'failed') return html`${failure(view.failure, this.retry, i18n)}`;
    return html`${note(view.note)}
      <div class="skeleton room" ?inert=${view.phase === 'loading'}>
        ${view.subscriptions.length ? plans(view, i18n) : plan(view.banner ? inTrouble(view.plan, view.banner, this.snapshot?.mayManage === true) : view.plan)}
      </div>`;
  }
}

/** Without a banner beside it, it names the trouble itself, and to a colleague the people to ask. */
const inTrouble = (view: PlanView, { title, text }: BannerView, mayManage: boolean): PlanView => ({
  ...view,
  lines: mayManage ? [title] : [title, text],
});

declare global {
  interface HTMLElementTagNameMap {
    readonly 'billhook-plan-status': BillhookPlanStatus;
  }
}
