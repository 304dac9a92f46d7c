/** `/v1/subscription_schedules`. */

import type { Stripe } from 'stripe';
import { endSubscription } from '../engine/cancellation.ts';
import { requireCustomer, requireListed } from '../engine/customers.ts';
import { addInterval } from '../engine/periods.ts';
import { cancelUnbegun, releaseSchedule } from '../engine/schedule-end.ts';
import { scheduleSubscription } from '../engine/schedule-start.ts';
import { createSchedule, setPhases, type PhaseDraft } from '../engine/schedules.ts';
import { creditUnusedTime, invoiceWhatWaits } from '../engine/subscription-change.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import { natural, positive } from '../http/bounds.ts';
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
import type { Price, SubscriptionSchedule } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { recurringPrice, requireSubscription } from './subscriptions.ts';

const proration = union<Stripe.SubscriptionScheduleUpdateParams.ProrationBehavior>();
const moment = either(integer, only('now'));

const phase = {
  duration: hash({
    interval: required(union<Stripe.SubscriptionScheduleUpdateParams.Phase.Duration.Interval>()),
    interval_count: positive,
  }),
  end_date: moment,
  items: required(list(hash({ metadata, price: required(text), quantity: natural }))),
  // Of older versions: how often the price's interval goes round.
  iterations: positive,
  metadata,
  proration_behavior: proration,
};
const phases = list(hash({ ...phase, start_date: moment }));
const endBehavior = only('cancel', 'release');

const createFields = {
  billing_mode: hash({ type: required(union<'classic' | 'flexible'>()) }),
  customer: text,
  customer_account: text,
  end_behavior: endBehavior,
  from_subscription: text,
  metadata,
  phases: list(hash(phase)),
  start_date: moment,
};

const updateFields = { end_behavior: endBehavior, metadata, phases, proration_behavior: proration };

type PhaseParams = NonNullable<Read<typeof updateFields>['phases']>[number];

export function scheduleRoutes(api: Api): void {
  api.post('/v1/subscription_schedules', createFields, ({ state, params }) => {
    if (params.from_subscription === undefined) return create(state, params);
    const other = Object.keys(params).find((name) => !['expand', 'from_subscription', 'metadata'].includes(name));
    if (other !== undefined)
      throw invalidRequest(`You cannot set \`${other}\` if \`from_subscription\` is set.`, { param: other });
    const subscription = requireSubscription(state, params.from_subscription, 'from_subscription');
    return createSchedule(state, subscription, freshMetadata(params.metadata));
  });
  api.get(
    '/v1/subscription_schedules',
    {
      ...pageParams,
      created: timeRange,
      customer: text,
      customer_account: text,
      released_at: timeRange,
      scheduled: flag,
    },
    ({ state, params }) => {
      requireListed(state, params.customer);
      return page(
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
      );
    },
  );
  api.get('/v1/subscription_schedules/:id', {}, ({ state, id }) => requireSchedule(state, id()));
  api.post('/v1/subscription_schedules/:id', updateFields, ({ state, params, id }) => {
    const schedule = requireActive(state, id());
    if (params.phases) setPhases(state, schedule, readPhases(state, startOf(state, schedule), params.phases));
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
  api.post('/v1/subscription_schedules/:id/cancel', { invoice_now: flag, prorate: flag }, ({ state, params, id }) => {
    const schedule = requireActive(state, id());
    const subscription = state.subscriptions.get(schedule.subscription ?? '');
    if (!subscription) cancelUnbegun(state, schedule);
    else {
      // Both are true unless they are said not to be, other than for a subscription.
      if (params.prorate !== false) creditUnusedTime(state, subscription);
      endSubscription(state, subscription, 'cancellation_requested');
      if (params.invoice_now !== false) invoiceWhatWaits(state, subscription);
    }
    return schedule;
  });
}

function create(state: State, params: Read<typeof createFields>): SubscriptionSchedule {
  if (params.customer === undefined) throw missingParam('customer');
  if (params.start_date === undefined) throw missingParam('start_date');
  if (!params.phases?.length) throw missingParam('phases');
  const customer = requireCustomer(state, params.customer, 'customer');
  const now = state.clock.seconds();
  const drafts = readPhases(state, params.start_date === 'now' ? now : params.start_date, params.phases);
  const currency = drafts[0]?.items[0]?.price.currency ?? '';
  return scheduleSubscription(state, {
    customer: customer.id,
    billingMode:
      params.billing_mode?.type === 'classic'
        ? { flexible: null, type: 'classic' }
        : { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: now },
    currency,
    metadata: freshMetadata(params.metadata),
    phases: drafts,
    ...(params.end_behavior === undefined ? {} : { endBehavior: params.end_behavior }),
  });
}

function requireSchedule(state: State, id: string): SubscriptionSchedule {
  const schedule = state.schedules.get(id);
  if (!schedule) throw noSuch('subscription_schedule', id);
  return schedule;
}

function requireActive(state: State, id: string): SubscriptionSchedule {
  const schedule = requireSchedule(state, id);
  if (schedule.status === 'active' || schedule.status === 'not_started') return schedule;
  throw invalidRequest(
    `You cannot change a subscription schedule that is currently in the \`${schedule.status}\` status.`,
  );
}

const startOf = (state: State, schedule: SubscriptionSchedule): number =>
  schedule.current_phase?.start_date ?? schedule.phases[0]?.start_date ?? state.clock.seconds();

/**
 * Each phase begins where the one before it ends; only the first may say when it began.
 *
 * @param from - Unix seconds
 */
function readPhases(state: State, from: number, given: PhaseParams[]): PhaseDraft[] {
  let start = from;
  return given.map((phase, index) => {
    const begins = momentOf(state, phase.start_date) ?? start;
    const items = phase.items.map((item, at) => ({
      price: recurringPrice(state, item.price, `phases[${index}][items][${at}][price]`),
      quantity: item.quantity ?? 1,
    }));
    const ends = endOf(state, phase, begins, items[0]?.price, index === given.length - 1);
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
      items,
      ...(phase.proration_behavior === undefined ? {} : { proration: phase.proration_behavior }),
      ...(phase.metadata === undefined ? {} : { metadata: freshMetadata(phase.metadata) }),
    };
  });
}

const momentOf = (state: State, given: number | 'now' | undefined): number | undefined =>
  given === 'now' ? state.clock.seconds() : given;

/** A last phase that names no end lasts one interval of its price. */
function endOf(
  state: State,
  { duration, end_date: end, iterations }: PhaseParams,
  begins: number,
  price: Price | undefined,
  isLast: boolean,
): number | undefined {
  const moment = momentOf(state, end);
  if (moment !== undefined) return moment;
  if (duration) return addInterval(begins, duration.interval, duration.interval_count ?? 1);
  const times = iterations ?? (isLast ? 1 : undefined);
  const { interval, interval_count: count } = price?.recurring ?? { interval: 'month', interval_count: 1 };
  return times === undefined ? undefined : addInterval(begins, interval, count * times);
}
