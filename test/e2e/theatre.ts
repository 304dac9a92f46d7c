/** The demo and a browser, as a person has them in front of them; with a note of everything that went wrong on the way. */

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { startDemo, type Demo } from '../../demo/start-demo.ts';
import { findBrowser, QUIET } from '../browser.ts';

export type Workspace = 'Alder Works' | 'Harbour Studio' | 'Blue Door Bakery' | 'Elm Street Press' | 'Fern & Field';

export interface Theatre {
  readonly demo: Demo;
  /** A browser of their own for one person, signed in and on the billing page. */
  enter(workspace: Workspace, options?: BrowserContextOptions): Promise<Page>;
  /** Errors in the console, uncaught exceptions and refused policies, of all pages so far. Must stay empty. */
  readonly troubles: string[];
  close(): Promise<void>;
}

/** @param crossSite The BFF on `127.0.0.1`: another *site* than the host on `localhost`. */
export async function openTheatre({ crossSite = true } = {}): Promise<Theatre> {
  const demo = await startDemo({
    hostPort: 0,
    billhookPort: 0,
    sandboxPort: 0,
    billhookHostname: crossSite ? '127.0.0.1' : 'localhost',
    logLevel: 'silent',
  });
  let browser: Browser;
  try {
    browser = await chromium.launch({
      executablePath: await findBrowser(),
      args: QUIET,
      // Playwright switches the back/forward cache off; people have it on.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    });
  } catch (cause) {
    await demo.stop();
    throw cause;
  }
  const troubles: string[] = [];
  return {
    demo,
    troubles,
    async enter(workspace, options = {}) {
      const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', ...options });
      const page = await context.newPage();
      page.on('pageerror', (error) => troubles.push(`uncaught on ${page.url()}: ${error.message}`));
      page.on('console', (message) => {
        if (message.type() === 'error') troubles.push(`console on ${page.url()}: ${message.text()}`);
      });
      await page.goto(demo.hostUrl);
      await page.getByRole('button', { name: workspace }).click();
      await page.goto(`${demo.hostUrl}/settings/billing`);
      return page;
    },
    async close() {
      await browser.close();
      await demo.stop();
    },
  };
}

/** What the widget says, as a person would read it: its visible words, in order. */
export const widgetOf = (page: Page) => page.locator('billhook-widget');
