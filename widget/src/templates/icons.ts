import { html, svg, type SVGTemplateResult, type TemplateResult } from 'lit';
import type { Tone } from '../presentation.ts';

/** Drawn in the text's colour; the words beside them say the same, so they are hidden from screen readers. */
export function icon(tone: Tone, busy = false): TemplateResult {
  if (busy) return html`<span class="spinner" aria-hidden="true"></span>`;
  return html`<svg
    class="icon"
    aria-hidden="true"
    viewBox="0 0 20 20"
    fill="none"
    stroke="currentColor"
    stroke-width="1.7"
    stroke-linecap="round"
    stroke-linejoin="round"
  >
    ${
      tone === 'critical' || tone === 'caution'
        ? svgPath(
            'M10 7.2v3.6M10 13.6v.1M8.7 3.3 2.2 14.6A1.5 1.5 0 0 0 3.5 17h13a1.5 1.5 0 0 0 1.3-2.4L11.3 3.3a1.5 1.5 0 0 0-2.6 0Z',
          )
        : tone === 'positive'
          ? svgPath('m6.6 10.3 2.3 2.3 4.6-5M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z')
          : svgPath('M10 9.4v4M10 6.6v.1M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15Z')
    }
  </svg>`;
}

const svgPath = (d: string): SVGTemplateResult => svg`<path d=${d}></path>`;
