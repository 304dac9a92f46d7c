import { html, type TemplateResult } from 'lit/html.js';
import type { Tone } from '../../view/told.ts';

const circle = 'M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z';
const info = `${circle}M10 9.4v4M10 6.6v.1`;
const warning = 'M10 3 2 17h16ZM10 8v4M10 14.4v.1';
const shapes: Readonly<Record<Tone, string>> = {
  neutral: info,
  info: info,
  positive: `${circle}m-3.4-7.2 2.3 2.3 4.6-5`,
  caution: warning,
  critical: warning,
};

/** Drawn in the text's colour; the words beside them say the same, so they are hidden from screen readers. */
export function icon(tone: Tone, busy = false): TemplateResult {
  return busy
    ? html`<span class="spinner" aria-hidden="true"></span>`
    : html`<svg class="icon" aria-hidden="true" viewBox="0 0 20 20">
        <path d=${shapes[tone]} fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"></path>
      </svg>`;
}
