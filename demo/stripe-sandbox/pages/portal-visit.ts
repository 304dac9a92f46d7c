/** The base of every portal page: the session that opens it, the frame around it, and where a finished flow leads. */

import type { Context } from 'hono';
import { html } from 'hono/html';
import { visitSession } from '../engine/portal.ts';
import { isTerminal } from '../engine/subscription-status.ts';
import { StripeError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Customer, PortalConfiguration, PortalSession, Subscription } from '../state/wire.ts';
import { deadEnd } from './dead-end.ts';
import { frame, send, type Html } from './layout.ts';
import { portalHome } from './portal-home.ts';

export interface Visit {
  readonly session: PortalSession;
  readonly configuration: PortalConfiguration;
  readonly customer: Customer;
  /** The session's address, as a path. */
  readonly base: string;
}

export type Answer = Response | Promise<Response>;
type Feature = keyof PortalConfiguration['features'];

interface Said {
  readonly done?: string;
  readonly problem?: string;
}

/** Notices of completed actions. */
export const done: Record<string, string> = {
  card: 'Your payment method was updated.',
  cardButDue: 'Your payment method was updated. The open invoice is not paid yet: you can pay it below.',
  paid: 'Thank you. Your payment went through.',
  canceled: 'Your plan was canceled. You can use it until it ends.',
  kept: 'Good to have you back. Your plan renews as before.',
  changed: 'Your plan was changed.',
  putOff: 'Your plan will change when this period ends.',
  keptCurrent: 'Your plan stays as it is.',
  paused: 'Your plan is paused.',
  resumed: 'Your plan goes on.',
};

type Page = (c: Context, visit: Visit) => Answer;
type SubscriptionPage = (c: Context, visit: Visit, subscription: Subscription) => Answer;

/** The portal of one account, as its routes need it. */
export class Portal {
  readonly state: State;

  constructor(state: State) {
    this.state = state;
  }

  /** Runs a page for a living session, or says why there is none. Pages of a feature that is switched off lead home. */
  visiting(page: Page, feature?: Feature): (c: Context) => Promise<Response> {
    return async (c) => {
      const key = c.req.param('key') ?? '';
      const found = visitSession(this.state, key);
      if (found === 'unknown' || found === 'expired') return deadEnd(c, this.state, found);
      const customer = this.state.customers.get(found.session.customer);
      if (!customer) return deadEnd(c, this.state, 'expired');
      const visit = { ...found, customer, base: `/p/session/${key}` };
      const enabled = feature === undefined || found.configuration.features[feature].enabled;
      return enabled ? page(c, visit) : c.redirect(visit.base, 303);
    };
  }

  /** As `visiting`, for one of the customer's own living subscriptions: another customer's is as good as none. */
  aboutSubscription(page: SubscriptionPage, feature?: Feature): (c: Context) => Promise<Response> {
    return this.visiting((c, visit) => {
      const subscription = this.state.subscriptions.get(c.req.param('subscription') ?? '');
      const own = subscription?.customer === visit.customer.id && !isTerminal(subscription);
      return own ? page(c, visit, subscription) : c.redirect(visit.base, 303);
    }, feature);
  }

  show(c: Context, visit: Visit, title: string, content: Html, said: Said = {}): Answer {
    const { businessName } = this.state.settings;
    const words = said.problem ?? said.done;
    return send(
      c,
      frame(
        {
          title,
          business: businessName,
          tagline: visit.configuration.business_profile.headline ?? `Manage your billing with ${businessName}`,
          returnUrl: visit.session.return_url,
          notice: words === undefined ? null : { kind: said.problem === undefined ? 'done' : 'problem', words },
        },
        content,
      ),
      said.problem === undefined ? 200 : 402,
    );
  }

  home(c: Context, visit: Visit, said: Said = {}): Answer {
    const { customer, configuration, base } = visit;
    const content = portalHome({ state: this.state, customer, features: configuration.features, base });
    return this.show(c, visit, 'Billing', content, said);
  }

  /** PORT-2: where a finished flow leads. Without a flow, or once it is done, home. */
  finished(c: Context, visit: Visit, what: string): Answer {
    const { id, flow } = visit.session;
    const after = flow === null || this.state.finishedFlows.has(id) ? null : flow.after_completion;
    this.state.finishedFlows.add(id);
    if (after?.redirect) return c.redirect(after.redirect.return_url, 303);
    if (after?.type !== 'hosted_confirmation') return c.redirect(`${visit.base}?done=${what}`, 303);
    const words = after.hosted_confirmation?.custom_message ?? done[what];
    return this.show(
      c,
      visit,
      'Done',
      html`<div>
        <h1>Done</h1>
        <p class="lede">${words}</p>
      </div>`,
    );
  }
}

/** Does something that may be refused; answers the refusal. */
export function attempt(work: () => unknown): StripeError | null {
  try {
    work();
    return null;
  } catch (cause) {
    if (cause instanceof StripeError) return cause;
    throw cause;
  }
}
