/**
 * Layout shifts from the first paint to the billing, on a page that reserves room as the widget's README says. Each answer
 * is held back and released in turn, so each of the three moments (script, elements, billing) is really painted.
 */

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { active, shownAt, snapshots } from '../../demo/host/gallery/snapshots.ts';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { findBrowser, quiet } from '../support/browser.ts';
import { patienceMs } from '../support/patience.ts';

const host = 'http://localhost:4444';
const inHere = (path: string) => new URL(path, import.meta.url);

let browser: Browser;
let script: string;
let reserved: string;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: await findBrowser(), args: quiet, timeout: patienceMs });
  script = await readFile(inHere('../../widget/dist/widget.js'), 'utf8');
  const readme = await readFile(inHere('../../widget/README.md'), 'utf8');
  reserved = /```css\n([^`]*:not\(:defined\)[^`]*)```/.exec(readme)?.[1] ?? '';
});
afterAll(() => browser.close());

interface Visit {
  readonly snapshot?: BillingSnapshot;
  readonly style?: string;
  readonly width?: number;
  readonly lang?: string;
}

/** The sum of all shifts while a page with this element comes to show its billing. */
async function shiftOf(element: string, { snapshot = active, style = reserved, width = 900, lang = 'en' }: Visit = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale: 'en-US', timezoneId: 'UTC' });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  await page.clock.setFixedTime(shownAt);
  const held = new Map<string, (value: unknown) => void>();
  const hold = async (name: string, route: Route, answer: Parameters<Route['fulfill']>[0]) => {
    await new Promise((release) => held.set(name, release));
    await route.fulfill(answer);
  };
  const released = async (name: string) => {
    await expect.poll(() => held.has(name)).toBe(true);
    held.get(name)?.(null);
  };
  const painted = () =>
    page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

  await page.route('**/*', (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/widget.js') return hold('script', route, { contentType: 'text/javascript', body: script });
    if (pathname === '/v1/billing') return hold('billing', route, { json: snapshot });
    if (pathname === `/widget/locales/${lang}.json`) {
      return route.fulfill({ path: fileURLToPath(inHere(`../../widget/src/i18n/locales/${lang}.json`)) });
    }
    if (pathname === '/token') return route.fulfill({ json: { token: tokenFor('account-1') } });
    return route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html lang="${lang}"><title>A host</title><style>${style} body { font: 16px/1.5 sans-serif }</style>
        <script type="module" src="/widget.js"></script>
        <h1>A host</h1><${element} token-url="/token"></${element}><p>What comes below it.</p></html>`,
    });
  });

  await page.goto(host, { waitUntil: 'commit' });
  await page.locator('p').waitFor();
  await painted();
  await released('script');
  await page.waitForFunction((element) => document.querySelector(element)?.shadowRoot, element);
  await painted();
  await released('billing');
  await page.waitForFunction(
    (element) => document.querySelector(element)?.shadowRoot?.querySelector('.root')?.matches('.ready'),
    element,
  );
  await painted();
  const shift = await page.evaluate(
    () =>
      new Promise<number>((done) => {
        const shifts: PerformanceEntryList = [];
        const observer = new PerformanceObserver((list) => void shifts.push(...list.getEntries()));
        observer.observe({ type: 'layout-shift', buffered: true });
        // With nothing to tell, it does not call; and a busy browser may draw before it calls.
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            shifts.push(...observer.takeRecords());
            done(shifts.reduce((sum, entry) => sum + (entry as unknown as { value: number }).value, 0));
          }),
        );
      }),
  );
  await context.close();
  return shift;
}

function tokenFor(sub: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none', typ: 'billhook-widget+jwt' })}.${part({ iss: 'host', sub, exp: Math.floor(shownAt / 1000) + 600, jti: 'one' })}.x`;
}

describe('layout shift, from the first paint to the billing', () => {
  it('the README has styles that reserve room', () => expect(reserved).toContain('billhook-plan-status:not(:defined)'));

  const still = ['billhook-plan-status', 'billhook-manage-button', 'billhook-past-due-banner', 'billhook-widget'];
  for (const element of still) {
    it(`${element}: 0 for a plan in good order`, async () => {
      expect(await shiftOf(element)).toBe(0);
    });
  }

  it('billhook-widget: 0 while its next payment is awaited, whose row is there already', async () => {
    const { nextPayment: _, ...awaiting } = active;
    expect(await shiftOf('billhook-widget', { snapshot: { ...awaiting, nextPaymentAwaited: true } })).toBe(0);
  });

  it('billhook-plan-status: 0 for a failed payment, which has no date', async () => {
    expect(await shiftOf('billhook-plan-status', { snapshot: snapshots.pastDue })).toBe(0);
  });

  it('billhook-plan-status: 0 in a fetched language, and little where its words take another line', async () => {
    expect(await shiftOf('billhook-plan-status', { lang: 'nl' })).toBe(0);
    const phone = await shiftOf('billhook-plan-status', { lang: 'nl', width: 360 });
    process.stdout.write(`layout shift of a status on a phone, in Dutch: ${phone.toFixed(3)}\n`);
    expect(phone).toBeLessThan(0.02);
  });

  it('is measured: without reserved room everything moves', async () => {
    expect(await shiftOf('billhook-plan-status', { style: '' })).toBeGreaterThan(0);
  });

  it('a banner that appears shifts the page once', async () => {
    const wide = await shiftOf('billhook-past-due-banner', { snapshot: snapshots.pastDue });
    const narrow = await shiftOf('billhook-past-due-banner', { snapshot: snapshots.pastDue, width: 360 });
    process.stdout.write(`layout shift of a banner that appears: ${wide.toFixed(3)}, at 360 px ${narrow.toFixed(3)}\n`);
    expect(wide).toBeGreaterThan(0);
  });
});
