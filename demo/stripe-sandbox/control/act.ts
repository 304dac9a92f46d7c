/** A button of the control room. */

import { html } from 'hono/html';
import type { Html } from '../pages/layout.ts';

/** A button that does one thing. */
export function act(path: string, fields: Record<string, string>, words: Html | string, kind = ''): Html {
  return html`<form method="post" action="/sandbox/do/${path}">
    ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
    <button class="button ${kind}">${words}</button>
  </form>`;
}
