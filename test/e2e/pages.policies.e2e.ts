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
import { scriptTag, Stage } from './host-stage.ts';
import { buttons, press, says } from './widget-words.ts';

let stage: Stage;
let audience: Audience;
beforeAll(async () => {
  [stage, audience] = await Promise.all([new Stage().open(), openAudience()]);
  const [lit, npm] = await Promise.all([bundled('host-with-lit'), bundled('host-with-npm')]);
  stage.scripts.set('/lit.js', lit);
  stage.scripts.set('/npm.js', npm);
});
afterAll(() => Promise.all([stage.close(), audience.close()]));
afterEach(async () => {
  await audience.leave();
  expect(audience.troubles).toEqual([]);
  stage.asked.length = 0;
  stage.snapshot = active;
  stage.instead.clear();
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
    `connect-src 'self' ${stage.bffUrl}`,
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
const asked = () => stage.asked.filter((each) => !each.startsWith('POST'));

describe('script-src by nonce, no inline style, Trusted Types', () => {
  it('L24: refuses nothing: every state, an opening that fails, one that succeeds, and its return', async () => {
    const elements = ['billhook-past-due-banner', 'billhook-plan-status', 'billhook-manage-button'];
    stage.pages.set('/', {
      head: scriptTag(stage, 'nonce="abc"'),
      body: widget + elements.map((tag) => `<${tag}></${tag}>`).join(''),
      headers: policy('billhook'),
    });
    const page = await audience.page(`${stage.hostUrl}/`);
    await says(page, 'Team');
    let revision = 1;
    for (const snapshot of [...Object.values(snapshots), active]) {
      stage.snapshot = { ...snapshot, revision: `e1.${++revision}` };
      // oxlint-disable-next-line no-await-in-loop -- one state after the other
      await again(page);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await expect.poll(() => shown(page)).toBe(`e1.${revision}`);
    }
    stage.instead.set('/v1/portal-sessions', (c) => c.json({ code: 'stripe_unavailable' }, 502));
    await press(page, 'Manage billing');
    await says(page, 'Stripe is not answering right now.');
    // That answer is the browser's own note.
    expect(audience.troubles.splice(0)).toEqual([expect.stringContaining('status of 502')]);
    stage.instead.clear();
    await press(page, 'Manage billing');
    await page.waitForURL('**/stripe');
    await page.goto(`${stage.hostUrl}/`);
    await says(page, 'Your plan is unchanged.');
    process.stdout.write(
      `strict policy: ${revision} documents of ${Object.keys(fixtures).length} fixtures, 0 violations\n`,
    );
  });

  it.each([
    ['before', ['/lit.js', 'ours']],
    ['after', ['ours', '/lit.js']],
  ])('stands beside the host’s own Lit, loaded %s it', async (_, order) => {
    stage.pages.set('/lit', {
      head: order.map((each) => (each === 'ours' ? scriptTag(stage, 'nonce="abc"') : nonced(each))).join(''),
      body: `${widget}<host-greeting></host-greeting>`,
      headers: policy('billhook lit-html'),
    });
    const page = await audience.page(`${stage.hostUrl}/lit`);
    await says(page, 'Team');
    await page.locator('host-greeting').getByText('Hello from the host').waitFor();
  });
});

describe('several copies on one page', () => {
  it('two versions of the script: the first one’s elements, one reading, no error', async () => {
    stage.pages.set('/two', {
      head: scriptTag(stage, 'nonce="abc"') + nonced(`${stage.bffUrl}/next/widget.js`),
      body: `${widget}<billhook-plan-status></billhook-plan-status>`,
      headers: policy('billhook'),
    });
    const page = await audience.page(`${stage.hostUrl}/two`);
    await says(page, 'Team');
    expect(await buttons(page)).toEqual(['Manage billing']);
    expect(asked()).toEqual(['GET /token', 'GET /v1/billing']);
    expect(audience.warnings.length).toBeLessThanOrEqual(1);
  });

  it.each([
    ['script, then npm', ['ours', '/npm.js']],
    ['npm, then script', ['/npm.js', 'ours']],
  ])('%s: one registry, one token from the host’s function, one reading', async (_, order) => {
    stage.pages.set('/npm', {
      head: order
        .map((each) => nonced(each === 'ours' ? `${stage.bffUrl}/widget.js` : `${each}?api=${stage.bffUrl}`))
        .join(''),
      body: `<billhook-widget></billhook-widget><billhook-plan-status></billhook-plan-status>`,
      headers: policy('billhook lit-html'),
    });
    const page = await audience.page(`${stage.hostUrl}/npm`);
    await says(page, 'Team');
    // Words that the npm copy was told reach elements of whichever copy came first.
    expect(await buttons(page)).toEqual(['Plan and invoices']);
    expect(asked()).toEqual(['GET /token', 'GET /v1/billing']);
    expect(audience.warnings).toEqual([]);
    expect(await page.evaluate(() => Reflect.get(window, 'tokensGiven'))).toBe(1);
  });
});
