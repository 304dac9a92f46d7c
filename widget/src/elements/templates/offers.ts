import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { BillingView } from '../../view/present.ts';
import type { Localizer } from '../../i18n/localizer.ts';
import { actionButton, type Press } from './actions.ts';
import { plan } from './plan.ts';

/** The plans that may be bought now; each button names its plan, so that they differ when read without the row. */
export function offers(views: BillingView['offers'], press: Press, i18n: Localizer): TemplateResult | typeof nothing {
  if (!views.length) return nothing;
  return html`<ul class="offers" part="offers" aria-label=${i18n.term('action.subscribe')}>
    ${views.map(
      (view) =>
        html`<li class="card">
          ${plan(view.plan)}
          <ul class="features" part="features">
            ${view.features.map((feature) => html`<li .textContent=${feature}></li>`)}
          </ul>
          ${actionButton(view.action, view.primary ? 'primary' : 'secondary', press, i18n, true)}
        </li>`,
    )}
  </ul>`;
}
