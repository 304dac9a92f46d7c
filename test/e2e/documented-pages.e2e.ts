/**
 * M33: what the documents show for a page, in a browser: each block of HTML is a page whose elements show a plan, with no word
 * in its console, and each style sheet is read whole and speaks of elements, parts and properties that there are.
 */

import { readFile } from 'node:fs/promises';
import { chromium, type Browser, type Page, type Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { active, shownAt } from '../../demo/host/gallery/snapshots.ts';
import { findBrowser, quiet } from '../support/browser.ts';
import { inLanguages, nameOf } from '../support/documented-blocks.ts';
import { patienceMs } from '../support/patience.ts';
import { tokenOf } from './host-site.ts';

const host = 'https://app.example';
const bff = 'https://billing.example';
const inWidget = (path: string) => readFile(new URL(`../../widget/${path}`, import.meta.url), 'utf8');

interface Manifest {
  readonly modules: readonly { readonly declarations?: readonly Declaration[] }[];
}
interface Declaration {
  readonly tagName?: string;
  readonly cssProperties?: readonly { readonly name: string }[];
  readonly cssParts?: readonly { readonly name: string }[];
}

let browser: Browser;
let script: string;
let integrity: string;
let elements: readonly Declaration[];
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: await findBrowser(), args: quiet, timeout: patienceMs });
  script = await inWidget('dist/widget.js');
  integrity = (JSON.parse(await inWidget('dist/integrity.json')) as { 'widget.js': string })['widget.js'];
  const { modules } = JSON.parse(await inWidget('custom-elements.json')) as Manifest;
  elements = modules.flatMap(({ declarations = [] }) => declarations).filter(({ tagName }) => tagName !== undefined);
});
afterAll(() => browser.close());

const allowed = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
const asScript = { contentType: 'text/javascript', headers: allowed };

/** The host's page, its token and assets; every other origin is the BFF's. */
function answer(html: string, route: Route): Promise<void> {
  const { origin, pathname } = new URL(route.request().url());
  const isHost = origin === host;
  if (isHost && pathname === '/billing/token') return route.fulfill({ json: { token: tokenOf('team_1') } });
  if (isHost && pathname.startsWith('/assets/')) return route.fulfill({ ...asScript, body: script });
  if (isHost && pathname === '/') return route.fulfill({ contentType: 'text/html', body: html });
  if (!isHost && pathname === '/widget.js') return route.fulfill({ ...asScript, body: script });
  if (!isHost && pathname === '/v1/billing') return route.fulfill({ json: active, headers: allowed });
  return route.fulfill({ status: 404, body: `${origin}${pathname} is not there` });
}

/** A page of the host with this body, and everything that its console says. */
async function opened(body: string): Promise<{ page: Page; said: string[] }> {
  const page = await browser.newPage({ locale: 'en-US', timezoneId: 'UTC' });
  page.setDefaultTimeout(patienceMs);
  await page.clock.setFixedTime(shownAt);
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  const head = '<meta charset="utf-8"><link rel="icon" href="data:,"><title>A host</title>';
  await page.route('**/*', (route) =>
    answer(`<!doctype html><html lang="en"><head>${head}</head><body>${body}</body></html>`, route),
  );
  await page.goto(host);
  return { page, said };
}

const scriptTag = `<script type="module" src="${bff}/widget.js"></script>`;
const withoutScript = (code: string) => (code.includes('<script') ? code : `${scriptTag}${code}`);
/** A page of scripts alone is shown by the element that its reader would put there. */
const withElement = (code: string) =>
  /<billhook-/.test(code) ? code : `${code}<billhook-widget token-url="/billing/token"></billhook-widget>`;

it.each(inLanguages('html').map((block) => [nameOf(block), block.code] as const))(
  '%s is a page that shows the plan',
  async (_, code) => {
    const { page, said } = await opened(withElement(withoutScript(code)).replace(/sha384-…/, integrity));
    const shown = await page.locator(':is(billhook-widget, billhook-plan-status)').all();
    expect(shown.length).toBeGreaterThan(0);
    for (const element of shown) await element.getByText('Team', { exact: false }).first().waitFor();
    const undefinedElements = await page.locator(':not(:defined)').count();
    expect([said, undefinedElements]).toEqual([[], 0]);
    await page.close();
  },
);

it('the integrity is checked: with another one the page shows no plan', async () => {
  const block = inLanguages('html').find(({ code }) => code.includes('integrity='));
  expect(block?.code).toContain('sha384-…');
  const { page, said } = await opened(String(block?.code).replace(/sha384-…/, `sha384-${'A'.repeat(64)}`));
  await expect.poll(() => said.join('\n')).toMatch(/integrity/);
  await page.close();
});

describe.each(inLanguages('css').map((block) => [nameOf(block), block.code] as const))('%s', (_, code) => {
  it('is read whole by a browser', async () => {
    const { page } = await opened(`<style>${code}</style>`);
    const { rules, declared } = await page.evaluate(() => {
      const all = [...(document.styleSheets[0]?.cssRules ?? [])].filter((rule) => rule instanceof CSSStyleRule);
      return { rules: all.length, declared: all.reduce((sum, { style }) => sum + style.length, 0) };
    });
    // Longhands of a shorthand would be counted singly: the documents have none.
    expect([rules, declared]).toEqual([code.match(/\{/g)?.length, code.match(/^\s+[\w-]+:/gm)?.length]);
    await page.close();
  });

  it('speaks of elements, parts and properties that there are', () => {
    const known = {
      elements: elements.map(({ tagName }) => tagName),
      properties: elements.flatMap(({ cssProperties = [] }) => cssProperties.map(({ name }) => name)),
      parts: elements.flatMap(({ cssParts = [] }) => cssParts.map(({ name }) => name)),
    };
    const strangers = [
      ...(code.match(/(?<!-)billhook-[\w-]+/g) ?? []).filter((name) => !known.elements.includes(name)),
      ...(code.match(/--billhook-[\w-]+/g) ?? []).filter((name) => !known.properties.includes(name)),
      ...[...code.matchAll(/::part\((?<part>[\w-]+)\)/g)]
        .map(({ groups }) => groups?.['part'] ?? '')
        .filter((name) => !known.parts.includes(name)),
    ];
    expect([strangers, known.elements.length]).toEqual([[], 4]);
  });
});

it('the script that takes over a press is run', async () => {
  const [block] = inLanguages('js');
  expect(block?.page).toBe('widget/README.md');
  const code = String(block?.code).replace("location.assign('/pricing')", "document.title = 'to /pricing'");
  expect(code).toContain('to /pricing');
  const body = `${scriptTag}<billhook-widget token-url="/billing/token"></billhook-widget><script type="module">${code}</script>`;
  const { page, said } = await opened(body);
  await page.locator('billhook-widget').getByText('Team').first().waitFor();
  const titles = await page.evaluate(() => {
    const press = (purpose: string) => {
      const event = Object.assign(new Event('billhook-action', { bubbles: true, cancelable: true }), {
        action: { purpose },
      });
      document.querySelector('billhook-widget')?.dispatchEvent(event);
      return [event.defaultPrevented, document.title];
    };
    return [press('manage'), press('upgrade')];
  });
  expect([titles, said]).toEqual([
    [
      [false, 'A host'],
      [true, 'to /pricing'],
    ],
    [],
  ]);
  await page.close();
});
