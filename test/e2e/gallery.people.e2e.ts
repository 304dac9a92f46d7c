/** The widget under what people set in their system, with a keyboard, and on paper. */

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { look, visitGallery, type GalleryVisit } from './gallery-visit.ts';

let gallery: GalleryVisit;
let page: Page;
beforeAll(async () => {
  gallery = await visitGallery();
  page = await gallery.enter();
});
afterAll(() => gallery.close());

const style = (selector: string, property: string) =>
  page
    .locator(`main ${selector}`)
    .first()
    .evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), property);

describe('with a keyboard', () => {
  it('every action is reached in order, and opening keeps the focus where it is', async () => {
    await look(page, { state: 'pastDue' });
    await page.locator('figcaption a').focus();
    const reached: (string | null)[] = [];
    const focused = () =>
      page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent?.trim() ?? null);
    for (let step = 0; step < 4; step++) {
      // oxlint-disable-next-line no-await-in-loop -- one key after the other
      await page.keyboard.press('Tab');
      // oxlint-disable-next-line no-await-in-loop
      reached.push(await focused());
    }
    expect(reached).toEqual(['Update card', 'Pay $29.00 now', 'View invoice', 'Manage billing']);
    expect(await style('.button:focus-visible', 'outline-style')).toBe('solid');

    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Opening…' }).waitFor();
    expect(await focused()).toBe('Opening…');
    expect(await page.getByRole('button', { name: 'Opening…' }).getAttribute('aria-disabled')).toBe('true');
    // Back from Stripe's page: the button can be pressed again, and has the focus.
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await page.getByRole('button', { name: 'Manage billing' }).waitFor();
    expect(await focused()).toBe('Manage billing');
  });
});

describe('forced colours', () => {
  beforeAll(() => page.emulateMedia({ forcedColors: 'active' }));
  afterAll(() => page.emulateMedia({ forcedColors: 'none' }));

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`every button has an edge and can be read, ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme });
      await look(page, { state: 'pastDue' });
      const card = await style('.card', 'background-color');
      const buttons = await page.locator('main :not(dd) > .button').evaluateAll((all) =>
        all.map((button) => {
          const { color, backgroundColor, borderTopColor, borderTopWidth } = getComputedStyle(button);
          return { color, backgroundColor, borderTopColor, borderTopWidth };
        }),
      );
      expect(buttons).toHaveLength(3);
      for (const { color, backgroundColor, borderTopColor, borderTopWidth } of buttons) {
        expect(color).not.toBe(backgroundColor);
        expect(borderTopColor).not.toBe(card);
        expect(borderTopWidth).toBe('1px');
      }
      await page.emulateMedia({ colorScheme: null });
    });
  }

  it('the period that is chosen is seen, and its name can be read', async () => {
    await look(page, { state: 'offersYearly' });
    const grounds = await page
      .locator('main .periods .button')
      .evaluateAll((all) => all.map((button) => getComputedStyle(button).backgroundColor));
    expect(new Set(grounds).size).toBe(2);
    // Else text of this colour stands on a ground of Canvas that the browser draws behind it.
    expect(await style('[aria-pressed="true"]', 'forced-color-adjust')).toBe('none');
    expect(await style('[aria-pressed="true"]', 'color')).not.toBe(
      await style('[aria-pressed="true"]', 'background-color'),
    );
  });

  it('the placeholder while loading cannot be read as a plan', async () => {
    await look(page, { state: 'loading' });
    expect(await style('.name.text', 'color')).toBe('rgba(0, 0, 0, 0)');
    expect(await style('.skeleton', 'text-decoration-line')).toBe('line-through');
  });

  it('the spinner is a ring with a gap', async () => {
    await look(page, { state: 'pending' });
    expect(await style('.spinner', 'border-inline-end-color')).toBe('rgba(0, 0, 0, 0)');
  });
});

describe('other preferences', () => {
  it('more contrast: lines and small words in the text’s own colour', async () => {
    await look(page, { state: 'active', theme: 'light' });
    const text = await style('.name', 'color');
    expect(await style('.line', 'color')).not.toBe(text);
    await page.emulateMedia({ contrast: 'more' });
    expect(await style('.line', 'color')).toBe(text);
    expect(await style('.card', 'border-top-color')).toBe(text);
    await page.emulateMedia({ contrast: 'no-preference' });
  });

  it('less motion: no animation', async () => {
    await look(page, { state: 'updating' });
    expect(await style('.spinner', 'animation-name')).toBe('turn');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await style('.spinner', 'animation-name')).toBe('none');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
  });

  it('on paper: the plan in dark on light, and no buttons', async () => {
    await look(page, { state: 'pastDue', theme: 'dark' });
    expect(await style('.name', 'color')).toBe('rgb(255, 255, 255)');
    await page.emulateMedia({ media: 'print' });
    expect(await style('.name', 'color')).toBe('rgb(0, 0, 0)');
    await page.getByText('Your last payment didn’t go through', { exact: true }).waitFor();
    expect(await page.locator('main .button:visible').count()).toBe(0);
    await page.emulateMedia({ media: 'screen' });
  });
});

it('no error was logged meanwhile', () => expect(gallery.troubles).toEqual([]));
