/** A Chromium for the pages of one test file, and a note of everything that went wrong on any of them. */

import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { findBrowser, quiet } from '../support/browser.ts';
import { patienceMs } from '../support/patience.ts';

export interface Audience {
  /** A person's own context. */
  enter(): Promise<BrowserContext>;
  page(url: string, before?: (page: Page) => Promise<unknown>): Promise<Page>;
  /** Errors of the console, uncaught errors and rejections, and refused policies. */
  readonly troubles: string[];
  readonly warnings: string[];
  /** Closes what is open: the next test's server hears of its own pages only. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

export async function openAudience(): Promise<Audience> {
  const browser: Browser = await chromium.launch({
    executablePath: await findBrowser(),
    args: quiet,
    timeout: patienceMs,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  const troubles: string[] = [];
  const warnings: string[] = [];
  async function enter(): Promise<BrowserContext> {
    const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC' });
    context.setDefaultTimeout(patienceMs);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
        // oxlint-disable-next-line no-console -- what survives a navigation
        console.error(`violation: ${violatedDirective} ${blockedURI} ${sample}`);
      });
    });
    context.on('weberror', (error) => troubles.push(`uncaught: ${error.error().message}`));
    context.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
      if (message.type() === 'warning') warnings.push(message.text());
    });
    return context;
  }
  return {
    troubles,
    warnings,
    enter,
    async page(url, before) {
      const page = await (await enter()).newPage();
      await before?.(page);
      await page.goto(url);
      return page;
    },
    leave: async () => void (await Promise.all(browser.contexts().map((context) => context.close()))),
    close: () => browser.close(),
  };
}
