import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { PlanView } from '../../view/plan.ts';
import type { BillingView } from '../../view/present.ts';
import type { RowView } from '../../view/rows.ts';
import type { Localizer } from '../../i18n/localizer.ts';
import { actionButton, type Press } from './actions.ts';

/**
 * Name, status and price. Words of the host, and values, stand in a `.text`, for a direction of their own. Texts are bound as
 * a whole: a browser that translates the page puts nodes of its own in their place (F21).
 */
export function plan(view: PlanView): TemplateResult {
  return html`<div class="plan" part="plan">
    <div class="what">
      <p class="headline">
        <span class="name text" part="name" .textContent=${view.name}></span>
        ${view.status ? html`<span class="status ${view.status.tone}" part="status" .textContent=${view.status.label}></span>` : nothing}
      </p>
      ${view.lines.map((line) => html`<p class="line" part="line"><span class="text" .textContent=${line}></span></p>`)}
    </div>
    ${view.price ? price(view.price) : nothing}
  </div>`;
}

function price({ amount, before, per, notes }: NonNullable<PlanView['price']>): TemplateResult {
  return html`<div class="price" part="price">
    <p>
      <span class="amount text" .textContent=${amount}></span> <s .textContent=${before}></s>
      <span class="per text" .textContent=${per}></span>
    </p>
    ${notes ? html`<p class="line" .textContent=${notes}></p>` : nothing}
  </div>`;
}

/** Each row a name, what there is to say of it, and a way on. */
export function rows(views: readonly RowView[], press: Press, i18n: Localizer): TemplateResult | typeof nothing {
  if (!views.length) return nothing;
  return html`<dl class="facts" part="facts">
    ${views.map(
      ({ label, text, action }) =>
        html`<div>
          <dt .textContent=${label}></dt>
          <dd><span class="text" .textContent=${text}></span></dd>
          ${action ? html`<dd>${actionButton(action, 'secondary', press, i18n)}</dd>` : nothing}
        </div>`,
    )}
  </dl>`;
}

/** The plans of the account: one, or the list of its subscriptions. */
export function plans({ plan: only, subscriptions }: BillingView, { term }: Localizer): TemplateResult {
  if (!subscriptions.length) {
    return html`<p class="eyebrow" .textContent=${term('currentPlan')}></p>
      ${plan(only)}`;
  }
  return html`<p class="eyebrow" id="subscriptions" .textContent=${term('subscriptions')}></p>
    <ul class="rows" part="subscriptions" aria-labelledby="subscriptions">
      ${subscriptions.map((view) => html`<li>${plan(view)}</li>`)}
    </ul>`;
}
