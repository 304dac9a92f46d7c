/** The demo's gallery in a browser, and a look at each of its choices without loading the page anew. */

import { chromium, type BrowserContextOptions, type Page } from 'playwright-core';
import { fixtures } from '../../demo/host/gallery/fixtures.ts';
import { choices } from '../../demo/host/gallery/gallery-page.ts';
import { startDemo, type Demo } from '../../demo/start-demo.ts';
import { findBrowser, quiet } from '../support/browser.ts';
import { patienceMs } from '../support/patience.ts';

export type Choice = { readonly [name in keyof typeof choices]?: string } & { readonly state?: string };

export const values = (name: keyof typeof choices): string[] => Object.keys(choices[name]);
export const states = Object.keys(fixtures) as readonly (keyof typeof fixtures)[];

export interface GalleryVisit {
  readonly demo: Demo;
  /** @param options - `bypassCSP` where a test brings a script of its own */
  enter(options?: BrowserContextOptions): Promise<Page>;
  /** Everything that went wrong on the pages, and every request that fixtures should have made needless. */
  readonly troubles: string[];
  close(): Promise<void>;
}

/**
 * Runs in the page, before its scripts: its time limits do not pass, however slow the machine. Some forty elements answer on
 * one thread, and a busy machine takes longer for them than an element waits for its token.
 */
function withoutTimeLimits(): void {
  const limitMs = 10_000;
  const { setTimeout: set } = window;
  const setShort = (work: () => void, milliseconds = 0) => (milliseconds < limitMs ? set(work, milliseconds) : 0);
  window.setTimeout = setShort as typeof set;
}

export async function visitGallery(): Promise<GalleryVisit> {
  const demo = await startDemo({ hostPort: 0, billhookPort: 0, sandboxPort: 0, logLevel: 'silent' });
  const launched = chromium.launch({ executablePath: await findBrowser(), args: quiet, timeout: patienceMs });
  const browser = await launched.catch(async (cause) => {
    await demo.stop();
    throw cause;
  });
  const troubles: string[] = [];
  return {
    demo,
    troubles,
    async enter(options = {}) {
      const context = await browser.newContext({
        locale: 'en-US',
        timezoneId: 'UTC',
        viewport: { width: 1280, height: 900 },
        ...options,
      });
      context.setDefaultTimeout(patienceMs);
      await context.addInitScript(withoutTimeLimits);
      const page = await context.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') troubles.push(message.text());
      });
      page.on('pageerror', (error) => troubles.push(String(error)));
      page.on('request', (request) => {
        if (/\/v1\/|\/billing\/token/.test(request.url())) troubles.push(`asked ${request.url()}`);
      });
      await page.goto(`${demo.hostUrl}/gallery?state=active`);
      await shown(page);
      return page;
    },
    async close() {
      await browser.close();
      await demo.stop();
    },
  };
}

/** Resolves when everything that was chosen is on the page, in its language. */
export async function shown(page: Page): Promise<void> {
  await page.locator('main:not([data-shown=""])[data-shown]').waitFor({ state: 'attached' });
}

export async function look(page: Page, choice: Choice): Promise<void> {
  await page.evaluate(
    (query) => {
      document.querySelector('main')?.setAttribute('data-shown', '');
      history.replaceState(null, '', `?${query}`);
      dispatchEvent(new PopStateEvent('popstate'));
    },
    String(new URLSearchParams(choice)),
  );
  await shown(page);
}

/** Every combination of the given values. */
export function* combinations(of: Readonly<Record<string, readonly string[]>>): Generator<Choice> {
  const [first, ...rest] = Object.entries(of);
  if (!first) return yield {};
  const [name, each] = first;
  for (const value of each) for (const more of combinations(Object.fromEntries(rest))) yield { [name]: value, ...more };
}
