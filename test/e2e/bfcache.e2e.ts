/**
 * Back, from the browser's own cache: the page is there as it was left, and the widget goes on. In Chromium, and in
 * Firefox where the machine has one already.
 */

import process from 'node:process';
import { chromium } from 'playwright-core';
import { launch, type Browser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { active, pro } from '../../demo/host/gallery/snapshots.ts';
import { findBrowser, quiet } from '../support/browser.ts';
import { presentFirefox } from '../support/other-browsers.ts';
import { patienceMs } from '../support/patience.ts';
import { scriptTag, HostSite } from './host-site.ts';

/** As much of a tab as both leaders have. */
interface Tab {
  goto(url: string, options: { waitUntil: 'load' | 'domcontentloaded' }): Promise<unknown>;
  evaluate<T>(work: () => T): Promise<T>;
  close(): Promise<void>;
}

interface Leader {
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

/** One that is there and starts: Ubuntu has a file of that name which only says where to get it. */
async function startedFirefox(): Promise<Browser | undefined> {
  const executablePath = presentFirefox();
  try {
    if (executablePath)
      return await launch({ browser: 'firefox', executablePath, timeout: patienceMs, protocolTimeout: patienceMs });
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
  }
  process.stderr.write('Skipped: the back/forward cache of Firefox, for there is none here that starts.\n');
  return undefined;
}

const firefox = await startedFirefox();

const leaders: Readonly<Record<string, () => Promise<Leader>>> = {
  async Chromium() {
    const browser = await chromium.launch({
      executablePath: await findBrowser(),
      args: quiet,
      timeout: patienceMs,
      // Playwright switches the cache off; people have it on.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    });
    const tab = async () => {
      const page = await browser.newPage();
      page.setDefaultTimeout(patienceMs);
      return page;
    };
    return { tab, close: () => browser.close() };
  },
  ...(firefox && {
    async Firefox() {
      const tab = async () => {
        const page = await firefox.newPage();
        page.setDefaultTimeout(patienceMs);
        return page;
      };
      return { tab, close: () => firefox.close() };
    },
  }),
};

/** The page's own lifecycle events and its widget's words; read from the page, because a restored one loads nothing. */
const heard = (tab: Tab) =>
  tab
    .evaluate(() => {
      const root = document.querySelector('billhook-widget')?.shadowRoot?.querySelector('.root');
      const words = [...(root?.querySelectorAll('[part~=note], [part~=name], [part~=button]') ?? [])];
      return {
        shown: (Reflect.get(window, 'shown') as string[] | undefined) ?? [],
        troubles: (Reflect.get(window, 'troubles') as string[] | undefined) ?? [],
        words: words.map((element) => element.textContent?.replaceAll(/\s+/g, ' ').trim()),
        disabled: root?.querySelector('[part~=button]')?.getAttribute('aria-disabled'),
      };
    })
    // Between two pages there is none to ask.
    .catch(() => null);

const listening = `<script>
  shown = []; troubles = [];
  addEventListener('pageshow', ({ persisted }) => shown.push(persisted ? 'restored' : 'loaded'));
  addEventListener('error', ({ message }) => troubles.push(message));
  addEventListener('unhandledrejection', ({ reason }) => troubles.push(String(reason)));
  const { error } = console;
  console.error = (...said) => { troubles.push(said.join(' ')); error(...said); };
</script>`;

const unchanged = ['Nothing changed.', 'Team', 'Update card', 'View invoice', 'Manage billing'];

describe.each(Object.entries(leaders))('%s', (name, lead) => {
  let site: HostSite;
  let leader: Leader;
  let tab: Tab;
  beforeAll(async () => {
    [site, leader] = await Promise.all([new HostSite().open(), lead()]);
    site.pages.set('/', {
      head: listening + scriptTag(site),
      body: '<billhook-widget></billhook-widget>',
    });
    site.pages.set('/elsewhere', { body: '<h1>Elsewhere</h1>' });
  });
  afterAll(() => Promise.all([site.close(), leader.close()]));
  afterEach(async () => {
    await tab.close();
    site.snapshot = active;
    site.asked.length = 0;
    await expect.poll(() => site.waiting).toBe(0);
  });

  async function open(): Promise<void> {
    tab = await leader.tab();
    await tab.goto(`${site.hostUrl}/`, { waitUntil: 'load' });
    await expect.poll(async () => (await heard(tab))?.words).toContain('Manage billing');
    // Shown a moment before the browser is done with the request, which would keep the page out of Firefox's cache.
    const answered = () => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/v1/billing'));
    await expect.poll(() => tab.evaluate(answered)).toBe(true);
  }

  async function leaveForStripe(): Promise<void> {
    const press = () => {
      const root = document.querySelector('billhook-widget')?.shadowRoot;
      root?.querySelector<HTMLElement>('[part~=button-primary]')?.click();
    };
    await tab.evaluate(press).catch(() => {});
    await expect.poll(() => tab.evaluate(() => document.title).catch(() => '')).toBe('Stripe');
  }

  async function back(): Promise<void> {
    await tab.evaluate(() => history.back()).catch(() => {});
    await expect.poll(async () => (await heard(tab))?.shown).toEqual(['loaded', 'restored']);
  }

  it('L34: is restored from idle, and shows later changes', async () => {
    await open();
    site.snapshot = { ...active, revision: 'e1.2', plan: pro };
    await tab.goto(`${site.hostUrl}/elsewhere`, { waitUntil: 'load' });
    await back();
    await expect.poll(async () => (await heard(tab))?.words).toContain('Pro');
    expect((await heard(tab))?.troubles).toEqual([]);
  });

  it('is restored after a visit to Stripe: no button is stuck in "Opening…", and the outcome is shown', async () => {
    await open();
    await leaveForStripe();
    await back();
    await expect.poll(() => heard(tab)).toMatchObject({ words: unchanged, disabled: 'false', troubles: [] });
  });

  it('is restored although a long poll was open when the button was pressed: the poll is aborted', async () => {
    site.snapshot = { ...active, state: 'processing' };
    await open();
    await expect.poll(() => site.waiting).toBe(1);
    await leaveForStripe();
    expect(site.waiting).toBe(0);
    await back();
    await expect.poll(() => heard(tab)).toMatchObject({ words: unchanged, disabled: 'false', troubles: [] });
  });

  // Firefox decides before `pagehide` can give the request up: there the page is loaded anew.
  it(`${name === 'Firefox' ? 'goes on' : 'is restored'} although a long poll was open when a link was followed`, async () => {
    site.snapshot = { ...active, state: 'processing' };
    await open();
    await expect.poll(() => site.waiting).toBe(1);
    await tab.goto(`${site.hostUrl}/elsewhere`, { waitUntil: 'load' });
    await expect.poll(() => site.waiting).toBe(0);
    if (name === 'Firefox') await tab.evaluate(() => history.back()).catch(() => {});
    else await back();
    await expect.poll(() => site.waiting).toBe(1);
    await expect.poll(() => heard(tab)).toMatchObject({ words: expect.arrayContaining(['Team']), troubles: [] });
  });
});
