/** The person in front of the demo, as every page is drawn for them. */

import type { Session } from '../sessions.ts';
import type { Speech } from '../speech.ts';

export interface Visitor {
  readonly session: Session;
  readonly speech: Speech;
  /** The address being looked at, without its query. */
  readonly path: string;
  readonly corner: DemoCorner;
  /** A page's data for embedding the widget: the BFF's address, and the nonce that the site's CSP asks for. */
  readonly billhook: { readonly url: string; readonly nonce: string };
}

export interface DemoCorner {
  /** The sandbox's address, or Stripe's Dashboard in test mode. */
  readonly stripeUrl: string;
  readonly sandbox: boolean;
}
