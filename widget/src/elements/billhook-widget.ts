import { html, nothing, type TemplateResult } from 'lit/html.js';
import { BillhookElement } from './billhook-element.ts';
import type { BillingView } from '../view/present.ts';
import { actionButtons } from './templates/actions.ts';
import { banner, failure, note } from './templates/messages.ts';
import { offers } from './templates/offers.ts';
import { plans, rows } from './templates/plan.ts';
import type { Localizer } from '../i18n/localizer.ts';

/**
 * The whole of a customer's billing: plan, price and status, payment trouble with the way out of it, and one click to
 * Stripe's portal and back.
 *
 * ```html
 * <script type="module" src="https://billing.example/widget.js"></script>
 * <billhook-widget token-url="/billing/token"></billhook-widget>
 * ```
 *
 * @tagname billhook-widget
 * @slot header - above everything
 * @slot footer - below the buttons
 * @event {BillhookActionEvent} billhook-action - an action was pressed; `preventDefault()` hands it to the page
 * @csspart card - the box around everything
 * @csspart note - the outcome of a trip to Stripe
 * @csspart failure - the failure in words, with `retry`
 * @csspart banner - payment trouble
 * @csspart plan - name, status, dates and price of a plan
 * @csspart name - the plan's name
 * @csspart status - the pill beside it
 * @csspart line - a date or a note
 * @csspart price - the price and its interval
 * @csspart facts - the payment method and the last invoice
 * @csspart subscriptions - the list where there are several
 * @csspart offers - the plans to choose from
 * @csspart features - a few words on one of them
 * @csspart actions - a row of buttons
 * @csspart button - every button
 * @csspart button-primary - the one that matters most
 * @csspart button-secondary - the others
 * @csspart retry - the one that asks again
 * @csspart hint - the purpose of the page behind the button
 */
export class BillhookWidget extends BillhookElement {
  /** The period whose plans are shown. */
  #period = '';

  readonly #choose = (period: string): void => {
    this.#period = period;
    this.requestUpdate();
  };

  protected override renderBilling(view: BillingView, i18n: Localizer): TemplateResult {
    const { note: tripNote, failure: failed, banner: trouble, actions, hint, stale } = view;
    const primary = !trouble?.actions.length && !view.offers.length;
    return html`<div class="card" part="card">
      <slot name="header"></slot>
      ${note(tripNote)}${failure(failed, this.retry, i18n)}${banner(trouble ?? view.notice, this.press, i18n, this.billing.announces)}
      ${
        view.phase === 'failed'
          ? nothing
          : html`<div class="body skeleton" ?inert=${view.phase === 'loading'}>
              ${plans(view, i18n)}${rows(view.rows, this.press, i18n)}${offers(view.offers, this.#period, this.#choose, this.press, i18n)}
              ${
                actions.length || hint || stale
                  ? html`<div class="foot">
                      <div class="hint">
                        ${hint ? html`<p id="hint" part="hint" .textContent=${hint}></p>` : nothing}
                        <p .textContent=${stale ?? ''}></p>
                      </div>
                      ${actionButtons(actions, this.press, i18n, primary, hint !== null)}
                    </div>`
                  : nothing
              }
            </div>`
      }
      <slot name="footer"></slot>
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    readonly 'billhook-widget': BillhookWidget;
  }
}
