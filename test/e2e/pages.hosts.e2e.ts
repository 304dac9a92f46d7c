/** Pages that are not kind: styles that hit everything, frames, refused tabs, a script that comes late or never. */

import { readFile } from 'node:fs/promises';
import type { BillhookErrorEvent } from '@billhook/widget';
import axe from 'axe-core';
import type { Frame, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { active, snapshots } from '../../demo/host/gallery/snapshots.ts';
import { openAudience, type Audience } from './browser-pages.ts';
import { scriptTag, HostSite } from './host-site.ts';
import { press, says } from './widget-words.ts';

let site: HostSite;
let audience: Audience;
let reserved: string;
beforeAll(async () => {
  [site, audience] = await Promise.all([new HostSite().open(), openAudience()]);
  const readme = await readFile(new URL('../../widget/README.md', import.meta.url), 'utf8');
  reserved = /```css\n([^`]*:not\(:defined\)[^`]*)```/.exec(readme)?.[1] ?? '';
});
afterAll(() => Promise.all([site.close(), audience.close()]));
afterEach(async () => {
  await audience.leave();
  expect(audience.troubles.splice(0)).toEqual([]);
  site.asked.length = 0;
  site.snapshot = active;
  site.instead.clear();
});

const widget = '<billhook-widget></billhook-widget>';

describe('a style sheet with rules for all elements', () => {
  const hostile = {
    'takes every style away': '* { all: unset !important }',
    'hides what it does not know': 'div, section, p, span, button, ul, li, svg { display: none !important }',
    'has buttons of its own': 'button { all: unset !important; font-size: 3px !important; opacity: 0 !important }',
    'has large letters': ':root { font-size: 40px }',
    'writes from the right, where nobody asked':
      ':root { direction: rtl } * { direction: rtl !important; unicode-bidi: bidi-override }',
    'is a table’s or a menu’s':
      'body { white-space: nowrap; text-transform: uppercase; letter-spacing: 0.4em; text-indent: 4em; line-height: 0; font-size: 0; text-align: right }',
    'has boxes of its own':
      '*, *::before, *::after { box-sizing: content-box !important; margin: 9px !important; padding: 9px !important; border: 3px dotted red !important }',
    'lays everything above everything':
      '* { position: relative; float: left !important; z-index: 99 !important; transform: none !important }',
  };
  it('leaves every word readable and every button usable', async () => {
    site.snapshot = snapshots.pastDue;
    site.pages.set('/', { head: scriptTag(site), body: `<main style="width: 600px">${widget}</main>` });
    const page = await audience.page(`${site.hostUrl}/`);
    await says(page, 'Team');
    await page.evaluate(axe.source);
    for (const [what, css] of Object.entries({ 'is not there': '', ...hostile })) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, on the same page
      expect(await unreadable(page, css), `a sheet that ${what}`).toEqual([]);
      // oxlint-disable-next-line no-await-in-loop -- as above
      for (const button of await page.locator('billhook-widget').getByRole('button').all()) {
        // oxlint-disable-next-line no-await-in-loop -- as above
        await button.click({ trial: true });
      }
    }
  });
});

/** Words that are too small, too pale, cut off, or lie over others; buttons too small to be pressed. */
function unreadable(page: Page, css: string): Promise<string[]> {
  return page.evaluate(async (css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
    const widget = document.querySelector('billhook-widget');
    const card = widget?.shadowRoot?.querySelector('.card');
    if (!widget || !card) return ['no card'];
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(widget, {
      runOnly: ['color-contrast', 'button-name', 'target-size'],
    });
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
    const box = card.getBoundingClientRect();
    const words = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    const lines: { text: string; rect: DOMRect }[] = [];
    for (let node = words.nextNode(); node; node = words.nextNode()) {
      const text = node.textContent?.trim() ?? '';
      const parent = node.parentElement;
      if (!text || !parent || parent.closest('.visually-hidden')) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const { fontSize, visibility } = getComputedStyle(parent);
      const rects = [...range.getClientRects()];
      if (!rects.length || visibility !== 'visible') found.push(`unseen: ${text}`);
      if (Number.parseFloat(fontSize) < 10) found.push(`${fontSize}: ${text}`);
      for (const rect of rects) {
        if (rect.left < box.left - 1 || rect.right > box.right + 1) found.push(`cut: ${text}`);
        for (const line of lines) {
          const [width, height] = [
            Math.min(rect.right, line.rect.right) - Math.max(rect.left, line.rect.left),
            Math.min(rect.bottom, line.rect.bottom) - Math.max(rect.top, line.rect.top),
          ];
          if (width > 2 && height > rect.height / 3) found.push(`over each other: ${text} / ${line.text}`);
        }
        lines.push({ text, rect });
      }
    }
    for (const button of card.querySelectorAll(':not(dd) > .button')) {
      if (button.getBoundingClientRect().height < 44) found.push(`low: ${button.textContent}`);
    }
    return found;
  }, css);
}

describe('a frame', () => {
  /** A page of `outside` with this frame around the host's own page. */
  async function framed(outside: string, attributes = ''): Promise<{ page: Page; frame: Frame }> {
    site.pages.set('/', { head: scriptTag(site), body: widget });
    site.pages.set('/outside', {
      body: `<iframe src="${site.hostUrl}/" width="800" height="600" ${attributes}></iframe>`,
    });
    const page = await audience.page(`${outside}/outside`);
    const frame = page.frames()[1];
    if (!frame) throw new Error('no frame');
    return { page, frame };
  }
  const inFrame = (frame: Frame) => frame.locator('billhook-widget');

  it.each([
    ['the same', () => site.hostUrl],
    ['another', () => site.hostUrl.replace('localhost', '127.0.0.1')],
  ])('of %s origin: Stripe’s page opens in a tab of its own', async (_, outside) => {
    const { page, frame } = await framed(outside());
    const opened = page.waitForEvent('popup');
    await inFrame(frame).getByRole('button', { name: 'Manage billing' }).click();
    const tab = await opened;
    await tab.getByRole('heading', { name: 'Stripe' }).waitFor();
    expect(await tab.evaluate(() => window.opener as unknown)).toBe(null);
    expect(new URL(frame.url()).pathname, 'the frame stays').toBe('/');
  });

  it('that may open no tabs: the failure is shown with a code, and no session is created', async () => {
    const { frame } = await framed(site.hostUrl, 'sandbox="allow-scripts allow-same-origin"');
    const failed = frame.evaluate(
      () =>
        new Promise<string>((heard) =>
          document.addEventListener('billhook-error', (event) => heard((event as BillhookErrorEvent).code)),
        ),
    );
    await inFrame(frame).getByRole('button', { name: 'Manage billing' }).click();
    expect(await failed).toBe('unsupported_frame');
    await inFrame(frame).getByText('Billing cannot open in a frame.').first().waitFor();
    expect(site.asked.filter((each) => each.startsWith('POST'))).toEqual([]);
    // The browser's own note of a tab that the sandbox refused.
    expect(audience.troubles.splice(0).filter((each) => !/allow-popups/.test(each))).toEqual([]);
  });

  it('without an origin of its own: the failure is shown, and no request is made', async () => {
    const { frame } = await framed(site.hostUrl, 'sandbox="allow-scripts"');
    await inFrame(frame).getByText('Billing cannot open in a frame.').first().waitFor();
    expect(site.asked).toEqual([]);
  });
});

describe('a browser that refuses a tab', () => {
  it('opens Stripe’s page in the same tab', async () => {
    site.pages.set('/', { head: scriptTag(site), body: '<billhook-widget target="_blank"></billhook-widget>' });
    const page = await audience.page(`${site.hostUrl}/`, (page) =>
      page.addInitScript(() => {
        window.open = () => null;
      }),
    );
    await press(page, 'Manage billing');
    await page.waitForURL('**/stripe');
  });
});

describe('the script', () => {
  const fallback = '<billhook-widget><a href="/billing">Billing</a></billhook-widget>';
  const link = (page: Page) => page.getByRole('link', { name: 'Billing' });

  it.each([
    ['refused by the page’s policy', (page: Page) => void page, { 'content-security-policy': `script-src 'none'` }],
    ['not found', (page: Page) => page.route('**/widget.js', (route) => route.fulfill({ status: 404 })), {}],
  ])('%s: the host’s fallback content can be used, in the reserved room', async (_, prepare, headers) => {
    site.pages.set('/fallback', { head: `<style>${reserved}</style>${scriptTag(site)}`, body: fallback, headers });
    const page = await audience.page(`${site.hostUrl}/fallback`, async (page) => prepare(page));
    await link(page).waitFor();
    expect((await page.locator('billhook-widget').boundingBox())?.height).toBeGreaterThan(150);
    // The browser says why; our script has not run.
    expect(audience.troubles.splice(0)).not.toEqual([]);
  });

  it('slow: the fallback content until it has loaded, and then the billing in its place', async () => {
    const held = Promise.withResolvers<void>();
    site.pages.set('/fallback', { head: `<style>${reserved}</style>${scriptTag(site)}`, body: fallback });
    const page = await audience.page('about:blank', (page) =>
      page.route('**/widget.js', async (route) => {
        await held.promise;
        await route.continue();
      }),
    );
    await page.goto(`${site.hostUrl}/fallback`, { waitUntil: 'commit' });
    await link(page).waitFor();
    held.resolve();
    await says(page, 'Team');
    expect(await link(page).isVisible()).toBe(false);
  });
});
