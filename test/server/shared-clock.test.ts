/** The clock of processes that share a ledger: the database's, whatever the machine's own says. */

import { expect, it } from 'vitest';
import { SharedClock } from '../../server/src/ledger/shared-clock.ts';

const hour = 3_600_000;

/** A machine before a database, whose time is the right one. */
class World {
  time = 1_800_000_000_000;
  offMs = 0;
  tripMs = 0;
  /** By which the clock that is never set has run ahead. */
  driftMs = 0;
  isDown = false;
  asked = 0;
  readonly own = {
    wall: () => this.time + this.offMs + this.driftMs,
    monotonic: () => this.time - 1_700_000_000_000 + this.driftMs,
  };
  readonly ask = async () => {
    this.asked += 1;
    if (this.isDown) throw new Error('down');
    const { time } = this;
    this.time += this.tripMs;
    return time;
  };
  /** Uses the clock, lets it be answered, and uses it again. */
  async later(clock: SharedClock, ms: number): Promise<number> {
    this.time += ms;
    clock.now();
    await Promise.resolve();
    await Promise.resolve();
    return clock.now() - this.time;
  }
}

it.each([-24 * hour, -hour, 7 * 60_000, 10 * hour])('a machine that is off by %d ms', async (offMs) => {
  const world = new World();
  world.offMs = offMs;
  const clock = await SharedClock.of(world.ask, world.own);
  expect(clock.now()).toBe(world.time);
  expect(await world.later(clock, 9_000)).toBe(0);
  expect(world.asked).toBe(1);
});

it('asks again every ten seconds of use, once at a time', async () => {
  const world = new World();
  const clock = await SharedClock.of(world.ask, world.own);
  world.time += 10_000;
  clock.now();
  expect(world.asked).toBe(1);
  world.time += 1;
  for (let use = 0; use < 5; use += 1) clock.now();
  expect(world.asked).toBe(2);
});

it('a clock that is set while it runs moves nothing, and is asked about at once', async () => {
  const world = new World();
  const clock = await SharedClock.of(world.ask, world.own);
  world.offMs = -1_000;
  expect(clock.now()).toBe(world.time);
  expect(world.asked, 'by no more than is left alone').toBe(1);
  world.offMs = -hour;
  expect(clock.now()).toBe(world.time);
  expect(world.asked).toBe(2);
  expect(await world.later(clock, 0)).toBe(0);
  expect(await world.later(clock, 1_000)).toBe(0);
  expect(world.asked, 'it is known by now').toBe(2);
});

it('a database that does not answer: it counts on, and asks at each use', async () => {
  const world = new World();
  const clock = await SharedClock.of(world.ask, world.own);
  world.isDown = true;
  expect(await world.later(clock, hour)).toBe(0);
  expect(await world.later(clock, hour)).toBe(0);
  expect(world.asked).toBeGreaterThan(2);
});

it('is never ahead of the database, and a late answer replaces nothing better', async () => {
  const world = new World();
  world.tripMs = 400;
  const clock = await SharedClock.of(world.ask, world.own);
  expect(clock.now() - world.time).toBe(-400);
  world.tripMs = hour;
  expect(await world.later(clock, 10_001)).toBe(-400);
  world.tripMs = 0;
  expect(await world.later(clock, 10_001)).toBe(0);
});

it('takes a first answer, however late', async () => {
  const world = new World();
  world.tripMs = hour;
  const clock = await SharedClock.of(world.ask, world.own);
  expect(clock.now() - world.time).toBe(-hour);
});

it('takes a prompt answer where it has counted too fast', async () => {
  const world = new World();
  const clock = await SharedClock.of(world.ask, world.own);
  world.driftMs = 5_000;
  world.tripMs = 1_000;
  expect(clock.now() - world.time).toBe(5_000);
  expect(await world.later(clock, 10_000)).toBe(-1_000);
});

it('takes a late answer where it has counted too slowly', async () => {
  const world = new World();
  const clock = await SharedClock.of(world.ask, world.own);
  world.driftMs = -30_000;
  world.tripMs = 2_000;
  expect(clock.now() - world.time).toBe(-30_000);
  expect(await world.later(clock, 60_000)).toBe(-2_000);
});

it('throws at the start where the database does', async () => {
  const world = new World();
  world.isDown = true;
  await expect(SharedClock.of(world.ask, world.own)).rejects.toThrow('down');
});
