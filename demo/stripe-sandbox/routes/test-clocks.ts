/**
 * Test clocks. The sandbox has one clock for the whole account: advancing a test clock moves every customer's time, which
 * is more than Stripe's does. A test clock in the past takes an account without customers there; beside customers it keeps
 * its distance: the account is moved on as far as it is, and the objects have the account's times.
 */

import { daySeconds } from '../engine/periods.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { page, pageParams } from '../http/paging.ts';
import { integer, required, text } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { TestClock } from '../state/wire.ts';

const path = '/v1/test_helpers/test_clocks';

/** How many seconds the account is ahead of a test clock in the past. */
const distances = new WeakMap<TestClock, number>();

export function testClockRoutes(api: Api): void {
  api.post(path, { frozen_time: required(integer), name: text }, ({ state, params }) => {
    const clock: TestClock = {
      id: state.ids.next('clock'),
      object: 'test_helpers.test_clock',
      created: state.clock.seconds(),
      deletes_after: state.clock.seconds() + 30 * daySeconds,
      frozen_time: params.frozen_time,
      livemode: false,
      name: params.name ?? null,
      status: 'ready',
      status_details: {},
    };
    state.testClocks.add(clock);
    state.clock.freeze();
    const isPast = params.frozen_time < state.clock.seconds();
    if (isPast && state.customers.list().length === 0) state.clock.standAt(params.frozen_time * 1000);
    else if (isPast) distances.set(clock, state.clock.seconds() - params.frozen_time);
    state.emit('test_helpers.test_clock.created', clock);
    void state.clock.advanceTo(momentOf(state, clock, params.frozen_time));
    return clock;
  });
  api.get(path, pageParams, ({ state, params }) => page(state.testClocks.list(), params, path, 'test clock'));
  api.get(`${path}/:id`, {}, ({ state, id }) => requireClock(state, id()));
  api.post(`${path}/:id/advance`, { frozen_time: required(integer) }, ({ state, params, id }) => {
    const clock = requireClock(state, id());
    const { frozen_time: target } = params;
    if (target <= clock.frozen_time)
      throw invalidRequest('`frozen_time` must be after the time that the clock stands at.', { param: 'frozen_time' });
    if (clock.status !== 'ready') throw invalidRequest(`The test clock is ${clock.status}.`);
    clock.status = 'advancing';
    clock.status_details = { advancing: { target_frozen_time: target } };
    state.emit('test_helpers.test_clock.advancing', clock);
    void arrive(state, clock, target);
    return clock;
  });
  api.delete(`${path}/:id`, {}, ({ state, id }) => {
    const clock = requireClock(state, id());
    state.testClocks.delete(clock.id);
    state.emit('test_helpers.test_clock.deleted', clock);
    return { id: clock.id, object: 'test_helpers.test_clock', deleted: true };
  });
}

async function arrive(state: State, clock: TestClock, target: number): Promise<void> {
  await state.clock.advanceTo(momentOf(state, clock, target));
  clock.status = 'ready';
  clock.status_details = {};
  clock.frozen_time = target;
  state.emit('test_helpers.test_clock.ready', clock);
}

/** In the running second the clock may be past its beginning. */
const momentOf = (state: State, clock: TestClock, seconds: number): number =>
  Math.max((seconds + (distances.get(clock) ?? 0)) * 1000, state.clock.now());

export function requireClock(state: State, id: string, param = 'id'): TestClock {
  const clock = state.testClocks.get(id);
  if (!clock) throw noSuch('test clock', id, param);
  return clock;
}
