/** The demo and a browser, as a person has them in front of them; with a note of everything that went wrong on the way. */

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { startDemo, type Demo } from '../../demo/start-demo.ts';
import { findBrowser, QUIET } from '../browser.ts';

/** A workspace's name, as the sign-in page has it. */
export type Workspace = string;

export interface Entrance extends BrowserContextOptions {
  /** Default: `owner`. */
  readonly role?: 'owner' | 'member';
  /** The host's page to begin on. Default: the billing page. */
  readonly path?: string;
}

export interface Theatre {
  readonly demo: Demo;
  /** A browser of their own for one person, signed in and on the billing page. */
  enter(workspace: Workspace, options?: Entrance): Promise<Page>;
  /** Another tab of the same browser. */
  tab(page: Page, path?: string): Promise<Page>;
  /** Errors in the console, uncaught exceptions and refused policies, of all pages so far. Must stay empty. */
  readonly troubles: string[];
  close(): Promise<void>;
}

const billingPage = '/settings/billing';

/** The three plans of the seeded catalogue, as the demo sells them. */
export const allPlans = ['starter_monthly', 'team_monthly', 'business_yearly'];

export interface Staging {
  /** The BFF on `127.0.0.1`: another *site* than the host on `localhost`. Default: `true`. */
  readonly crossSite?: boolean;
  /** What the host sells, as lookup keys. Default: nothing, as a host does that sells somewhere else. */
  readonly offers?: readonly string[];
}

export async function openTheatre({ crossSite = true, offers = [] }: Staging = {}): Promise<Theatre> {
  const demo = await startDemo({
    hostPort: 0,
    billhookPort: 0,
    sandboxPort: 0,
    billhookHostname: crossSite ? '127.0.0.1' : 'localhost',
    offers,
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
  const watch = (page: Page): Page => {
    page.on('pageerror', (error) => troubles.push(`uncaught on ${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(`console on ${page.url()}: ${message.text()}`);
    });
    return page;
  };
  return {
    demo,
    troubles,
    async enter(workspace, { role = 'owner', path = billingPage, ...options } = {}) {
      const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', ...options });
      const page = watch(await context.newPage());
      await page.goto(demo.hostUrl);
      if (role === 'member') await page.getByRole('radio', { name: /Member/ }).check();
      await page.getByRole('button', { name: workspace }).click();
      await page.goto(`${demo.hostUrl}${path}`);
      return page;
    },
    async tab(page, path = billingPage) {
      const other = watch(await page.context().newPage());
      await other.goto(`${demo.hostUrl}${path}`);
      return other;
    },
    async close() {
      await browser.close();
      await demo.stop();
    },
  };
}

/** What the widget says, as a person would read it: its visible words, in order. */
export const widgetOf = (page: Page) => page.locator('billhook-widget');
