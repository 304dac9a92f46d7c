/** Webhook endpoints' secrets, and what each is sent. */

import { inShapeOf, releaseOf } from '../engine/versions.ts';
import { apiVersion } from '../state/events.ts';
import type { State } from '../state/state.ts';
import type { SandboxEvent, WebhookEndpoint } from '../state/wire.ts';
import type { Deliveries } from './delivery.ts';
import { prettyJson, signatureHeader } from './signature.ts';
import { thinBody } from './thin-event.ts';

export interface Endpoints extends Pick<Deliveries, 'addEndpoint' | 'addSecret' | 'rollSecret' | 'dropOldSecrets'> {
  bodyFor(endpoint: string, event: SandboxEvent): string;
  /** @param wrong - signs with a secret that the endpoint does not know */
  signature(endpoint: string, body: string, wrong: boolean): string;
}

/** OBJ-3: an event has the shape of its endpoint's version. */
function inVersionOf(state: State, endpoint: string, event: SandboxEvent): object {
  const version = state.webhookEndpoints.get(endpoint)?.api_version ?? apiVersion;
  const { object, ...rest } = event.data;
  return {
    ...event,
    api_version: version,
    data: { object: inShapeOf(state, releaseOf(version) ?? 'endive', object), ...rest },
    pending_webhooks: Math.max(1, event.pending_webhooks),
  };
}

export function createEndpoints(state: State): Endpoints {
  const secrets = new Map<string, string[]>();
  const thin = new Set<string>();
  const secretsOf = (endpoint: string): string[] => secrets.get(endpoint) ?? [];
  const newSecret = (): string => `whsec_${state.ids.token(32)}`;
  const addSecret = (endpoint: string, secret = newSecret()): string => {
    secrets.set(endpoint, [...secretsOf(endpoint), secret]);
    return secret;
  };
  return {
    addSecret,
    rollSecret: (endpoint) => addSecret(endpoint),
    dropOldSecrets: (endpoint) => void secrets.set(endpoint, secretsOf(endpoint).slice(-1)),
    addEndpoint(url, options = {}) {
      const endpoint: WebhookEndpoint = {
        id: state.ids.next('we'),
        object: 'webhook_endpoint',
        api_version: options.apiVersion ?? apiVersion,
        application: null,
        created: state.clock.seconds(),
        description: null,
        // A destination names thin events (`v1.invoice.paid`); here they stand under the names of their snapshots.
        enabled_events: (options.events ?? ['*']).map((type) => type.replace(/^v1\./, '')),
        livemode: false,
        metadata: {},
        status: 'enabled',
        url,
      };
      state.webhookEndpoints.add(endpoint);
      if (options.thin) thin.add(endpoint.id);
      return { endpoint, secret: addSecret(endpoint.id, options.secret) };
    },
    bodyFor: (endpoint, event) =>
      thin.has(endpoint) ? thinBody(event) : prettyJson(inVersionOf(state, endpoint, event)),
    // By the real clock: receivers compare it with theirs.
    signature: (endpoint, body, wrong) =>
      signatureHeader(body, wrong ? [newSecret()] : secretsOf(endpoint), Math.floor(Date.now() / 1000)),
  };
}
