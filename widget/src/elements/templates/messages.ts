import { html, nothing, type TemplateResult } from 'lit/html.js';
import type { BannerView } from '../../view/present.ts';
import type { FailureView, NoteView } from '../../view/sentences.ts';
import type { Localizer } from '../../i18n/localizer.ts';
import { actionButtons, type Press } from './actions.ts';
import { icon } from './icons.ts';

/** Payment trouble. It interrupts (`alert`) only when it became true while the page was open; at load it is a region to find. */
export function banner(
  view: BannerView | null,
  press: Press,
  i18n: Localizer,
  interrupts: boolean,
): TemplateResult | typeof nothing {
  if (!view) return nothing;
  return html`<section
    class="message banner ${view.tone}"
    part="banner"
    role=${interrupts && view.alerting ? 'alert' : 'region'}
    aria-labelledby="banner-title"
  >
    ${icon(view.tone)}
    <div class="words">
      <p class="title" id="banner-title" .textContent=${view.title}></p>
      <p .textContent=${view.text}></p>
      ${actionButtons(view.actions, press, i18n, true, false)}
      <p class="hint" .textContent=${view.hint ?? ''}></p>
    </div>
  </section>`;
}

/** The outcome of a trip to Stripe. */
export function note(view: NoteView | null): TemplateResult | typeof nothing {
  if (!view) return nothing;
  return html`<div class="message ${view.tone}" part="note">
    ${icon(view.tone, view.busy)}
    <p class="words" .textContent=${view.text}></p>
  </div>`;
}

/** A failure in words, and the way on. */
export function failure(
  view: FailureView | null,
  retry: (click: Event) => void,
  i18n: Localizer,
): TemplateResult | typeof nothing {
  if (!view) return nothing;
  return html`<div class="message failure ${view.alone ? 'alone' : 'caution'}" part="failure">
    ${icon('caution')}
    <p class="words" .textContent=${view.text}></p>
    <button
      type="button"
      class="button button-secondary"
      part="button button-secondary retry"
      @click=${retry}
      .textContent=${i18n.term('retry')}
    ></button>
  </div>`;
}
