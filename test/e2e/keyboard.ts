/** A page in the hands of a person without a mouse: Tab, Enter, arrows and letters, and nothing else. */

import type { Page } from 'playwright-core';

/** More than any page here has. */
const mostTabs = 120;

/** The name that a screen reader says of the element with the focus; inside of shadow roots too. */
const focusedName = (page: Page): Promise<string> =>
  page.evaluate(() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    if (focused === null || focused === document.body) return '';
    const label = focused instanceof HTMLInputElement ? focused.labels?.[0]?.innerText : undefined;
    const text = focused instanceof HTMLElement ? focused.innerText : '';
    return (label ?? focused.getAttribute('aria-label') ?? text).replaceAll(/\s+/g, ' ').trim();
  });

/** Goes on with Tab until this has the focus; from the page's end it goes on at its beginning. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const met: string[] = [];
  const isIt = (at: string) => (typeof name === 'string' ? at === name : name.test(at));
  while (met.length < mostTabs) {
    // oxlint-disable no-await-in-loop -- one key after the other
    await page.keyboard.press('Tab');
    const at = await focusedName(page);
    // oxlint-enable no-await-in-loop
    if (isIt(at)) return;
    met.push(at);
  }
  throw new Error(`Tab does not come to ${name}, but to ${[...new Set(met)].join(', ')}`);
}

export async function pressKey(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}

export async function type(page: Page, field: string | RegExp, text: string): Promise<void> {
  await tabTo(page, field);
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(text);
}

/** Types a card, on whichever of Stripe's pages. */
export async function typeCardByKeys(page: Page, number: string): Promise<void> {
  await type(page, 'Card number', number);
  await type(page, 'Expiry', '12 / 34');
  await type(page, 'Security code', '123');
}

/** Arrows move through a group of choices, and choose. */
export async function choose(page: Page, choice: RegExp): Promise<void> {
  await tabTo(page, /./);
  const isChoice = () => page.evaluate(() => (document.activeElement as HTMLInputElement | null)?.type === 'radio');
  // oxlint-disable no-await-in-loop -- one key after the other
  for (let tabs = 0; !(await isChoice()) && tabs < mostTabs; tabs++) await page.keyboard.press('Tab');
  for (let keys = 0; !choice.test(await focusedName(page)); keys++) {
    if (keys > mostTabs) throw new Error(`no arrow comes to ${choice}`);
    await page.keyboard.press('ArrowDown');
  }
  // oxlint-enable no-await-in-loop
}
