/**
 * Calls that find changes which no webhook told, and that check whether webhooks can come at all. Lists are read a page
 * a call, so that a long one can be paced, and taken up again after a crash.
 */

import type { Stripe } from 'stripe';

/** A page of one of Stripe's lists, newest first. */
export interface Page<T> {
  readonly rows: readonly T[];
  /** Where the next page begins; `null` on the last one. */
  readonly next: string | null;
}

/** Where Stripe sends events. */
export interface EventDestination {
  readonly id: string;
  readonly url: string;
  readonly enabled: boolean;
  /** Names of events, or `*`. */
  readonly events: readonly string[];
  /** The version that events are written in; `null` is the account's default. */
  readonly apiVersion: string | null;
}

export interface EventCalls {
  /**
   * Events since then (Unix milliseconds) that some endpoint has not acknowledged: those that were given up, and those
   * that are still on their way, for Stripe lists both as undelivered.
   */
  undeliveredEvents(since: number, after: string | null): Promise<Page<unknown>>;
  /** The customers of subscriptions that have not ended. A customer stands there once for each. */
  liveSubscriptions(after: string | null): Promise<Page<{ readonly customer: string }>>;
  eventDestinations(): Promise<EventDestination[]>;
  /** Stripe's clock, in Unix milliseconds; it is told in whole seconds. `null` where no date is told. */
  clock(): Promise<number | null>;
}

/** The most that Stripe gives in one page. */
const pageSize = 100;

/** Stripe's default list leaves out what was canceled, and nothing else. */
const isOver = ({ status }: Stripe.Subscription) => status === 'canceled' || status === 'incomplete_expired';

const ownerOf = ({ customer }: Stripe.Subscription) => (typeof customer === 'string' ? customer : customer.id);

export function eventCalls({ accounts, events, subscriptions, webhookEndpoints }: Stripe): EventCalls {
  return {
    async undeliveredEvents(since, after) {
      const created = { gte: Math.floor(since / 1000) };
      return pageOf(await events.list({ delivery_success: false, created, limit: pageSize, ...from(after) }));
    },

    async liveSubscriptions(after) {
      const { rows, next } = pageOf(await subscriptions.list({ limit: pageSize, ...from(after) }));
      return { rows: rows.filter((each) => !isOver(each)).map((each) => ({ customer: ownerOf(each) })), next };
    },

    async eventDestinations() {
      const found = await webhookEndpoints.list({ limit: pageSize }).autoPagingToArray({ limit: 1_000 });
      return found.map(({ id, url, status, enabled_events, api_version }) => ({
        id,
        url,
        enabled: status === 'enabled',
        events: enabled_events,
        apiVersion: api_version,
      }));
    },

    async clock() {
      const { lastResponse } = await accounts.retrieveCurrent();
      // Declared as a plain object, and with fetch it is none.
      const at = Date.parse(new Headers(lastResponse.headers).get('date') ?? '');
      return Number.isNaN(at) ? null : at;
    },
  };
}

const from = (after: string | null) => (after === null ? {} : { starting_after: after });

function pageOf<T extends { readonly id: string }>(list: Stripe.ApiList<T>): Page<T> {
  return { rows: list.data, next: list.has_more ? (list.data.at(-1)?.id ?? null) : null };
}
