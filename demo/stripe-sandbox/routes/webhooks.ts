/** Webhook endpoints, and the events that are sent to them. */

import type { Stripe } from 'stripe';
import { invalidRequest, noSuch, StripeError } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { upTo, webAddress } from '../http/bounds.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { emptyable, flag, list, metadata, required, text, timeRange, union } from '../http/params.ts';
import { requireVersion } from '../http/versions.ts';
import type { State } from '../state/state.ts';
import type { WebhookEndpoint } from '../state/wire.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';
import { snapshotIdOf, thinEvent } from '../webhooks/thin-event.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

export function webhookRoutes(api: Api, deliveries: Deliveries): void {
  api.post(
    '/v1/webhook_endpoints',
    {
      api_version: union<Stripe.WebhookEndpointCreateParams.ApiVersion>(),
      connect: flag,
      description: emptyable(text),
      enabled_events: required(list(text)),
      metadata,
      url: required(webAddress),
    },
    ({ state, params }) => {
      // OBJ-3: an endpoint's version decides the shape of what it is sent.
      if (params.api_version !== undefined) requireVersion(params.api_version);
      const endpoint: WebhookEndpoint = {
        id: state.ids.next('we'),
        object: 'webhook_endpoint',
        api_version: params.api_version ?? null,
        application: null,
        created: state.clock.seconds(),
        description: params.description ?? null,
        enabled_events: params.enabled_events,
        livemode: false,
        metadata: freshMetadata(params.metadata),
        status: 'enabled',
        url: params.url,
      };
      state.webhookEndpoints.add(endpoint);
      // Told once, at creation, and never again.
      return { ...endpoint, secret: deliveries.addSecret(endpoint.id) };
    },
  );
  api.get('/v1/webhook_endpoints', pageParams, ({ state, params }) =>
    page(state.webhookEndpoints.list(), params, '/v1/webhook_endpoints', 'webhook endpoint'),
  );
  api.get('/v1/webhook_endpoints/:id', {}, ({ state, id }) => requireEndpoint(state, id()));
  api.post(
    '/v1/webhook_endpoints/:id',
    { description: emptyable(text), disabled: flag, enabled_events: list(text), metadata, url: webAddress },
    ({ state, params, id }) => {
      const endpoint = requireEndpoint(state, id());
      patchMetadata(endpoint, params.metadata);
      if (params.description !== undefined) endpoint.description = params.description;
      if (params.disabled !== undefined) endpoint.status = params.disabled ? 'disabled' : 'enabled';
      if (params.enabled_events !== undefined) endpoint.enabled_events = params.enabled_events;
      if (params.url !== undefined) endpoint.url = params.url;
      return endpoint;
    },
  );
  api.delete('/v1/webhook_endpoints/:id', {}, ({ state, id }) => {
    requireEndpoint(state, id());
    state.webhookEndpoints.delete(id());
    return { id: id(), object: 'webhook_endpoint', deleted: true };
  });
  eventRoutes(api, deliveries);
}

function eventRoutes(api: Api, deliveries: Deliveries): void {
  api.get(
    '/v1/events',
    { ...pageParams, created: timeRange, delivery_success: flag, type: text, types: upTo(20, list(text)) },
    ({ state, params }) => {
      if (params.type !== undefined && params.types !== undefined) {
        throw invalidRequest('You may only specify one of these parameters: type, types.');
      }
      // `type` may end in a wildcard (`invoice.*`).
      const prefix = params.type?.endsWith('.*') ? params.type.slice(0, -1) : null;
      return page(
        state.events
          .list()
          .filter(
            (event) =>
              (params.type === undefined ||
                (prefix === null ? event.type === params.type : event.type.startsWith(prefix))) &&
              (params.types === undefined || params.types.includes(event.type)) &&
              (params.delivery_success === undefined || deliveries.succeeded(event.id) === params.delivery_success) &&
              inRange(event.created, params.created),
          ),
        params,
        '/v1/events',
        'event',
        state.events.list(),
      );
    },
  );
  api.get('/v1/events/:id', {}, ({ state, id }) => {
    const event = state.events.get(id());
    if (!event) throw noSuch('event', id());
    return event;
  });
  // https://docs.stripe.com/api/v2/core/events/retrieve
  api.get('/v2/core/events/:id', {}, ({ state, id }) => {
    const event = state.events.get(snapshotIdOf(id()));
    if (!event || id() === event.id) {
      throw new StripeError(404, {
        type: 'invalid_request_error',
        code: 'not_found',
        message: `Event ${id()} not found`,
      });
    }
    return thinEvent(event);
  });
}

function requireEndpoint(state: State, id: string): WebhookEndpoint {
  const endpoint = state.webhookEndpoints.get(id);
  if (!endpoint) throw noSuch('webhook endpoint', id);
  return endpoint;
}
