/** A page's changes to its elements (added late, moved, removed), and its own troubles: no network, a wrong clock. */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { active, snapshots, team } from '../../demo/host/gallery/snapshots.ts';
import { openAudience, type Audience } from './browser-pages.ts';
import { scriptTag, HostSite } from './host-site.ts';
import { allWords, press, says } from './widget-words.ts';

let site: HostSite;
let audience: Audience;
beforeAll(async () => {
  [site, audience] = await Promise.all([new HostSite().open(), openAudience()]);
  site.pages.set('/', { head: scriptTag(site), body: '<main></main><aside></aside>' });
});
afterAll(() => Promise.all([site.close(), audience.close()]));
afterEach(async () => {
  await audience.leave();
  expect(audience.troubles.splice(0)).toEqual([]);
  site.asked.length = 0;
  site.snapshot = active;
  site.instead.clear();
});

const add = (page: Page, attributes = '') =>
  page.evaluate((attributes) => {
    const main = document.querySelector('main');
    if (main) main.innerHTML = `<billhook-widget ${attributes}></billhook-widget>`;
  }, attributes);
/** Asked from outside: a wait inside of the page brings listeners of its own. */
const defined = (page: Page) =>
  expect.poll(() => page.evaluate(() => customElements.get('billhook-widget') !== undefined)).toBe(true);
const remove = (page: Page) => page.evaluate(() => document.querySelector('billhook-widget')?.remove());

interface Held {
  readonly timers: Set<unknown>;
  readonly listeners: Set<{ type: string; listener: unknown }>;
  requests: number;
  channels: number;
}

/** Counts what a page holds open, from before its first script: timers, listeners of window and document, requests, channels. */
async function countsWhatIsHeld(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const held: Held = { timers: new Set(), listeners: new Set(), requests: 0, channels: 0 };
    Object.assign(window, { held });
    const { setTimeout: set, clearTimeout: clear, fetch: ask } = window;
    window.setTimeout = ((work: () => void, delay?: number) => {
      const id = set(() => {
        held.timers.delete(id);
        work();
      }, delay);
      held.timers.add(id);
      return id;
    }) as typeof set;
    window.clearTimeout = (id) => {
      held.timers.delete(id);
      clear(id);
    };
    window.setInterval = () => {
      throw new Error('an interval goes on for ever');
    };
    window.fetch = async (...request) => {
      held.requests += 1;
      try {
        return await ask(...request);
      } finally {
        held.requests -= 1;
      }
    };
    const { addEventListener: listen, removeEventListener: leave } = EventTarget.prototype;
    EventTarget.prototype.addEventListener = function (type, listener, options) {
      const target = (this as EventTarget | undefined) ?? window; // called as a plain function
      if (target === window || target === document) {
        const one = { type, listener };
        held.listeners.add(one);
        if (typeof options === 'object') options.signal?.addEventListener('abort', () => held.listeners.delete(one));
      }
      listen.call(target, type, listener, options);
    };
    EventTarget.prototype.removeEventListener = function (type, listener, options) {
      for (const one of held.listeners) {
        if (one.type === type && one.listener === listener) held.listeners.delete(one);
      }
      leave.call((this as EventTarget | undefined) ?? window, type, listener, options);
    };
    const Channel = window.BroadcastChannel;
    window.BroadcastChannel = class extends Channel {
      constructor(name: string) {
        super(name);
        held.channels += 1;
      }
      override close(): void {
        held.channels -= 1;
        super.close();
      }
    };
  });
}

const held = (page: Page) =>
  page.evaluate(() => {
    const { timers, listeners, requests, channels } = (window as unknown as { held: Held }).held;
    return { timers: timers.size, listeners: listeners.size, requests, channels };
  });
const nothing = { timers: 0, listeners: 0, requests: 0, channels: 0 };

describe('an element', () => {
  it('that is added long after the script shows the same as the others, without another request', async () => {
    const page = await audience.page(site.hostUrl);
    await defined(page);
    expect(site.asked).toEqual([]);
    await add(page);
    await says(page, 'Team');
    await page.evaluate(() => document.querySelector('aside')?.append(document.createElement('billhook-plan-status')));
    await page.locator('billhook-plan-status').getByText('Team').waitFor();
    expect(site.asked).toEqual(['GET /token', 'GET /v1/billing']);
  });

  it('that is moved keeps its view and its token', async () => {
    const move = () => {
      const [from, to] = document.querySelectorAll('main, aside');
      const widget = document.querySelector('billhook-widget');
      if (widget) (widget.parentElement === from ? to : from)?.append(widget);
    };
    const page = await audience.page(site.hostUrl);
    await add(page);
    await says(page, 'Team');
    const words = await allWords(page);
    const asked = site.asked.length;
    await page.evaluate(move);
    expect(await allWords(page)).toBe(words);
    await page.evaluate(move);
    expect(await allWords(page)).toBe(words);
    expect(site.asked.slice(asked)).not.toContain('GET /token');
  });

  const everywhere = [
    ['idle', null],
    ['its token is on the way', '/token'],
    ['its billing is on the way', '/v1/billing'],
    ['it opens a page', '/v1/portal-sessions'],
  ] as const;
  it.each(everywhere)('that is removed while %s leaves no timer, listener, request or channel', async (_, path) => {
    const page = await audience.page(site.hostUrl, countsWhatIsHeld);
    await defined(page);
    expect(await held(page)).toEqual(nothing);
    const arrived = Promise.withResolvers<void>();
    if (path) {
      site.instead.set(path, (c) => {
        arrived.resolve();
        return new Promise((gone) => c.req.raw.signal.addEventListener('abort', () => gone(c.body(null, 204))));
      });
    }
    await add(page);
    if (path?.endsWith('sessions')) await press(page, 'Manage billing');
    if (path) await arrived.promise;
    else await says(page, 'Team');
    const before = await held(page);
    expect(before.listeners).toBeGreaterThan(3);
    expect(before).toMatchObject({ channels: 1, requests: path ? 1 : 0 });
    await remove(page);
    await expect.poll(() => held(page)).toEqual(nothing);
  });

  it('that is added and removed twenty times leaves none either', async () => {
    const page = await audience.page(site.hostUrl, countsWhatIsHeld);
    for (let time = 0; time < 20; time++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await add(page, `account="${time}"`);
    }
    await says(page, 'Team');
    await remove(page);
    await expect.poll(() => held(page)).toEqual(nothing);
  });
});

describe('a page', () => {
  it('without a network says so, keeps its last view, and reads again when the network is back', async () => {
    const page = await audience.page(site.hostUrl);
    await add(page);
    await says(page, 'Team');
    await page.context().setOffline(true);
    await page.evaluate(() => void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await says(page, /offline/i);
    await says(page, 'Team');
    expect(audience.troubles.splice(0).every((each) => each.includes('ERR_INTERNET_DISCONNECTED'))).toBe(true);
    site.snapshot = { ...active, revision: 'e1.2', plan: { ...team, name: 'Business' } };
    await page.context().setOffline(false);
    await says(page, 'Business');
    expect(await allWords(page)).not.toMatch(/offline/i);
  });

  it('with a clock hours wrong shows and requests the same', async () => {
    const graceEndsAt = new Date(Date.now() + 36 * 3_600_000).toISOString();
    const right = await witnessed(0, graceEndsAt);
    // A page that was away asks for a token anew: another person may be at it.
    expect(right.asked).toEqual(['GET /token', 'GET /v1/billing', 'GET /token', 'GET /v1/billing']);
    for (const hours of [-26, 5]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await witnessed(hours, graceEndsAt), `${hours} hours`).toEqual(right);
    }
  });
});

async function witnessed(hours: number, graceEndsAt: string): Promise<{ words: string; asked: readonly string[] }> {
  site.asked.length = 0;
  site.snapshot = { ...snapshots.pastDue, graceEndsAt };
  const page = await audience.page(site.hostUrl, (page) => page.addInitScript(clockIsAhead, hours * 3_600_000));
  await add(page);
  await says(page, 'Team');
  await page.evaluate(() => void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await expect.poll(() => site.asked.length).toBeGreaterThan(3);
  const words = await allWords(page);
  await audience.leave();
  // Its later requests depend on the time that passes.
  return { words, asked: site.asked.slice(0, 4) };
}

/** Runs in the page, before its scripts. */
function clockIsAhead(milliseconds: number): void {
  const RealDate = Date;
  window.Date = class extends RealDate {
    constructor(...args: [] | [number]) {
      super(...((args.length ? args : [RealDate.now() + milliseconds]) as [number]));
    }
    static override now = () => RealDate.now() + milliseconds;
  } as DateConstructor;
}
