/**
 * WCAG 2.2 AA over the gallery, as far as a machine can see it. The normal run takes a share that has every state; with
 * `GALLERY=all` it is every combination there is (`pnpm test:nightly`).
 */

import axe, { type AxeResults } from 'axe-core';
import process from 'node:process';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { combinations, look, states, values, visitGallery, type Choice, type GalleryVisit } from './gallery-visit.ts';

const everything = process.env['GALLERY'] === 'all';
const share = everything
  ? [
      ...combinations({
        element: values('element'),
        lang: values('lang'),
        theme: ['light', 'dark'],
        role: values('role'),
      }),
    ]
  : [
      ...combinations({ lang: ['en', 'de', 'ar'], theme: ['light', 'dark'] }),
      ...combinations({ element: values('element').slice(1), lang: ['en'], theme: ['light'] }),
      ...combinations({ element: values('element').slice(1), lang: ['ar'], theme: ['dark'] }),
      ...combinations({ lang: ['ja'], theme: ['dark'], role: ['read'], width: ['240px'] }),
    ];

let gallery: GalleryVisit;
let page: Page;
beforeAll(async () => {
  gallery = await visitGallery();
  page = await gallery.enter({ bypassCSP: true });
  await page.evaluate(axe.source);
});
afterAll(() => gallery.close());

/** axe's violations, each with its place. */
async function violations(selector: string): Promise<string[]> {
  const found = await page.evaluate(
    (selector) =>
      (globalThis as unknown as { axe: { run(...args: unknown[]): Promise<AxeResults> } }).axe.run(selector, {
        resultTypes: ['violations'],
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        // Forty hosts' pages on one: each has its own trouble under the same name, and none has a heading above it.
        rules: { 'landmark-unique': { enabled: false } },
      }),
    selector,
  );
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
  );
}

describe('the gallery, seen by axe-core', () => {
  it('the page itself', async () => {
    expect(await violations('html')).toEqual([]);
  });

  it(`every state, in ${share.length} looks`, async () => {
    const found: string[] = [];
    for (const choice of share) {
      // oxlint-disable-next-line no-await-in-loop -- one page, one look after the other
      await look(page, choice);
      // oxlint-disable-next-line no-await-in-loop
      for (const violation of await violations('main')) found.push(`${describeLook(choice)}: ${violation}`);
    }
    process.stdout.write(`axe-core: ${share.length * states.length} combinations, ${found.length} violations\n`);
    expect(found).toEqual([]);
  });
});

const describeLook = (choice: Choice): string => Object.values(choice).join(' ');
