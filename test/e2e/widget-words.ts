/** The widget's words and buttons, for people's actions in a test. The only wait is one for words. */

import type { Page } from 'playwright-core';
import { widgetOf } from './demo-browser.ts';

/** The widget once it knows: while it loads, a healthy account stands in for the one to come, as bars without words. */
const known = (page: Page) => widgetOf(page).locator('.root.ready');

/** A pattern is tried on the text as it is, where a date has no-break spaces. */
export const anySpace = (text: string | RegExp): string | RegExp =>
  typeof text === 'string' ? text : new RegExp(text.source.replaceAll(' ', '\\s'), text.flags);

/** Resolves once the widget says this. */
export const says = (page: Page, text: string | RegExp): Promise<void> =>
  known(page).getByText(anySpace(text)).first().waitFor();

/** Presses one of its buttons. */
export const press = (page: Page, name: string | RegExp): Promise<void> =>
  known(page).getByRole('button', { name }).click();

/** The names of its buttons, in order. */
export const buttons = (page: Page): Promise<string[]> => widgetOf(page).locator(':not(dd) > button').allInnerTexts();

/** Everything that it says, as it would be read: also what stands in the list of subscriptions. */
export const allWords = async (page: Page): Promise<string> =>
  (await known(page).locator('[part=card]').innerText()).replaceAll(/\s+/g, ' ');
