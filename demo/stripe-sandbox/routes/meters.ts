/** Meters, and the usage that they are told. */

import { requireCustomer } from '../engine/customers.ts';
import { usageOf } from '../engine/usage.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { page, pageParams } from '../http/paging.ts';
import { hash, integer, isRecord, required, text, union, type Field } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Meter } from '../state/wire.ts';

const payload: Field<Record<string, string>> = {
  read(raw, path) {
    if (isRecord(raw)) return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, String(value)]));
    throw invalidRequest('Invalid hash', { param: path });
  },
};

export function meterRoutes(api: Api): void {
  api.post(
    '/v1/billing/meters',
    {
      customer_mapping: hash({ event_payload_key: required(text), type: required(union<'by_id'>()) }),
      default_aggregation: required(hash({ formula: required(union<Meter['default_aggregation']['formula']>()) })),
      display_name: required(text),
      event_name: required(text),
      event_time_window: union<NonNullable<Meter['event_time_window']>>(),
      value_settings: hash({ event_payload_key: required(text) }),
    },
    ({ state, params }) => {
      const now = state.clock.seconds();
      const meter: Meter = {
        id: state.ids.next('mtr_test'),
        object: 'billing.meter',
        created: now,
        customer_mapping: params.customer_mapping ?? { event_payload_key: 'stripe_customer_id', type: 'by_id' },
        default_aggregation: params.default_aggregation,
        display_name: params.display_name,
        event_name: params.event_name,
        event_time_window: params.event_time_window ?? null,
        livemode: false,
        status: 'active',
        status_transitions: { deactivated_at: null },
        updated: now,
        value_settings: params.value_settings ?? { event_payload_key: 'value' },
      };
      state.meters.add(meter);
      state.emit('billing.meter.created', meter);
      return meter;
    },
  );
  api.get('/v1/billing/meters', pageParams, ({ state, params }) =>
    page(state.meters.list(), params, '/v1/billing/meters', 'meter'),
  );
  api.get('/v1/billing/meters/:id', {}, ({ state, id }) => requireMeter(state, id()));
  usageRoutes(api);
}

function usageRoutes(api: Api): void {
  api.get(
    '/v1/billing/meters/:id/event_summaries',
    { ...pageParams, customer: required(text), end_time: required(integer), start_time: required(integer) },
    ({ state, params, id }) => {
      const meter = requireMeter(state, id());
      const { customer, start_time: start, end_time: end } = params;
      requireCustomer(state, customer, 'customer');
      const summary = {
        id: state.ids.next('mtrusg_test'),
        object: 'billing.meter_event_summary',
        aggregated_value: usageOf(state, meter, customer, start, end),
        end_time: end,
        livemode: false,
        meter: meter.id,
        start_time: start,
      };
      return page([summary], params, `/v1/billing/meters/${meter.id}/event_summaries`, 'meter event summary');
    },
  );
  api.post(
    '/v1/billing/meter_events',
    { event_name: required(text), identifier: text, payload: required(payload), timestamp: integer },
    ({ state, params }) => {
      const [meter] = state.meters.list((row) => row.event_name === params.event_name && row.status === 'active');
      if (!meter) {
        throw invalidRequest(`No active meter found for event name "${params.event_name}".`, {
          code: 'resource_missing',
          param: 'event_name',
        });
      }
      const now = state.clock.seconds();
      const at = params.timestamp ?? now;
      const customer = params.payload[meter.customer_mapping.event_payload_key];
      if (customer === undefined) throw invalidRequest('The payload names no customer.', { param: 'payload' });
      requireCustomer(state, customer, 'payload');
      const value = Number(params.payload[meter.value_settings.event_payload_key] ?? Number.NaN);
      if (meter.default_aggregation.formula !== 'count' && !Number.isFinite(value))
        throw invalidRequest('The payload has no numeric value.', { param: 'payload' });
      state.usage.set(meter.id, [...(state.usage.get(meter.id) ?? []), { customer, value, at }]);
      return {
        object: 'billing.meter_event',
        created: now,
        event_name: meter.event_name,
        identifier: params.identifier ?? state.ids.uuid(),
        livemode: false,
        payload: params.payload,
        timestamp: at,
      };
    },
  );
}

function requireMeter(state: State, id: string): Meter {
  const meter = state.meters.get(id);
  if (!meter) throw noSuch('billing meter', id);
  return meter;
}
