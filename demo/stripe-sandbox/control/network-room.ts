/** The control room's sections about the network: webhook deliveries, and the API with its faults and keys. */

import { html } from 'hono/html';
import type { FaultKind } from '../http/faults.ts';
import { supportedVersions } from '../http/versions.ts';
import type { Html } from '../pages/layout.ts';
import type { StripeSandbox } from '../sandbox.ts';
import type { WebhookEndpoint } from '../state/wire.ts';
import type { DeliveryRule } from '../webhooks/delivery.ts';
import { act } from './act.ts';

/** Arrangements for the next event alone. */
export const nextDeliveries = {
  wrongSecret: { words: 'Next event with a wrong secret', rule: { wrongSecret: true } },
  late: { words: 'Next event ten seconds late', rule: { delayMs: 10_000 } },
  twice: { words: 'Next event twice', rule: { copies: 2 } },
  lost: { words: 'Next event lost, unnoticed', rule: { lose: 'silently' } },
} as const satisfies Record<string, { words: string; rule: DeliveryRule }>;

/** Faults of the next call of the API. */
export const nextFaults: Readonly<Record<FaultKind, string>> = {
  rateLimited: 'Too many requests (429)',
  lockTimeout: 'A locked object (429)',
  serverError: 'An error of Stripe’s (500)',
  html: 'A page of a gateway (502)',
  timeout: 'No answer',
  halfBody: 'Half an answer',
  reset: 'A broken connection',
};

const option = (value: string, words: string, chosen: string): Html =>
  html`<option value="${value}" ${value === chosen ? 'selected' : ''}>${words}</option>`;

const choice = (name: string, label: string, options: readonly (readonly [string, string])[], chosen: string): Html =>
  html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      ${options.map(([value, words]) => option(value, words, chosen))}
    </select>
  </div>`;

const number = (name: string, label: string, max: number, value: number | string): Html =>
  html`<div class="field">
    <label for="${name}">${label}</label>
    <input id="${name}" name="${name}" type="number" min="0" max="${max}" value="${value}" />
  </div>`;

const check = (name: string, words: string, on: boolean): Html =>
  html`<label class="check"
    ><input type="checkbox" name="${name}" value="true" ${on ? 'checked' : ''} /> ${words}</label
  >`;

export function deliveries({ deliveries: { settings, paused }, faults, state }: StripeSandbox): Html {
  const endpoints = state.webhookEndpoints.list();
  return html`<section aria-labelledby="deliveries">
    <h2 id="deliveries">Webhook deliveries</h2>
    <p class="soft">
      ${
        endpoints.length === 0
          ? 'No endpoint listens yet.'
          : html`Sent to
            ${endpoints.map(
              ({ url, status }, index) =>
                html`${index > 0 ? ', ' : ''}<span class="wrap">${url}</span
                  >${status === 'enabled' ? '' : ' (disabled)'}`,
            )}.`
      }
    </p>
    <form class="panel full" method="post" action="/sandbox/do/deliveries">
      ${check('paused', 'Hold all events back', paused)}
      ${check('twins', 'Tell each change by two events, each with its own id', settings.twins)}
      <div class="fields">
        ${choice(
          'lose',
          'Events get lost',
          [
            ['no', 'No'],
            ['noticed', 'Yes, and Stripe notices'],
            ['silently', 'Yes, and nobody notices'],
          ],
          settings.lose,
        )}
        ${choice(
          'copies',
          'Each event is sent',
          [
            ['1', 'Once'],
            ['2', 'Twice'],
            ['3', 'Three times'],
          ],
          String(settings.copies),
        )}
        ${choice(
          'order',
          'Order',
          [
            ['asSent', 'As it happened'],
            ['reversed', 'Reversed'],
            ['shuffled', 'Shuffled'],
          ],
          settings.order,
        )}
        ${number('delayMs', 'Delay of each event (ms)', 600_000, settings.delayMs)}
        ${number('latencyMs', 'Latency of each API call (ms)', 60_000, faults.latencyMs)}
      </div>
      <div class="actions">
        <button class="button primary">Save</button>
      </div>
    </form>
    <div class="actions">
      ${Object.entries(nextDeliveries).map(([what, { words }]) => act('next-delivery', { what }, words))}
    </div>
    ${endpoints.map(endpointVersion)}
  </section>`;
}

/** OBJ-3: an endpoint's events have the shape of its version. */
const endpointVersion = ({ id, url, api_version: version }: WebhookEndpoint): Html =>
  html`<form class="panel full" method="post" action="/sandbox/do/endpoint">
    <input type="hidden" name="endpoint" value="${id}" />
    <div class="fields">
      ${choice(
        'version',
        `API version of the events for ${url}`,
        supportedVersions.map((each) => [each, each]),
        version ?? '',
      )}
    </div>
    <div class="actions"><button class="button">Set the version</button></div>
  </form>`;

export function api(sandbox: StripeSandbox): Html {
  const { faults } = sandbox;
  const pending = faults.pending();
  const keys = sandbox.restrictedKeys();
  return html`<section aria-labelledby="api">
    <h2 id="api">API</h2>
    <p class="soft">
      ${
        pending.length === 0
          ? 'Every call is answered as it should be.'
          : `Next: ${pending.map(({ kind }) => nextFaults[kind].toLowerCase()).join(', then ')}.`
      }
    </p>
    <div class="actions">
      ${Object.entries(nextFaults).map(([kind, words]) => act('faults', { kind }, words))}
      ${pending.length > 0 ? act('faults', { kind: 'none' }, 'Back to normal', 'quiet') : ''}
    </div>
    <form class="panel full" method="post" action="/sandbox/do/limit">
      <div class="fields">
        ${number('perSecond', 'Calls a second (empty: no limit)', 10_000, faults.rateLimitPerSecond ?? '')}
      </div>
      <div class="actions"><button class="button">Set the limit</button></div>
    </form>
    <form class="panel full" method="post" action="/sandbox/do/keys">
      <div class="field">
        <label for="permissions">Permissions of a new restricted key, such as rak_customer_read</label>
        <textarea id="permissions" name="permissions" rows="3"></textarea>
      </div>
      <div class="actions"><button class="button">Make the key</button></div>
    </form>
    <ul class="entries">
      ${keys.map(
        ({ key, permissions }) =>
          html`<li class="entry">
            <div class="entry-text">
              <code>${key}</code><span class="small soft">${permissions.join(', ') || 'no permission'}</span>
            </div>
          </li>`,
      )}
    </ul>
  </section>`;
}
