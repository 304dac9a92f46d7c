/** Actions of people on Stripe's hosted pages, in their words: portal, Checkout, the invoice's page. */

import type { Page } from 'playwright-core';
import type { DemoBrowser } from './demo-browser.ts';

export const cards = {
  works: '4242 4242 4242 4242',
  failsWhenCharged: '4000 0000 0000 0341',
  asksTheBank: '4000 0025 0000 3155',
  declined: '4000 0000 0000 0002',
} as const;

/** Types a card by hand, as most people do. */
export async function typeCard(page: Page, number: string): Promise<void> {
  await page.getByLabel('Card number').fill(number);
  await page.getByLabel('Expiry').fill('12 / 34');
  await page.getByLabel('Security code').fill('123');
}

/** Subscribes on Checkout's page. Where the bank asks or the card is refused, it goes on there. */
export async function subscribe(page: Page, number: string): Promise<void> {
  await page.waitForURL(/\/c\/cs_test_/);
  await typeCard(page, number);
  await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
}

/** Answers the bank's question. */
export const confirm = (page: Page): Promise<void> =>
  page.getByRole('button', { name: /^Confirm( payment)?$/ }).click();

/** Saves a card on the portal's page for it. */
export async function saveCard(page: Page, number: string): Promise<void> {
  await page.waitForURL(/\/payment-method/);
  await typeCard(page, number);
  await page.getByRole('button', { name: 'Save card' }).click();
}

/** The tab of an invoice that a press opens. */
export async function invoiceTab(page: Page, pressed: () => Promise<void>): Promise<Page> {
  const [tab] = await Promise.all([page.waitForEvent('popup'), pressed()]);
  await tab.waitForURL(/\/i\//);
  return tab;
}

/** Waits until the page says that the invoice is paid. */
export const paid = (page: Page): Promise<void> => page.getByText('Your payment went through.').waitFor();

/** The portal's and Checkout's link back to the host. */
export const goBack = (page: Page): Promise<void> => page.getByRole('link', { name: /^\W*(Return to|Back)/ }).click();

/**
 * An invoice's page has no link back: people close its tab, and are at the one before. Without a screen every tab has the
 * focus all the time, so nothing tells that one of them gets it.
 */
export async function backToBilling(tab: Page, page: Page): Promise<void> {
  await tab.close();
  await page.evaluate(() => dispatchEvent(new Event('focus')));
}

/** Picks a plan in the portal's list and changes to it. */
export async function changePlan(page: Page, plan: RegExp): Promise<void> {
  await page.getByRole('link', { name: 'Change plan' }).click();
  await page.getByRole('radio', { name: plan }).check();
  await page.getByRole('button', { name: 'Change plan' }).click();
}

/** A customer's subscriptions at Stripe, over or not: as the sandbox's state has them, not as a page shows them. */
export function subscriptionsOf(demoBrowser: DemoBrowser, workspace: string) {
  const { demo } = demoBrowser;
  if (!demo.sandbox) throw new Error('the demo runs on the sandbox');
  const { state } = demo.sandbox;
  const account = demo.accounts.find((each) => each.workspace === workspace);
  const customers = state.customers
    .list(({ id, metadata }) => id === account?.customer || metadata['billhook_account'] === account?.id)
    .map(({ id }) => id);
  return state.subscriptions.list(({ customer }) => customers.includes(customer));
}
