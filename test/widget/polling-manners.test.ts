/** How often the widget asks, counted hour by hour on a virtual clock. The counts are printed as a table. */
import process from 'node:process';
import { afterAll, describe, expect, it } from 'vitest';
import { BrowserDouble, hourMs, minuteMs, secondMs } from './browser-double.ts';
import { active, shownAt, pro } from './snapshots.ts';

const table: (readonly [what: string, counted: string])[] = [];
afterAll(() => {
  const width = Math.max(...table.map(([what]) => what.length));
  process.stdout.write(`\n${table.map(([what, counted]) => `  ${what.padEnd(width)}  ${counted}`).join('\n')}\n`);
});
const note = (what: string, counted: string): void => void table.push([what, counted]);

/** Fixed, and different for each tab. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

/** A page that was loaded a second ago. */
async function loaded(browser: BrowserDouble, count = 1): Promise<number> {
  for (let tab = 0; tab < count; tab++) browser.tab({ random: dice(tab + 1) });
  await browser.pass(secondMs);
  return browser.clock.now;
}

describe('an idle page', () => {
  it('that is visible asks at most 12 times an hour, and is answered 304', async () => {
    const browser = new BrowserDouble();
    const since = await loaded(browser);
    await browser.pass(hourMs);
    const asked = browser.billing(since);
    note('idle visible hour', `${asked.length} GETs, ${browser.tokens(since).length} tokens`);
    expect(browser.billing()[0]?.status).toBe(200);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.length).toBeLessThanOrEqual(12);
    expect(asked.every(({ status, wait }) => status === 304 && wait === 0)).toBe(true);
    expect(browser.pending).toBe(0);
  });

  it('that is hidden asks nothing, and at once when it is shown', async () => {
    const browser = new BrowserDouble();
    const [since, [tab]] = [await loaded(browser), browser.tabs];
    tab?.hide();
    await browser.pass(hourMs);
    note('hidden hour', `${browser.billing(since).length} GETs`);
    expect(browser.asked.filter(({ at }) => at >= since)).toEqual([]);
    tab?.show();
    await browser.pass(secondMs);
    expect(browser.billing(since)).toHaveLength(1);
  });

  it('in five tabs asks as often as one: they tell each other and skip their polls', async () => {
    const browser = new BrowserDouble();
    const since = await loaded(browser, 5);
    await browser.pass(hourMs);
    note('five visible tabs, an hour', `${browser.billing(since).length} GETs`);
    expect(browser.billing(since).length).toBeLessThanOrEqual(12);
    browser.change({ ...active, revision: 'e1.2', plan: pro });
    await browser.pass(6 * minuteMs);
    expect(browser.tabs.every(({ fresh }) => fresh)).toBe(true);
  });

  it('that is offline asks nothing, and once when the network is back', async () => {
    const browser = new BrowserDouble();
    const [since, [tab]] = [await loaded(browser), browser.tabs];
    tab?.online(false);
    await browser.pass(hourMs);
    expect(browser.billing(since)).toEqual([]);
    tab?.online(true);
    await browser.pass(secondMs);
    note('offline hour, then back', `${browser.billing(since).length} GET`);
    expect(browser.billing(since)).toHaveLength(1);
  });

  it('that was closed leaves no timer and no request', async () => {
    const browser = new BrowserDouble();
    await loaded(browser);
    browser.tabs[0]?.leave();
    await browser.pass(0);
    expect([browser.clock.countTimers(), browser.pending]).toEqual([0, 0]);
  });
});

describe('a page with a long poll', () => {
  const processing = { ...active, state: 'processing' } as const;

  it('holds one request, and asks seldom after ten minutes', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    const since = await loaded(browser);
    await browser.pass(hourMs);
    const [first, rest] = [
      browser.billing(since).filter(({ at }) => at < since + 10 * minuteMs),
      browser.billing(since),
    ];
    note('payment under way, an hour', `${rest.length} GETs, ${first.length} of them in the first ten minutes`);
    expect(first.length).toBeLessThanOrEqual(26);
    expect(rest.length - first.length).toBeLessThanOrEqual(12);
    expect(browser.pending).toBe(0);
  });

  it('waits for the next payment with one request, and is idle when it is told', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = { ...active, nextPaymentAwaited: true };
    await loaded(browser);
    expect([browser.billing().length, browser.pending]).toEqual([2, 1]);
    browser.change({ ...active, revision: `${active.revision}1` });
    await browser.pass(minuteMs);
    expect(browser.pending).toBe(0);
    expect(browser.billing()).toHaveLength(2);
  });

  it('where a proxy cuts long polls asks short ones, every 15 s, for ten minutes', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    browser.trouble = async (wait) => {
      if (!wait) return null;
      await browser.after(10 * secondMs);
      return { status: 504, body: '<h1>Gateway Time-out</h1>' };
    };
    await loaded(browser);
    await browser.pass(10 * minuteMs);
    const asked = browser.billing();
    note(
      'a proxy cuts what waits, ten minutes',
      `${asked.length} GETs, ${asked.filter(({ wait }) => wait).length} waiting`,
    );
    expect(asked.filter(({ wait }) => wait)).toHaveLength(1);
    expect(asked.length).toBeLessThanOrEqual(42);
    browser.change({ ...active, revision: 'e1.2' });
    await browser.pass(20 * secondMs);
    expect(browser.tabs[0]?.fresh).toBe(true);
  });
});

describe('a BFF that fails', () => {
  it('with 429 and a Retry-After is not asked before, also when a person comes to the page', async () => {
    const browser = new BrowserDouble();
    const [, [tab]] = [await loaded(browser), browser.tabs];
    await browser.pass(minuteMs);
    const since = browser.clock.now;
    browser.trouble = () => ({ status: 429, headers: { 'retry-after': '120' }, body: { code: 'rate_limited' } });
    tab?.show();
    await browser.pass(secondMs);
    expect(browser.billing(since)).toHaveLength(1);
    browser.trouble = () => null;
    for (let look = 0; look < 10; look++) {
      // oxlint-disable-next-line no-await-in-loop -- one look after another
      await browser.pass(10 * secondMs);
      tab?.hide();
      tab?.show();
    }
    expect(browser.billing(since)).toHaveLength(1);
    await browser.pass(3 * minuteMs);
    const [, second] = browser.billing(since);
    note('429, Retry-After: 120, ten looks', `asked again after ${((second?.at ?? 0) - since) / secondMs} s`);
    expect((second?.at ?? 0) - since).toBeGreaterThanOrEqual(120 * secondMs);
    expect((second?.at ?? 0) - since, 'looking does not put it off').toBeLessThan(121 * secondMs);
    expect(tab?.fresh).toBe(true);
  });

  it('and is down for ten minutes gets few requests, and the page is fresh soon after', async () => {
    const browser = new BrowserDouble();
    browser.trouble = () => 'down';
    const since = await loaded(browser);
    await browser.pass(10 * minuteMs);
    const meanwhile = browser.billing(since).length;
    browser.trouble = () => null;
    const back = browser.clock.now;
    while (!browser.tabs[0]?.fresh) await browser.pass(secondMs); // oxlint-disable-line no-await-in-loop -- virtual seconds
    note(
      'BFF down for ten minutes',
      `${meanwhile} GETs, fresh ${(browser.clock.now - back) / secondMs} s after it is back`,
    );
    expect(meanwhile).toBeLessThanOrEqual(22);
    expect(browser.clock.now - back).toBeLessThanOrEqual(90 * secondMs);
  });

  it('and is back gets a hundred pages’ requests spread over time', async () => {
    const browser = new BrowserDouble();
    const people = 100;
    for (let person = 0; person < people; person++) browser.tab({ person: `${person}`, random: dice(person + 1) });
    await browser.pass(secondMs);
    browser.trouble = () => 'down';
    await browser.pass(10 * minuteMs);
    browser.trouble = () => null;
    const back = browser.clock.now;
    await browser.pass(2 * minuteMs);
    const bySecond = new Map<number, number>();
    for (const { at } of browser.billing(back)) {
      const second = Math.floor((at - back) / secondMs);
      bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
    }
    const most = Math.max(...bySecond.values());
    note(`${people} people, BFF back`, `at most ${most} GETs in one second, all fresh in two minutes`);
    expect(browser.tabs.every(({ fresh }) => fresh)).toBe(true);
    expect(most).toBeLessThanOrEqual(people / 10);
  });
});

describe('a clock', () => {
  it('of a laptop that slept causes one request, not a burst', async () => {
    const browser = new BrowserDouble();
    const [, [tab]] = [await loaded(browser), browser.tabs];
    await browser.pass(2 * minuteMs);
    browser.sleep(9 * hourMs);
    const since = browser.clock.now;
    tab?.show();
    await browser.pass(minuteMs);
    note(
      'a laptop that slept for nine hours',
      `${browser.billing(since).length} GET, ${browser.tokens(since).length} token`,
    );
    expect([browser.billing(since).length, browser.tokens(since).length]).toEqual([1, 1]);
    await browser.pass(hourMs);
    expect(browser.billing(since).length).toBeLessThanOrEqual(13);
  });

  for (const hours of [-5, 5]) {
    it(`${hours} hours wrong costs nothing: the server's time is what counts`, async () => {
      const browser = new BrowserDouble();
      const tab = browser.tab({ ahead: hours * hourMs });
      await browser.pass(secondMs);
      const since = browser.clock.now;
      await browser.pass(hourMs);
      note(
        `a clock ${hours} h wrong, an hour`,
        `${browser.billing(since).length} GETs, ${browser.tokens(since).length} tokens`,
      );
      expect(browser.billing(since).length).toBeLessThanOrEqual(12);
      expect(browser.tokens(since).length).toBeLessThanOrEqual(12);
      expect(Math.abs(tab.client.now() - browser.clock.now)).toBeLessThan(2 * secondMs);
      expect(browser.clock.now).toBeGreaterThan(shownAt);
    });

    it(`put right by ${hours} hours while a page is open: it goes on asking when somebody comes`, async () => {
      const browser = new BrowserDouble();
      const [, [tab]] = [await loaded(browser), browser.tabs];
      await browser.pass(minuteMs);
      if (tab) tab.ahead = hours * hourMs;
      const since = browser.clock.now;
      tab?.show();
      await browser.pass(secondMs);
      expect(browser.billing(since)).toHaveLength(1);
      await browser.pass(hourMs);
      expect(browser.billing(since).length).toBeLessThanOrEqual(13);
    });
  }
});
