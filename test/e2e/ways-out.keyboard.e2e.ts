/**
 * The journeys about money, by keyboard alone: each charge is announced before it comes, and told after. One demo for all of
 * them, each with a workspace of its own; the last two let days go by.
 */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openDemoBrowser, widgetOf, type DemoBrowser } from './demo-browser.ts';
import { choose, pressKey, tabTo, type, typeCardByKeys } from './keyboard.ts';
import { backToBilling, cards, invoiceTab, paid } from './stripe-pages.ts';
import { allWords, buttons, says } from './widget-words.ts';

const seats = { minimum: 1, maximum: 50 };
let demoBrowser: DemoBrowser;
beforeAll(async () => {
  demoBrowser = await openDemoBrowser({
    offers: [
      { id: 'team', price: 'team_monthly', adjustableQuantity: seats },
      { id: 'business', price: 'business_yearly', trialDays: 14 },
    ],
  });
  const { sandbox } = demoBrowser.demo;
  if (sandbox) sandbox.settings.dunning.finally = 'leavePastDue';
});
afterAll(() => demoBrowser.close());
afterEach(() => expect(demoBrowser.troubles).toEqual([]));

const backToHost = /^\W*(Return to|Back)/;

/** The portal's home, by its button. */
async function openPortal(page: Page): Promise<void> {
  await pressKey(page, 'Manage billing');
  await page.getByRole('heading', { name: 'Plans and billing' }).waitFor();
}

async function replaceCard(page: Page): Promise<void> {
  await pressKey(page, 'Update card');
  await page.waitForURL(/\/payment-method/);
  await typeCardByKeys(page, cards.works);
  await pressKey(page, 'Save card');
}

/** Lets days go by at Stripe, with everything that happens on them. */
async function pass(page: Page, days: number): Promise<void> {
  const { sandbox } = demoBrowser.demo;
  await sandbox?.clock.advance(days * 86_400_000);
  await sandbox?.deliveries.settled();
  await page.reload();
}

it('a declined card at Checkout, and back: no payment was made', async () => {
  const page = await demoBrowser.signIn('Elm Street Press');
  await says(page, /^Free$/);
  await pressKey(page, 'Choose Team');
  await page.waitForURL(/\/c\/cs_test_/);
  await typeCardByKeys(page, cards.declined);
  await pressKey(page, 'Subscribe');
  await page.getByRole('alert').waitFor();
  // The refusal is the browser's own note of a 402.
  expect(demoBrowser.troubles.splice(0)).toEqual([expect.stringMatching(/status of 402/)]);
  await pressKey(page, backToHost);
  await says(page, 'No payment was made.');
  await says(page, /^Free$/);
  await page.context().close();
});

it('seats and a coupon at Checkout: the card says how many, what is off, and what was paid', async () => {
  const page = await demoBrowser.signIn('Elm Street Press');
  await says(page, /^Free$/);
  await pressKey(page, 'Choose Team');
  await page.waitForURL(/\/c\/cs_test_/);
  await type(page, /^Quantity of/, '4');
  await type(page, 'Promotion code', 'WELCOME20');
  await pressKey(page, 'Update order');
  await page.getByText('€92.80').first().waitFor();
  await typeCardByKeys(page, cards.works);
  await pressKey(page, 'Subscribe');
  await says(page, 'Your Team plan has started.');
  await says(page, /^\w+ \d+, \d{4} · €92\.80$/);
  const words = await allWords(page);
  expect(words).toMatch(/€92\.80 €116 per month 4 × €29 per seat · 20% off until \w+ \d+, \d{4}/);
  expect(words).toMatch(/Last invoice [^€]*€92\.80 · Paid/);
  await page.context().close();
});

it('a plan that costs more: the portal says what is due now, and the card what was charged', async () => {
  const page = await demoBrowser.signIn('Alder Works');
  await says(page, /^Active$/);
  await openPortal(page);
  await pressKey(page, 'Change plan');
  await page.getByRole('heading', { name: 'Change plan' }).waitFor();
  await choose(page, /^Business/);
  const row = await page.locator('label', { hasText: 'Business' }).innerText();
  const [, announced] = /(€[\d.,]+) due now for 3/.exec(row) ?? [];
  await pressKey(page, 'Change plan');
  await page.getByText('Your plan was changed.').waitFor();
  await pressKey(page, backToHost);
  expect(announced).toBeDefined();
  await says(page, new RegExp(`^Your plan is now Business\\. You were charged ${announced}\\.$`));
  await says(page, new RegExp(`^\\w+ \\d+, \\d{4} · ${announced} · Paid$`));
  await page.context().close();
});

it('a card that expires before the next payment: told calmly, and replaced', async () => {
  const page = await demoBrowser.signIn('Copper Kettle');
  await says(page, /^Change your card before \w+ \d+, \d{4}$/);
  await says(page, /^Visa •••• 4242 expires \d\d\/\d{4}, before your next payment\.$/);
  await replaceCard(page);
  await says(page, 'Your payment method was updated.');
  const words = await allWords(page);
  expect(words).toContain('Visa •••• 4242, expires 12/2034');
  expect(words).not.toContain('Change your card');
  await page.context().close();
});

it('a pause and its end: nothing is charged meanwhile', async () => {
  const page = await demoBrowser.signIn('Stonebridge Surveyors');
  await says(page, /^Active$/);
  await openPortal(page);
  await pressKey(page, 'Pause plan');
  await page.getByRole('heading', { name: /^Pause / }).waitFor();
  await pressKey(page, 'Pause plan');
  await page.getByText('Your plan is paused.').first().waitFor();
  await pressKey(page, backToHost);
  await says(page, 'Your plan is paused.');
  await says(page, /^Nothing is charged while it is paused\./);
  expect(await allWords(page)).not.toContain('Next payment');
  await pressKey(page, 'Resume plan');
  await page.getByRole('heading', { name: 'Plans and billing' }).waitFor();
  await pressKey(page, 'Resume plan');
  await page.getByText('Your plan goes on.').waitFor();
  await pressKey(page, backToHost);
  await says(page, 'Your plan is active again.');
  await says(page, /^Renews on/);
  await page.context().close();
});

it('a trial with a card: its first charge is announced, and told when it has come', async () => {
  const page = await demoBrowser.signIn('Fern & Field');
  await pressKey(page, 'Yearly');
  await says(page, /^Free for 14 days$/);
  await pressKey(page, 'Choose Business');
  await page.waitForURL(/\/c\/cs_test_/);
  await typeCardByKeys(page, cards.works);
  await pressKey(page, 'Start trial');
  await says(page, 'Your Business plan has started.');
  await says(page, /^Then €290 per year$/);
  const [, day] = /Free until (\w+ \d+, \d{4})/.exec(await allWords(page)) ?? [];
  await says(page, `${day} · €290.00`);
  expect(await allWords(page), 'an invoice over nothing is no row').not.toContain('Last invoice');
  // An invoice becomes final about an hour after its period's end (SUB-5): for an hour a day that is the next day.
  const nextDay = new Date(`${day} UTC`);
  nextDay.setUTCDate(nextDay.getUTCDate() + 1);
  const issued = [day, nextDay.toLocaleDateString('en', { dateStyle: 'long', timeZone: 'UTC' })];

  await pass(page, 15);
  await says(page, /^Active$/);
  const [, charged] = /Last invoice (\w+ \d+, \d{4}) · €290\.00 · Paid/.exec(await allWords(page)) ?? [];
  expect(issued).toContain(charged);
  await page.context().close();
});

it('L36: two open invoices are paid one after the other, each button with its own amount', async () => {
  const page = await demoBrowser.signIn('Harbour Studio');
  await pass(page, 32);
  await says(page, /€290\.00 \(Team\)/);
  await replaceCard(page);
  await page.getByText('The open invoice is not paid yet').waitFor();
  await pressKey(page, backToHost);
  await says(page, 'Your payment method was updated.');

  for (const left of [1, 0]) {
    // oxlint-disable no-await-in-loop -- one invoice after the other
    const invoice = await invoiceTab(page, () => pressKey(page, 'Pay €145.00 now'));
    await pressKey(invoice, /^Pay €145\.00$/);
    await paid(invoice);
    await backToBilling(invoice, page);
    await says(page, 'We received your payment of €145.00.');
    expect(await buttons(page)).toEqual([...(left ? ['Pay €145.00 now'] : []), 'Manage billing']);
    // oxlint-enable no-await-in-loop
  }
  await says(page, /^Active$/);
  expect(await widgetOf(page).getByRole('region').count(), 'no banner any more').toBe(0);
  await tabTo(page, 'Manage billing');
  await page.context().close();
});
