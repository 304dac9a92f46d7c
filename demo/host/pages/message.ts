import { html } from 'hono/html';
import type { Speech } from '../speech.ts';
import { document, wordmark, type Markup } from './document.ts';

/** A page that only says something: not found, refused, broken. */
export function messagePage(speech: Speech, title: string, lead: string): Markup {
  const body = html`<main class="message-page" id="content">
    ${wordmark}
    <h1>${title}</h1>
    <p class="lead">${lead}</p>
    <p><a href="/">${speech.words.backToOverview}</a></p>
  </main>`;
  return document({ speech, title, body });
}
