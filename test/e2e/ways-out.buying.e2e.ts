/** M13, M14, L10: from nothing to a plan, through Checkout, whatever the card does; and never to two plans. */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cards, confirm, goBack, subscribe, subscriptionsOf, typeCard } from './stripe-pages.ts';
import { allPlans, openDemoBrowser, widgetOf, type DemoBrowser, type Workspace } from './demo-browser.ts';
import { allWords, buttons, press, says } from './widget-words.ts';

let demoBrowser: DemoBrowser;
/** Buying uses a free workspace up, so each purchase has one of its own. */
let free: Workspace;
beforeAll(async () => {
  demoBrowser = await openDemoBrowser({ offers: allPlans });
});
beforeEach(() => {
  free = demoBrowser.newcomer();
});
afterEach(async () => {
  await demoBrowser.leave();
  expect(demoBrowser.troubles).toEqual([]);
});
afterAll(() => demoBrowser.close());

/** The plans by the month, as a page shows them first. */
const offered = ['Monthly', 'Yearly', 'Choose Starter', 'Choose Team'];

const statuses = (workspace: string) => subscriptionsOf(demoBrowser, workspace).map(({ status }) => status);

/** A page of Stripe's that refuses something answers 4xx, which the browser notes as an error of its own. */
function expectRefusal(status: number): void {
  expect(demoBrowser.troubles).toEqual([expect.stringMatching(`${demoBrowser.demo.sandboxUrl}.*status of ${status}`)]);
  demoBrowser.troubles.length = 0;
}

async function hasTeam(page: Page): Promise<void> {
  await says(page, 'Your Team plan has started.');
  await says(page, /^Active$/);
  await says(page, /^Renews on \w+ \d+, \d{4}$/);
  expect(await allWords(page)).toContain('€29 per seat per month');
  expect(await buttons(page), 'the plans for sale are gone').toEqual(['Manage billing']);
  expect(statuses(free)).toEqual(['active']);
}

describe('a free workspace', () => {
  it('chooses a plan by name and price, and has it on its return', async () => {
    const page = await demoBrowser.signIn(free);
    await says(page, /^Free$/);
    expect(await buttons(page)).toEqual(offered);
    expect(await allWords(page)).toMatch(/Starter.*€9 per month.*Team.*€29 per seat per month/);
    await press(page, 'Yearly');
    expect(await buttons(page)).toEqual(['Monthly', 'Yearly', 'Choose Business']);
    expect(await allWords(page)).toMatch(/Business.*€290 per year/);
    await press(page, 'Monthly');
    await press(page, 'Choose Team');
    await subscribe(page, cards.works);
    await hasTeam(page);
  });

  it('confirms with the bank where the bank asks', async () => {
    const page = await demoBrowser.signIn(free);
    await press(page, 'Choose Team');
    await subscribe(page, cards.asksTheBank);
    await page.getByRole('heading', { name: 'Confirm with your bank' }).waitFor();
    expect(statuses(free), 'nothing is had before the bank has said yes').toEqual([]);
    await confirm(page);
    await hasTeam(page);
  });

  it('pays with another card after one was declined', async () => {
    const page = await demoBrowser.signIn(free);
    await press(page, 'Choose Team');
    await subscribe(page, cards.declined);
    await page.getByRole('alert').waitFor();
    expect(statuses(free)).toEqual([]);
    expectRefusal(402);
    await subscribe(page, cards.works);
    await hasTeam(page);
  });

  it('is still free when it leaves Checkout by its link', async () => {
    const page = await demoBrowser.signIn(free);
    await press(page, 'Choose Team');
    await page.waitForURL(/\/c\/cs_test_/);
    await goBack(page);
    await says(page, 'No payment was made.');
    await says(page, /^Free$/);
    expect(await buttons(page)).toEqual(offered);
    expect(statuses(free)).toEqual([]);
  });

  it('L14: is still free after the browser’s Back, and can choose again', async () => {
    const page = await demoBrowser.signIn(free);
    await press(page, 'Choose Team');
    await page.waitForURL(/\/c\/cs_test_/);
    await page.goBack({ waitUntil: 'commit' });
    await says(page, 'No payment was made.');
    await says(page, /^Free$/);
    await press(page, 'Choose Team');
    await subscribe(page, cards.works);
    await hasTeam(page);
  });
});

describe('an ended plan', () => {
  it('is subscribed to again, by the customer that Stripe knows already', async () => {
    const page = await demoBrowser.signIn('Elm Street Press');
    await says(page, /^Free$/);
    await says(page, /^\w+ ended on \w+ \d+, \d{4}$/);
    await press(page, 'Choose Starter');
    await subscribe(page, cards.works);
    await says(page, 'Your Starter plan has started.');
    await says(page, /^Active$/);
    expect(await allWords(page)).not.toContain('Ended on');
    expect(statuses('Elm Street Press')).toEqual(['active', 'canceled']);
    const customers = subscriptionsOf(demoBrowser, 'Elm Street Press').map(({ customer }) => customer);
    expect(new Set(customers).size, 'one customer for both').toBe(1);
  });
});

describe('two tabs', () => {
  it('L12: that buy the same plan at once end with one subscription, and the second is told so', async () => {
    const one = await demoBrowser.signIn(free);
    const other = await demoBrowser.tab(one);
    await Promise.all([press(one, 'Choose Team'), press(other, 'Choose Team')]);
    await Promise.all([one.waitForURL(/\/c\/cs_test_/), other.waitForURL(/\/c\/cs_test_/)]);
    expect(one.url(), 'both are led to the one open Checkout').toBe(other.url());
    await Promise.all([typeCard(one, cards.works), typeCard(other, cards.works)]);

    await one.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await hasTeam(one);
    await other.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await other.getByText('Nothing is charged a second time.').waitFor();
    await other.getByRole('link', { name: 'Continue' }).click();
    await hasTeam(other);
  });

  it('that choose different plans at once: the earlier session expires, and is not charged', async () => {
    const one = await demoBrowser.signIn(free);
    const other = await demoBrowser.tab(one);
    await press(one, 'Choose Starter');
    await one.waitForURL(/\/c\/cs_test_/);
    await press(other, 'Choose Team');
    await subscribe(other, cards.works);
    await hasTeam(other);

    await subscribe(one, cards.works);
    await one.getByText('Nothing was charged.').waitFor();
    expectRefusal(410);
    await goBack(one);
    await hasTeam(one);
  });

  it('that pay at the very same moment end with one subscription', async () => {
    const one = await demoBrowser.signIn(free);
    const other = await demoBrowser.tab(one);
    const ready = async (page: Page) => {
      await press(page, 'Choose Team');
      await page.waitForURL(/\/c\/cs_test_/);
      await typeCard(page, cards.works);
      return page.getByRole('button', { name: 'Subscribe', exact: true });
    };
    const pay = await Promise.all([ready(one), ready(other)]);
    await Promise.all(pay.map((button) => button.click()));
    const done = (page: Page) =>
      widgetOf(page).or(page.getByText('Nothing is charged a second time.')).first().waitFor();
    await Promise.all([done(one), done(other)]);
    expect(statuses(free)).toEqual(['active']);
  });
});
