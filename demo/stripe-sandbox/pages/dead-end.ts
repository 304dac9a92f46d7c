/** Pages for addresses that lead nowhere (any more). PORT-1: an expired session is told apart from an unknown one. */

import type { Context } from 'hono';
import { html } from 'hono/html';
import type { State } from '../state.ts';
import { frame, send } from './layout.ts';

const WORDS = {
  expired: {
    status: 410,
    title: 'This link has expired',
    text: 'For your safety, links to the billing portal work only for a short time. Go back and open it again.',
  },
  unknown: {
    status: 404,
    title: 'This page does not exist',
    text: 'The link is not complete, or it was never valid. Go back and open the billing portal again.',
  },
} as const;

export function deadEnd(context: Context, state: State, kind: keyof typeof WORDS): Promise<Response> {
  const { status, title, text } = WORDS[kind];
  const page = frame(
    { title, business: state.settings.businessName, tagline: 'Billing', returnUrl: null },
    html`<div data-page="${kind}">
      <h1>${title}</h1>
      <p class="lede">${text}</p>
    </div>`,
  );
  return send(context, page, status);
}
