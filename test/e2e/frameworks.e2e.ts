/** The framework pages as their hosts would have them: the script first, late, or from npm; and rendered by a server. */

import type { ConsoleMessage, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDemoBrowser, widgetOf, type DemoBrowser } from './demo-browser.ts';

const frameworkNames = ['html', 'react', 'vue', 'svelte', 'solid', 'angular'] as const;
const rendered = ['react-server', 'vue-server'] as const;
const arrivals = ['script', 'late', 'npm'] as const;

let demoBrowser: DemoBrowser;
let entrance: Page | undefined;
beforeAll(async () => {
  demoBrowser = await openDemoBrowser();
});
afterAll(() => demoBrowser.close());

/** A page signed in at Alder Works, by a person of Harbour Studio too, that notes every message of its console. */
async function visit(path: string, before?: (page: Page) => Promise<unknown>) {
  entrance ??= await demoBrowser.signIn('Alder Works', { path: '/frameworks' });
  const page = await entrance.context().newPage();
  const said: string[] = [];
  page.on('console', (message) => {
    if (complains(message)) said.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => said.push(`uncaught: ${error.message}`));
  const pending = new Set<Request>();
  page.on('request', (request) => pending.add(request));
  page.on('requestfinished', (request) => pending.delete(request));
  page.on('requestfailed', (request) => pending.delete(request));
  await before?.(page);
  await page.goto(`${demoBrowser.demo.hostUrl}${path}`);
  return { page, said, pending };
}

/** Errors and warnings, but for Lit's warning about its development mode. */
const complains = (message: ConsoleMessage) =>
  /^(?:error|warning|assert)$/.test(message.type()) && !message.text().startsWith('Lit is in dev mode.');

const events = (page: Page) => page.getByRole('list', { name: 'Events' }).getByRole('listitem');
/** The events in their order. A state may be told twice in a row: the amount of its next payment comes a little later. */
const heard = async (page: Page) =>
  (await events(page).allTextContents()).filter((each, index, all) => each !== all[index - 1]);
const says = (page: Page, text: string | RegExp) => widgetOf(page).getByText(text).first().waitFor();
/** Elements that still listen for `configureBillhook`, of whichever copy. */
const listeners = (page: Page) =>
  page.evaluate(() => {
    const page = globalThis as unknown as Record<symbol, { listeners: Set<unknown> } | undefined>;
    return page[Symbol.for('billhook')]?.listeners.size;
  });

/**
 * The requests of a client that still lives when the page comes back to it: a token first, since another person may be at
 * the page. The host's own request comes after.
 */
async function asked(page: Page): Promise<string[]> {
  const addresses: string[] = [];
  const note = (request: Request) => addresses.push(new URL(request.url()).pathname);
  page.on('request', note);
  await page.evaluate(async () => {
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await fetch('/healthz');
  });
  page.off('request', note);
  return addresses;
}

/** The script comes once the framework has made the element and set its properties, before any client has read them. */
const holdWidget = (page: Page) =>
  page.route('**/widget.js', async (route) => {
    await page.locator('billhook-widget:not(:defined)').waitFor({ state: 'attached' });
    await route.continue();
  });

describe.each(frameworkNames)('%s', (framework) => {
  it.each(arrivals)(
    'shows the billing, receives its events, changes the account and leaves no request behind: %s (L33)',
    async (arrival) => {
      const { page, said, pending } = await visit(
        `/frameworks/${framework}?elements=${arrival}`,
        arrival === 'late' ? holdWidget : undefined,
      );
      await says(page, /^Active$/);
      await events(page).getByText('change: active').first().waitFor();

      await page.getByLabel('Workspace').selectOption({ label: 'Harbour Studio' });
      await says(page, /^Payment due$/);
      await events(page).getByText('change: pastDue').first().waitFor();

      await page.getByLabel('Handle actions here').check();
      await widgetOf(page).getByRole('button', { name: 'Update card' }).click();
      await events(page).getByText('action: updateCard').waitFor();
      expect(await widgetOf(page).getByText('Opening').count(), 'the host has taken it over').toBe(0);

      expect(await listeners(page)).toBe(1);
      expect(await asked(page), 'while it is shown').toContain('/billing/token');
      await page.getByRole('button', { name: 'Hide billing' }).click();
      await widgetOf(page).waitFor({ state: 'detached' });
      await expect.poll(() => pending.size).toBe(0);
      expect(await listeners(page)).toBe(0);
      expect(await asked(page)).toEqual(['/healthz']);

      await page.getByRole('button', { name: 'Show billing' }).click();
      await says(page, /^Payment due$/);
      await expect
        .poll(() => heard(page))
        .toEqual(['change: active', 'change: pastDue', 'action: updateCard', 'change: pastDue']);
      expect(said).toEqual([]);
      await page.close();
    },
  );
});

describe.each(rendered)('%s', (framework) => {
  it.each(arrivals)('is hydrated without a warning: %s', async (arrival) => {
    const { page, said } = await visit(`/frameworks/${framework}?elements=${arrival}`);
    await says(page, /^Active$/);
    await events(page).getByText('change: active').first().waitFor();

    await page.getByLabel('Workspace').selectOption({ label: 'Harbour Studio' });
    await events(page).getByText('change: pastDue').first().waitFor();
    expect(said).toEqual([]);

    const markup = await (await page.request.get(page.url())).text();
    expect(markup).toContain('<billhook-widget account="alder-works" token-url="/billing/token?workspace=alder-works"');
    await page.close();
  });
});
