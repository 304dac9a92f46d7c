import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { Action } from '../../contract.ts';
import type { ActionView } from '../../view/actions.ts';
import type { Localizer } from '../../i18n/localizer.ts';
import { icon } from './icons.ts';

export type Press = (action: Action, event: Event) => void;

/**
 * One way out. While it opens it is `aria-disabled` and not `disabled`, which would drop the focus to the page; it keeps
 * the width of its label (`data-label`), so that nothing moves under the pointer.
 */
export function actionButton(
  view: ActionView,
  kind: 'primary' | 'secondary',
  press: Press,
  i18n: Localizer,
  hint = false,
): TemplateResult {
  const part = `button button-${kind}`;
  const pressed = (event: Event) => press(view.action, event);
  if (view.href !== null)
    return html`<a class=${part} part=${part} href=${view.href} @click=${pressed} .textContent=${view.label}></a>`;
  return html`<button
    type="button"
    class=${part}
    part=${part}
    data-label=${view.label}
    aria-disabled=${view.disabled}
    aria-describedby=${hint ? 'hint' : nothing}
    @click=${pressed}
  >
    ${view.opening ? html`<span class="opening">${icon('info', true)}<span .textContent=${i18n.term('opening')}></span></span>` : html`<span .textContent=${view.label}></span>`}
  </button>`;
}

/** A row of them; the first is primary unless a banner above has the primary one. */
export function actionButtons(
  views: readonly ActionView[],
  press: Press,
  i18n: Localizer,
  primary: boolean,
  hint: boolean,
): TemplateResult | typeof nothing {
  if (!views.length) return nothing;
  return html`<div class="actions" part="actions">
    ${views.map((view, index) => actionButton(view, primary && index === 0 ? 'primary' : 'secondary', press, i18n, hint))}
  </div>`;
}
