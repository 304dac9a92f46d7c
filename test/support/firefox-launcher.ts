/**
 * Leads Firefox for the test runner: a tab for each test file, which is gone after it. The runner's own launcher takes one
 * tab through all files, and Firefox takes most of a minute to leave one of them.
 */

import type { BrowserLauncher } from '@web/test-runner-core';
import { launch, type Browser, type Page } from 'puppeteer-core';
import { patienceMs } from './patience.ts';

export function firefoxLauncher(executablePath: string): BrowserLauncher {
  let browser: Promise<Browser> | undefined;
  const pages = new Map<string, Page>();

  return {
    name: 'Firefox',
    type: 'puppeteer',
    // One tab at a time: those behind it are hidden, and slowed down.
    concurrency: 1,

    async startSession(id, url) {
      browser ??= launch({ browser: 'firefox', executablePath, timeout: patienceMs, protocolTimeout: patienceMs });
      const page = await (await browser).newPage();
      pages.set(id, page);
      page.setDefaultTimeout(patienceMs);
      await page.setViewport({ width: 900, height: 700 });
      await page.goto(url, { waitUntil: 'domcontentloaded' });
    },

    startDebugSession: () => Promise.reject(new Error('Open the address in a Firefox of your own.')),

    isActive: (id) => pages.has(id),

    getBrowserUrl: (id) => pages.get(id)?.url() ?? '',

    async stopSession(id) {
      const page = pages.get(id);
      pages.delete(id);
      await page?.close();
      return {};
    },

    async stop() {
      await (await browser)?.close();
    },
  };
}
