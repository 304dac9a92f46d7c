/** The document that every page is set in. No inline style and no inline script: the site's CSP allows neither. */

import { html, raw } from 'hono/html';
import type { Speech } from '../speech.ts';

export type Markup = ReturnType<typeof html>;

export interface DocumentParts {
  readonly speech: Speech;
  readonly title: string;
  readonly body: Markup;
  /** For pages with more in their head than a title. */
  readonly head?: Markup;
}

export function document({ speech, title, body, head }: DocumentParts): Markup {
  return html`<!doctype html>
    <html lang="${speech.words.lang}" dir="${speech.dir}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Tidewater</title>
        <link rel="icon" href="/mark.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/site.css" />
        ${head ?? ''}
      </head>
      <body>
        ${body}
      </body>
    </html>`;
}

/** Two waves, one above the other. */
const waves = '<path d="M3 9.5c3 0 3-3 6-3s3 3 6 3 3-3 6-3"/><path d="M3 16.5c3 0 3-3 6-3s3 3 6 3 3-3 6-3"/>';

export const mark: Markup = html`<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
  ${raw(waves)}
</svg>`;

/** The mark as a file, for the browser's tab. */
export const markFile = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><g fill="none" stroke="#0f766e" stroke-width="2.5" stroke-linecap="round">${waves}</g></svg>`;

export const wordmark: Markup = html`<span class="wordmark" dir="ltr">${mark}<span>Tidewater</span></span>`;
