/**
 * Nothing is cut, nothing sticks out, and whatever is pressed is large enough: in every language, at every width. With
 * `GALLERY=all` every width and element (`pnpm test:nightly`).
 */

import process from 'node:process';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { combinations, look, states, values, visitGallery, type Choice, type GalleryVisit } from './gallery-visit.ts';

const everything = process.env['GALLERY'] === 'all';
const languages = values('lang');
const parts = values('element').slice(1);
const narrow = everything
  ? [
      ...combinations({ element: values('element'), lang: languages, width: values('width') }),
      ...combinations({ lang: languages, width: ['240px', '640px'], look: values('look').slice(1) }),
    ]
  : [
      ...combinations({ element: values('element').slice(0, 1), lang: languages, width: ['240px'] }),
      // The others say parts of the same: each language once more, in one of them.
      ...languages.map((lang, at) => ({ element: parts[at % parts.length] ?? '', lang, width: '240px' })),
    ];

let gallery: GalleryVisit;
let page: Page;
beforeAll(async () => {
  gallery = await visitGallery();
  page = await gallery.enter();
});
afterAll(() => gallery.close());

/** Elements of the page that overflow, and controls that are too small to press, in words. */
async function misfits(lang = 'en'): Promise<string[]> {
  return page.evaluate(
    (lang) =>
      [...document.querySelectorAll('figure')].flatMap((figure) => {
        const state = figure.querySelector('code')?.textContent;
        const element = figure.querySelector<HTMLElement>('.stage > *');
        const root = element?.shadowRoot?.querySelector<HTMLElement>('.root');
        if (!element || !root) return [`${state}: not rendered`];
        const found = root.lang === lang ? [] : [`${state}: speaks ${root.lang}`];
        const outer = element.getBoundingClientRect();
        // Told when it is a misfit only: the markup of every element takes longer to write than the page to lay out.
        const fits = (box: DOMRect, what: () => string) => {
          const inside =
            box.left >= outer.left - 0.5 &&
            box.right <= outer.right + 0.5 &&
            box.top >= outer.top - 0.5 &&
            box.bottom <= outer.bottom + 0.5;
          if (!inside) found.push(`${state}: sticks out: ${what()}`);
        };
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
          const text = texts.currentNode;
          if (!text.textContent?.trim() || text.parentElement?.closest('.visually-hidden')) continue;
          const range = document.createRange();
          range.selectNodeContents(text);
          for (const box of range.getClientRects()) fits(box, () => text.textContent ?? '');
        }
        for (const inner of root.querySelectorAll<HTMLElement>('*:not(.visually-hidden, slot, path)')) {
          const { display } = getComputedStyle(inner);
          // It has no box of its own, and its children are looked at themselves.
          if (display === 'contents') continue;
          fits(inner.getBoundingClientRect(), () => inner.outerHTML);
          // A box that clips would swallow what does not fit; a rounded number may be one off.
          if (inner.scrollWidth > inner.clientWidth + 1 && display !== 'inline')
            found.push(`${state}: overflows: ${inner.outerHTML}`);
        }
        for (const target of root.querySelectorAll('button, a')) {
          const { width, height } = target.getBoundingClientRect();
          // A link in a line of text, as WCAG 2.5.8 has it.
          const least = target.closest('dd') ? 24 : 44;
          if (width < least || height < least) found.push(`${state}: ${width} × ${height}: ${target.textContent}`);
          if (!target.textContent?.trim()) found.push(`${state}: has no name: ${target.outerHTML}`);
        }
        return found;
      }),
    lang,
  );
}

/** The states with rows that do not begin on one line, column by column, or with a label that is broken. */
async function crookedRows(): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('figure')].flatMap((figure) => {
      const root = figure.querySelector('.stage > *')?.shadowRoot;
      const starts = (selector: string) =>
        [...(root?.querySelectorAll<HTMLElement>(selector) ?? [])].map((each) => {
          const { left, right } = each.getBoundingClientRect();
          return Math.round(getComputedStyle(each).direction === 'rtl' ? right : left);
        });
      const state = figure.querySelector('code')?.textContent ?? '';
      const columns = ['dt > *', 'dt + dd > *', 'dd + dd > *'].map((selector) => new Set(starts(selector)).size);
      const broken = [...(root?.querySelectorAll('dt > *') ?? [])].filter((label) => label.getClientRects().length > 1);
      return [
        ...(columns.some((places) => places > 1) ? [`${state}: begin at ${columns.join(', ')} places`] : []),
        ...broken.map((label) => `${state}: broken: ${label.textContent}`),
      ];
    }),
  );
}

async function misfitsIn(looks: readonly Choice[]): Promise<string[]> {
  const found: string[] = [];
  for (const choice of looks) {
    // oxlint-disable-next-line no-await-in-loop -- one page, one look after the other
    await look(page, choice);
    // oxlint-disable-next-line no-await-in-loop
    for (const misfit of await misfits(choice.lang)) found.push(`${Object.values(choice).join(' ')}: ${misfit}`);
  }
  return found;
}

describe('no overflow and no small control', () => {
  it(`${narrow.length} looks at every state`, async () => {
    const found = await misfitsIn(narrow);
    process.stdout.write(
      `geometry: ${narrow.length * states.length} combinations in ${languages.length} languages, ${found.length} misfits\n`,
    );
    expect(found).toEqual([]);
  });

  it('the rows stand in columns, and no label is broken inside a word', async () => {
    const crooked: string[] = [];
    for (const lang of languages) {
      // oxlint-disable-next-line no-await-in-loop -- one page, one look after the other
      await look(page, { lang, width: '480px' });
      // oxlint-disable-next-line no-await-in-loop
      for (const state of await crookedRows()) crooked.push(`${lang}: ${state}`);
    }
    expect(crooked).toEqual([]);
  });

  it('at twice the text size, and at twice the zoom', async () => {
    const looks = [...combinations({ lang: ['en', 'de', 'ar'], width: ['320px'] })];
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    expect(await misfitsIn(looks)).toEqual([]);
    await page.evaluate(() => (document.documentElement.style.fontSize = ''));
    await page.setViewportSize({ width: 640, height: 450 });
    expect(await misfitsIn(looks.map((choice) => ({ ...choice, width: 'full' })))).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('with the text spacing of WCAG 1.4.12', async () => {
    await page.evaluate(() => {
      const { style } = document.documentElement;
      style.setProperty('letter-spacing', '0.12em');
      style.setProperty('word-spacing', '0.16em');
    });
    expect(await misfitsIn([...combinations({ lang: ['en', 'de'], width: ['240px'] })])).toEqual([]);
    await page.evaluate(() => document.documentElement.removeAttribute('style'));
  });
});
