/** Pages for addresses that lead nowhere (any more). PORT-1: an expired session is told apart from an unknown one. */

import type { Context } from 'hono';
import { html } from 'hono/html';
import type { State } from '../state/state.ts';
import { frame, send } from './layout.ts';

const deadEnds = {
  expired: {
    kind: 'expired',
    tagline: 'Billing',
    title: 'This link has expired',
    text: 'For your safety, links to the billing portal work only for a short time. Go back and open it again.',
  },
  unknown: {
    kind: 'unknown',
    tagline: 'Billing',
    title: 'This page does not exist',
    text: 'The link is not complete, or it was never valid. Go back and open the billing portal again.',
  },
  expiredCheckout: {
    kind: 'expired',
    tagline: 'Checkout',
    title: 'This checkout has expired',
    text: 'Nothing was charged. Go back and choose your plan again.',
  },
  unknownCheckout: {
    kind: 'unknown',
    tagline: 'Checkout',
    title: 'This page does not exist',
    text: 'The link is not complete, or it was never valid. Go back and choose your plan again.',
  },
} as const;

/** @param returnUrl - where a link back leads, if anywhere */
export function deadEnd(
  c: Context,
  state: State,
  which: keyof typeof deadEnds,
  returnUrl: string | null = null,
): Promise<Response> {
  const { kind, tagline, title, text } = deadEnds[which];
  const page = frame(
    { title, business: state.settings.businessName, tagline, returnUrl },
    html`<div data-page="${kind}">
      <h1>${title}</h1>
      <p class="lede">${text}</p>
    </div>`,
  );
  return send(c, page, kind === 'expired' ? 410 : 404);
}
