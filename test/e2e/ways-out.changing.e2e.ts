/** M15, M18, B1: a plan that is changed, put off, ended and begun again; after each, the page says what changed in words. */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cards, changePlan, goBack, saveCard, subscribe, subscriptionsOf } from './stripe-pages.ts';
import { allPlans, openDemoBrowser, type DemoBrowser } from './demo-browser.ts';
import { allWords, buttons, press, says } from './widget-words.ts';

let demoBrowser: DemoBrowser;
afterEach(() => expect(demoBrowser.troubles).toEqual([]));

/** A demo for the tests beside this call: each with a workspace of its own, and a day when it began. */
function withDemo(): void {
  beforeAll(async () => {
    demoBrowser = await openDemoBrowser({ offers: allPlans });
  });
  afterAll(() => demoBrowser.close());
}

const aDay = /\w+ \d+, \d{4}/;
const day = 86_400_000;

/** Lets days go by at Stripe, with everything that happens on them. */
async function pass(days: number): Promise<void> {
  const { sandbox } = demoBrowser.demo;
  await sandbox?.clock.advance(days * day);
  await sandbox?.deliveries.settled();
}

/** A page of a customer that subscribed to the Starter plan a moment ago. */
async function onStarter(): Promise<Page> {
  const page = await demoBrowser.signIn('Fern & Field');
  await press(page, 'Choose Starter');
  await subscribe(page, cards.works);
  await says(page, 'Your Starter plan has started.');
  expect(await allWords(page)).toContain('€9 per month');
  return page;
}

describe('another plan, or another card', () => {
  withDemo();

  it('a plan that costs more starts at once, at its price', async () => {
    const page = await onStarter();
    await press(page, 'Manage billing');
    await changePlan(page, /^Team €29/);
    await page.getByText('Your plan was changed.').waitFor();
    await goBack(page);
    await says(page, 'Your plan is now Team.');
    await says(page, /^Active$/);
    const words = await allWords(page);
    expect(words).toContain('€29 per seat per month');
    expect(words).not.toContain('€9 per');
    expect(words, 'a price moves with its plan: one sentence').not.toContain('Your price');
  });

  it('a plan that costs less starts when the period ends, and until then nothing changes', async () => {
    const page = await demoBrowser.signIn('Alder Works');
    await says(page, /^Active$/);
    await press(page, 'Manage billing');
    await changePlan(page, /^Starter €9/);
    await page.getByText('Your plan will change when this period ends.').waitFor();
    await goBack(page);
    await says(page, /^Your plan changes to Starter on \w+ \d+, \d{4}\.$/);
    await says(page, /^Changes to Starter \(€27 per month\) on \w+ \d+, \d{4}$/);
    const words = await allWords(page);
    expect(words).toMatch(/Team ?Active/);
    expect(words).toContain('€87 per month 3 × €29');
  });

  it('a scheduled plan can be cancelled', async () => {
    const page = await demoBrowser.signIn('Juniper Labs');
    await says(page, /^Changes to Starter \(€9 per month\) on/);
    await press(page, 'Manage billing');
    await page.getByRole('button', { name: 'Keep current plan' }).click();
    await page.getByText('Your plan stays as it is.').waitFor();
    await goBack(page);
    await says(page, /^Your plan continues and renews on /);
    expect(await allWords(page)).not.toContain('Changes to');
  });

  it('yen have no decimals, neither on the page nor after a card that failed', async () => {
    const page = await demoBrowser.signIn('Sakura Atelier');
    await says(page, /^Active$/);
    expect(await allWords(page)).toContain('¥9,000 per month 2 × ¥4,500');
    expect(await allWords(page)).not.toMatch(/[.,]00\b/);

    await press(page, 'Manage billing');
    await page.getByRole('link', { name: 'Update payment method' }).click();
    await saveCard(page, cards.failsWhenCharged);
    await goBack(page);
    await says(page, 'Your payment method was updated.');
    await pass(21);
    await page.reload();
    await says(page, /Visa •••• \d{4} was declined for ¥9,000 /);
    expect(await buttons(page)).toEqual(['Update card', 'Pay ¥9,000 now', 'Manage billing']);
  });
});

describe('the day when a period ends', () => {
  withDemo();

  it('turns a trial into the plan, once a card was added', async () => {
    const page = await demoBrowser.signIn('Paper Lantern');
    await press(page, 'Add a card');
    await saveCard(page, cards.works);
    await says(page, 'Your payment method was updated.');
    await says(page, /^Trial$/);
    await pass(6);
    await page.reload();
    await says(page, /^Active$/);
    await says(page, /^Renews on/);
    expect(await allWords(page)).not.toContain('Trial');
  });

  it('starts the scheduled plan', async () => {
    const page = await demoBrowser.signIn('Juniper Labs');
    await says(page, /^Changes to Starter/);
    await pass(32);
    await page.reload();
    await says(page, /^Starter$/);
    expect(await allWords(page)).toContain('€9 per month');
    expect(await allWords(page)).not.toContain('Changes to');
  });

  it('M18: ends a plan that was cancelled, kept and cancelled again, with access until then', async () => {
    const page = await onStarter();
    const cancel = async () => {
      await press(page, 'Manage billing');
      await page.getByRole('link', { name: 'Cancel plan' }).click();
      await page.getByRole('button', { name: 'Cancel plan' }).click();
      await page.getByText('Your plan was canceled.').waitFor();
      await goBack(page);
      await says(page, new RegExp(`^Canceled\\. Starter stays until ${aDay.source}\\.$`));
      await says(page, /^Canceled$/);
      await says(page, /^You keep full access until then\./);
    };
    await cancel();
    await press(page, 'Keep my plan');
    await page.getByRole('button', { name: 'Keep plan' }).click();
    await goBack(page);
    await says(page, /^Your plan continues and renews on /);
    await says(page, /^Renews on/);

    await cancel();
    await pass(32);
    await page.reload();
    await says(page, /^Free$/);
    await says(page, new RegExp(`^Starter ended on ${aDay.source}$`));
    expect(await buttons(page)).toEqual(['Monthly', 'Yearly', 'Choose Starter', 'Choose Team', 'Manage billing']);
    expect(subscriptionsOf(demoBrowser, 'Fern & Field').map(({ status }) => status)).toEqual(['canceled']);
  });
});

describe('a trial or a renewal whose day comes', () => {
  withDemo();

  it('a trial without a card is over on its day: a card is asked for, and no plan is sold beside it', async () => {
    const page = await demoBrowser.signIn('Paper Lantern');
    await says(page, /^Free until/);
    await pass(6);
    await page.reload();
    await says(page, 'Your trial is over.');
    await says(page, /^Trial over$/);
    expect(await buttons(page)).toEqual(['Add a card', 'Manage billing']);
  });

  it('a trial with a card becomes the plan', async () => {
    const page = await demoBrowser.signIn('Orchard Row');
    await says(page, /^Trial$/);
    await pass(9);
    await page.reload();
    await says(page, /^Active$/);
    await says(page, /^Renews on/);
  });
});
