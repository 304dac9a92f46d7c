/** The demo and a browser, as a person uses them; records all errors on the way. */

import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import type { DemoOptions } from '../../demo/demo-options.ts';
import { startDemo, type Demo } from '../../demo/start-demo.ts';
import { findBrowser, quiet } from '../support/browser.ts';
import { patienceMs } from '../support/patience.ts';

/** A workspace's name, as the sign-in page has it. */
export type Workspace = string;

export interface SignIn extends BrowserContextOptions {
  /** Default: `owner`. */
  readonly role?: 'owner' | 'member';
  /** The host's page to begin on. Default: the billing page. */
  readonly path?: string;
}

export interface DemoBrowser {
  readonly demo: Demo;
  /** A browser of their own for one person, signed in and on the billing page. */
  signIn(workspace: Workspace, options?: SignIn): Promise<Page>;
  /** A workspace that has never bought anything, of its own for each call. */
  newcomer(): Workspace;
  /** Another tab of the same browser. */
  tab(page: Page, path?: string): Promise<Page>;
  /** Errors in the console, uncaught exceptions and refused policies, of all pages so far. Must stay empty. */
  readonly troubles: string[];
  /** Closes everybody's browsers. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

const billingPage = '/settings/billing';

/** The three plans of the seeded catalogue, as the demo sells them. */
export const allPlans = ['starter_monthly', 'team_monthly', 'business_yearly'];

export interface DemoBrowserOptions {
  /** The BFF on `127.0.0.1`: another *site* than the host on `localhost`. Default: `true`. */
  readonly crossSite?: boolean;
  /** The host's offers. Default: none, as at a host that sells elsewhere. */
  readonly offers?: NonNullable<DemoOptions['offers']>;
}

export async function openDemoBrowser({
  crossSite = true,
  offers = [],
}: DemoBrowserOptions = {}): Promise<DemoBrowser> {
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
    browser = await theBrowser();
  } catch (cause) {
    await demo.stop();
    throw cause;
  }
  const contexts: BrowserContext[] = [];
  const troubles: string[] = [];
  const watch = (page: Page): Page => {
    page.on('pageerror', (error) => troubles.push(`uncaught on ${page.url()}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(`console on ${page.url()}: ${message.text()}`);
    });
    return page;
  };
  const leave = async () => void (await Promise.all(contexts.splice(0).map((context) => context.close())));
  return {
    demo,
    troubles,
    async signIn(workspace, { role = 'owner', path = billingPage, ...options } = {}) {
      const context = await browser.newContext({ locale: 'en-US', timezoneId: 'UTC', ...options });
      context.setDefaultTimeout(patienceMs);
      contexts.push(context);
      // The request of the sign-in page's form. Pressing its button has a test of its own.
      const account = demo.accounts.find((each) => each.workspace === workspace)?.id;
      if (account === undefined) throw new Error(`nobody can sign in at ${workspace}`);
      await context.request.post(`${demo.hostUrl}/sign-in`, {
        form: { account, role },
        headers: { origin: new URL(demo.hostUrl).origin },
        maxRedirects: 0,
      });
      const page = watch(await context.newPage());
      await page.goto(`${demo.hostUrl}${path}`);
      return page;
    },
    newcomer() {
      const id = `newcomer-${demo.accounts.length}`;
      demo.accounts.push({ id, workspace: id, situation: null, customer: null });
      return id;
    },
    async tab(page, path = billingPage) {
      const other = watch(await page.context().newPage());
      await other.goto(`${demo.hostUrl}${path}`);
      return other;
    },
    leave,
    async close() {
      await leave();
      await demo.stop();
    },
  };
}

let launched: Promise<Browser> | undefined;

/** One browser for all people of a test file: each has a context, with cookies and caches of their own. */
function theBrowser(): Promise<Browser> {
  launched ??= findBrowser().then((executablePath) =>
    chromium.launch({
      executablePath,
      args: quiet,
      timeout: patienceMs,
      // Playwright switches the back/forward cache off; people have it on.
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
    }),
  );
  return launched;
}
afterAll(async () => {
  await (await launched)?.close();
});

/** The widget's visible words, in the order in which a person reads them. */
export const widgetOf = (page: Page) => page.locator('billhook-widget');
