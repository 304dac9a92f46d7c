/** What people read and press in the widget. Waiting for words is all the waiting there is. */

import type { Page } from 'playwright-core';
import { widgetOf } from './theatre.ts';

/** Resolves once the widget says this. */
export const says = (page: Page, text: string | RegExp): Promise<void> =>
  widgetOf(page).getByText(text).first().waitFor();

/** Presses one of its buttons. */
export const press = (page: Page, name: string | RegExp): Promise<void> =>
  widgetOf(page).getByRole('button', { name }).click();

/** The names of its buttons, in order. */
export const buttons = (page: Page): Promise<string[]> => widgetOf(page).getByRole('button').allInnerTexts();

/** Everything that it says, as it would be read: also what stands in the list of subscriptions. */
export const allWords = async (page: Page): Promise<string> =>
  (await widgetOf(page).locator('.card').innerText()).replaceAll(/\s+/g, ' ');
