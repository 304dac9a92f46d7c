/** A page with the strictest policy, and a page that has more than one copy: of Lit, of this script, of both. */

import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { BillhookWidget } from '@billhook/widget';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fixtures } from '../../demo/host/gallery/fixtures.ts';
import { active, snapshots } from '../../demo/host/gallery/snapshots.ts';
import { openAudience, type Audience } from './browser-pages.ts';
import { scriptTag, HostSite } from './host-site.ts';
import { buttons, press, says } from './widget-words.ts';

let site: HostSite;
let audience: Audience;
beforeAll(async () => {
  [site, audience] = await Promise.all([new HostSite().open(), openAudience()]);
  const [lit, npm] = await Promise.all([bundled('host-with-lit'), bundled('host-with-npm')]);
  site.scripts.set('/lit.js', lit);
  site.scripts.set('/npm.js', npm);
});
afterAll(() => Promise.all([site.close(), audience.close()]));
afterEach(async () => {
  await audience.leave();
  expect(audience.troubles).toEqual([]);
  site.asked.length = 0;
  site.snapshot = active;
  site.instead.clear();
  audience.warnings.length = 0;
});

/** As a host's own bundler makes it, with Lit as it is published. */
async function bundled(name: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    // A test run's NODE_ENV would bring Lit's development build.
    resolve: { conditions: ['production', 'module', 'browser'] },
    root: fileURLToPath(new URL('.', import.meta.url)),
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: { input: fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url)) },
    },
  });
  if (!('output' in result)) throw new Error('not one build');
  return result.output[0].code;
}

const policy = (trustedTypes: string) => ({
  'content-security-policy': [
    `default-src 'none'`,
    `script-src 'nonce-abc'`,
    `style-src 'self'`,
    `img-src data:`,
    `connect-src 'self' ${site.bffUrl}`,
    `require-trusted-types-for 'script'`,
    `trusted-types ${trustedTypes}`,
  ].join('; '),
});
const nonced = (source: string) => `<script type="module" nonce="abc" src="${source}"></script>`;
const widget = '<billhook-widget token-url="/token"></billhook-widget>';
const again = (page: Page) =>
  page.evaluate(() => void dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
const shown = (page: Page) =>
  page.evaluate(() => document.querySelector<BillhookWidget>('billhook-widget')?.snapshot?.revision);
const asked = () => site.asked.filter((each) => !each.startsWith('POST'));

describe('script-src by nonce, no inline style, Trusted Types', () => {
  it('L24: has no violation in any state, in an opening that fails, one that succeeds, and its return', async () => {
    const elements = ['billhook-past-due-banner', 'billhook-plan-status', 'billhook-manage-button'];
    site.pages.set('/', {
      head: scriptTag(site, 'nonce="abc"'),
      body: widget + elements.map((tag) => `<${tag}></${tag}>`).join(''),
      headers: policy('billhook'),
    });
    const page = await audience.page(`${site.hostUrl}/`);
    await says(page, 'Team');
    let revision = 1;
    for (const snapshot of [...Object.values(snapshots), active]) {
      site.snapshot = { ...snapshot, revision: `e1.${++revision}` };
      // oxlint-disable-next-line no-await-in-loop -- one state after the other
      await again(page);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await expect.poll(() => shown(page)).toBe(`e1.${revision}`);
    }
    site.instead.set('/v1/portal-sessions', (c) => c.json({ code: 'stripe_unavailable' }, 503));
    await press(page, 'Manage billing');
    await says(page, 'We couldn’t open the payment page.');
    // That answer is the browser's own note.
    expect(audience.troubles.splice(0)).toEqual([expect.stringContaining('status of 503')]);
    site.instead.clear();
    await press(page, 'Manage billing');
    await page.waitForURL('**/stripe');
    await page.goto(`${site.hostUrl}/`);
    await says(page, 'Nothing changed.');
    process.stdout.write(
      `strict policy: ${revision} documents of ${Object.keys(fixtures).length} fixtures, 0 violations\n`,
    );
  });

  it.each([
    ['before', ['/lit.js', 'ours']],
    ['after', ['ours', '/lit.js']],
  ])('works beside the host’s own Lit, loaded %s it', async (_, order) => {
    site.pages.set('/lit', {
      head: order.map((each) => (each === 'ours' ? scriptTag(site, 'nonce="abc"') : nonced(each))).join(''),
      body: `${widget}<host-greeting></host-greeting>`,
      headers: policy('billhook lit-html'),
    });
    const page = await audience.page(`${site.hostUrl}/lit`);
    await says(page, 'Team');
    await page.locator('host-greeting').getByText('Hello from the host').waitFor();
  });
});

describe('several copies on one page', () => {
  it('two versions of the script: the first one’s elements, one read, no error', async () => {
    site.pages.set('/two', {
      head: scriptTag(site, 'nonce="abc"') + nonced(`${site.bffUrl}/next/widget.js`),
      body: `${widget}<billhook-plan-status></billhook-plan-status>`,
      headers: policy('billhook'),
    });
    const page = await audience.page(`${site.hostUrl}/two`);
    await says(page, 'Team');
    expect(await buttons(page)).toEqual(['Manage billing']);
    expect(asked()).toEqual(['GET /token', 'GET /v1/billing']);
    expect(audience.warnings.length).toBeLessThanOrEqual(1);
  });

  it.each([
    ['script, then npm', ['ours', '/npm.js']],
    ['npm, then script', ['/npm.js', 'ours']],
  ])('%s: one registry, one token from the host’s function, one read', async (_, order) => {
    site.pages.set('/npm', {
      head: order
        .map((each) => nonced(each === 'ours' ? `${site.bffUrl}/widget.js` : `${each}?api=${site.bffUrl}`))
        .join(''),
      body: `<billhook-widget></billhook-widget><billhook-plan-status></billhook-plan-status>`,
      headers: policy('billhook lit-html'),
    });
    const page = await audience.page(`${site.hostUrl}/npm`);
    await says(page, 'Team');
    // Words that the npm copy was told reach elements of whichever copy came first.
    expect(await buttons(page)).toEqual(['Plan and invoices']);
    expect(asked()).toEqual(['GET /token', 'GET /v1/billing']);
    expect(audience.warnings).toEqual([]);
    expect(await page.evaluate(() => Reflect.get(window, 'tokensGiven'))).toBe(1);
  });
});
