/** When a page's next request is made, on a virtual clock: the requests and the need for them are a double's. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createScheduler,
  readNow,
  type Demand,
  type Outcome,
  type Scheduler,
} from '../../widget/src/client/scheduler.ts';
import type { Poll } from '../../widget/src/client/polling.ts';
import { BillhookError } from '../../widget/src/page/errors.ts';
import { ownTimers } from '../support/own-timers.ts';

interface Request {
  readonly poll: Poll;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  readonly at: number;
  end(outcome?: Partial<Outcome>): Promise<void>;
}

const awaited: Demand = { visit: 'none', sinceReturn: 0, unsettled: true, failures: 0 };
const idle: Demand = { ...awaited, unsettled: false };
const unreachable = new BillhookError('unreachable');
const heldPoll: Poll = { kind: 'read', wait: 25, delay: 0 };

let requests: Request[];
let demanded: Demand;
let made: Scheduler[];
/** Timers of the scheduler. */
let pending: () => number;
const last = () => requests.at(-1) as Request;

function scheduler(): Scheduler {
  const one = createScheduler({
    request: (poll, signal, quiet) =>
      new Promise((resolve) => {
        const end = async (outcome: Partial<Outcome> = {}) => {
          resolve({ changed: false, failure: null, ...outcome });
          await vi.advanceTimersByTimeAsync(0);
        };
        requests.push({ poll, quiet, signal, at: Date.now(), end });
      }),
    demand: () => demanded,
  });
  made.push(one);
  one.activated();
  return one;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  pending = ownTimers(/widget\/src\//);
  const document = { visibilityState: 'visible' };
  vi.stubGlobal('document', document);
  vi.stubGlobal('Document', { prototype: document });
  vi.stubGlobal('navigator', { onLine: true });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  [requests, demanded, made] = [[], awaited, []];
});
afterEach(async () => {
  // Held polls count for the whole page, which all tests of this file share.
  demanded = 'nothing';
  for (const request of requests) await request.end();
  for (const each of made) each.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Ends each held request at its time, until so much has passed. */
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

describe('one request at a time', () => {
  it('the later one in place of the earlier, whose end then means nothing', async () => {
    const one = scheduler();
    void one.ask(readNow);
    void one.ask(readNow, true);
    expect(requests.map(({ signal, quiet }) => [signal.aborted, quiet])).toEqual([
      [true, false],
      [false, true],
    ]);
    await requests[0]?.end({ failure: new BillhookError('rate_limited', 429, 60_000) });
    expect([one.isAsking(), one.isHeldOff(), pending()]).toEqual([true, false, 0]);
  });

  it('nothing is put beside one that is under way', async () => {
    const one = scheduler();
    void one.ask(heldPoll);
    one.schedule();
    await pass(600_000);
    expect(requests).toHaveLength(1);
  });

  it('nothing is asked where nothing is needed, and at once where it is', async () => {
    const one = scheduler();
    demanded = 'nothing';
    one.schedule();
    expect(pending()).toBe(0);
    demanded = 'now';
    one.schedule();
    expect(requests).toMatchObject([{ poll: readNow, quiet: false }]);
    one.stop();
    expect([last().signal.aborted, one.isAsking()]).toEqual([true, false]);
  });
});

describe('the next request', () => {
  it.each([
    ['news a quarter of a second later', true, 250],
    ['no news, which was not held, two seconds later', false, 2000],
  ])('follows %s', async (_, changed, pause) => {
    void scheduler().ask(heldPoll);
    await last().end({ changed });
    await pass(pause - 1);
    expect(requests).toHaveLength(1);
    await pass(1);
    expect(requests).toHaveLength(2);
  });

  it('follows one that was held at once, and one that was not to be held', async () => {
    const one = scheduler();
    void one.ask(heldPoll);
    await pass(2000);
    await last().end();
    await pass(0);
    expect(requests).toHaveLength(2);
    void one.ask(readNow);
    await last().end();
    await pass(0);
    expect(requests).toHaveLength(4);
  });
});

describe('held polls', () => {
  it('are given up where one is cut, until they are tried again', async () => {
    const one = scheduler();
    void one.ask(heldPoll);
    await last().end({ failure: unreachable });
    await pass(15_000);
    expect(last().poll).toMatchObject({ wait: 0 });
    await last().end();
    one.tryWaiting();
    one.schedule();
    await pass(0);
    expect(last().poll).toMatchObject({ wait: 25 });
  });

  it.each([
    ['a short request fails', readNow, unreachable],
    ['the server has too many', heldPoll, new BillhookError('rate_limited', 429)],
    ['they are refused for good', heldPoll, new BillhookError('token_invalid', 401)],
  ])('are not given up where %s', async (_, poll, failure) => {
    void scheduler().ask(poll);
    await last().end({ failure });
    await pass(15_000);
    expect(last().poll).toMatchObject({ wait: 25 });
  });

  it('are three of a page at most: a fourth client asks short ones, until one of them ends', async () => {
    const [one, , , fourth] = [scheduler(), scheduler(), scheduler(), scheduler()];
    for (const each of made.slice(0, 3)) void each.ask(heldPoll);
    fourth.schedule();
    await pass(15_000);
    expect(requests.map(({ poll }) => poll.wait)).toEqual([25, 25, 25, 0]);
    one.stop();
    await requests[0]?.end();
    await last().end();
    await pass(2000);
    expect(last().poll).toMatchObject({ wait: 25 });
  });

  it('that have become three meanwhile are not joined by a fourth', async () => {
    const fourth = scheduler();
    void fourth.ask(heldPoll);
    await last().end();
    for (const each of [scheduler(), scheduler(), scheduler()]) void each.ask(heldPoll);
    await pass(2000);
    expect(requests).toHaveLength(4);
    await pass(15_000);
    expect(requests.map(({ poll }) => poll.wait)).toEqual([25, 25, 25, 25, 0]);
  });
});

describe('an activation', () => {
  it('is not worth a request within two seconds of the last one', async () => {
    const one = scheduler();
    demanded = idle;
    void one.ask(readNow);
    await last().end();
    await pass(2000);
    expect(one.isFresh()).toBe(true);
    await pass(1);
    expect(one.isFresh()).toBe(false);
  });

  it('nor within the pause that the server asked for', async () => {
    const one = scheduler();
    demanded = 'nothing';
    expect(one.isHeldOff()).toBe(false);
    void one.ask(readNow);
    await last().end({ failure: new BillhookError('rate_limited', 429, 60_000) });
    await pass(59_999);
    expect([one.isHeldOff(), one.isFresh()]).toEqual([true, true]);
    await pass(1);
    expect(one.isHeldOff()).toBe(false);
  });

  it('and the next request waits for its end', async () => {
    demanded = { ...idle, failures: 1 };
    void scheduler().ask(readNow);
    await last().end({ failure: new BillhookError('rate_limited', 429, 60_000) });
    await pass(59_999);
    expect(requests).toHaveLength(1);
    await pass(1);
    expect(requests).toHaveLength(2);
  });
});
