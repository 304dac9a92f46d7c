/** `/v1/subscription_schedules`. */

import type { Stripe } from 'stripe';
import { endSubscription } from '../engine/cancellation.ts';
import { addInterval } from '../engine/periods.ts';
import { releaseSchedule } from '../engine/schedule-end.ts';
import { createSchedule, setPhases, type PhaseDraft } from '../engine/schedules.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  either,
  flag,
  hash,
  integer,
  list,
  metadata,
  only,
  required,
  text,
  timeRange,
  union,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { SubscriptionSchedule } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { recurringPrice, requireSubscription } from './subscriptions.ts';

const proration = union<Stripe.SubscriptionScheduleUpdateParams.ProrationBehavior>();
const moment = either(integer, only('now'));

const updateFields = {
  end_behavior: only('cancel', 'release'),
  metadata,
  phases: list(
    hash({
      duration: hash({
        interval: required(union<Stripe.SubscriptionScheduleUpdateParams.Phase.Duration.Interval>()),
        interval_count: integer,
      }),
      end_date: moment,
      items: required(list(hash({ metadata, price: required(text), quantity: integer }))),
      metadata,
      proration_behavior: proration,
      start_date: moment,
    }),
  ),
  proration_behavior: proration,
};

type PhaseParams = NonNullable<Read<typeof updateFields>['phases']>[number];

export function scheduleRoutes(api: Api): void {
  api.post('/v1/subscription_schedules', { from_subscription: text, metadata }, ({ state, params }) => {
    if (params.from_subscription === undefined) {
      throw invalidRequest('The sandbox makes schedules from subscriptions only.', {
        code: 'sandbox_unsupported',
        param: 'from_subscription',
      });
    }
    const subscription = requireSubscription(state, params.from_subscription, 'from_subscription');
    return createSchedule(state, subscription, freshMetadata(params.metadata));
  });
  api.get(
    '/v1/subscription_schedules',
    { ...pageParams, created: timeRange, customer: text, released_at: timeRange, scheduled: flag },
    ({ state, params }) =>
      page(
        state.schedules.listOf(
          params.customer,
          (row) =>
            (params.scheduled === undefined || (row.status === 'not_started') === params.scheduled) &&
            (params.released_at === undefined || inRange(row.released_at ?? 0, params.released_at)) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/subscription_schedules',
        'subscription schedule',
      ),
  );
  api.get('/v1/subscription_schedules/:id', {}, ({ state, id }) => requireSchedule(state, id()));
  api.post('/v1/subscription_schedules/:id', updateFields, ({ state, params, id }) => {
    const schedule = requireActive(state, id());
    if (params.phases) setPhases(state, schedule, readPhases(state, schedule, params.phases));
    state.update(schedule, (changed) => {
      patchMetadata(changed, params.metadata);
      if (params.end_behavior !== undefined) changed.end_behavior = params.end_behavior;
    });
    return schedule;
  });
  api.post('/v1/subscription_schedules/:id/release', { preserve_cancel_date: flag }, ({ state, id }) => {
    const schedule = requireActive(state, id());
    releaseSchedule(state, schedule);
    return schedule;
  });
  api.post('/v1/subscription_schedules/:id/cancel', {}, ({ state, id }) => {
    const schedule = requireActive(state, id());
    const subscription = state.subscriptions.get(schedule.subscription ?? '');
    if (subscription) endSubscription(state, subscription, 'cancellation_requested');
    return schedule;
  });
}

function requireSchedule(state: State, id: string): SubscriptionSchedule {
  const schedule = state.schedules.get(id);
  if (!schedule) throw noSuch('subscription_schedule', id);
  return schedule;
}

function requireActive(state: State, id: string): SubscriptionSchedule {
  const schedule = requireSchedule(state, id);
  if (schedule.status === 'active') return schedule;
  throw invalidRequest(
    `You cannot change a subscription schedule that is currently in the \`${schedule.status}\` status.`,
  );
}

/** Each phase begins where the one before it ends; only the first may say when it began. */
function readPhases(state: State, schedule: SubscriptionSchedule, phases: PhaseParams[]): PhaseDraft[] {
  const now = state.clock.seconds();
  const read = (given: number | 'now' | undefined): number | undefined => (given === 'now' ? now : given);
  let start = schedule.current_phase?.start_date ?? now;
  return phases.map((phase, index) => {
    const begins = read(phase.start_date) ?? start;
    const ends =
      read(phase.end_date) ??
      (phase.duration ? addInterval(begins, phase.duration.interval, phase.duration.interval_count ?? 1) : undefined);
    if (ends === undefined) throw missingParam(`phases[${index}][end_date]`);
    if (ends <= begins) {
      throw invalidRequest('The end date of a phase must be after its start date.', {
        param: `phases[${index}][end_date]`,
      });
    }
    start = ends;
    return {
      start: begins,
      end: ends,
      items: phase.items.map((item, at) => ({
        price: recurringPrice(state, item.price, `phases[${index}][items][${at}][price]`),
        quantity: item.quantity ?? 1,
      })),
      ...(phase.proration_behavior === undefined ? {} : { proration: phase.proration_behavior }),
      ...(phase.metadata === undefined ? {} : { metadata: freshMetadata(phase.metadata) }),
    };
  });
}
