import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { BillingView } from '../../view/present.ts';
import type { Localizer } from '../../i18n/localizer.ts';
import { actionButton, type Press } from './actions.ts';
import { plan } from './plan.ts';

/**
 * The plans that may be bought now, of one period at a time; each button names its plan, so that they differ when read
 * without the row.
 *
 * @param chosen - at first that of the plan that stands out
 */
export function offers(
  views: BillingView['offers'],
  chosen: string,
  choose: (period: string) => void,
  press: Press,
  i18n: Localizer,
): TemplateResult | typeof nothing {
  if (!views.length) return nothing;
  const periods = [...new Set(views.map(({ period }) => period))];
  const shown = periods.includes(chosen) ? chosen : views.find(({ primary }) => primary)?.period;
  const label = i18n.term('action.subscribe');
  return html`${
      periods.length > 1
        ? html`<div class="actions periods" role="group" aria-label=${label}>
            ${periods.map(
              (period) =>
                html`<button
                  type="button"
                  class="button button-secondary"
                  part="button button-secondary"
                  aria-pressed=${period === shown}
                  @click=${() => choose(period)}
                  .textContent=${period}
                ></button>`,
            )}
          </div>`
        : nothing
    }
    <ul class="offers" part="offers" aria-label=${label}>
      ${views
        .filter(({ period }) => period === shown)
        .map(
          (view) =>
            html`<li class="card">
              ${plan(view.plan)}
              <ul class="features" part="features">
                ${view.features.map((feature) => html`<li><span class="text" .textContent=${feature}></span></li>`)}
              </ul>
              ${actionButton(view.action, view.primary ? 'primary' : 'secondary', press, i18n, true)}
            </li>`,
        )}
    </ul>`;
}
