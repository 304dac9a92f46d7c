/** M13, M16, B3: a debt, a wait or a payment to confirm is told calmly, with the way out of it. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { backToBilling, cards, confirm, goBack, paid, invoiceTab, saveCard } from './stripe-pages.ts';
import { openDemoBrowser, widgetOf, type DemoBrowser } from './demo-browser.ts';
import { allWords, buttons, press, says } from './widget-words.ts';

let demoBrowser: DemoBrowser;
beforeAll(async () => {
  demoBrowser = await openDemoBrowser();
});
afterAll(() => demoBrowser.close());
afterEach(() => expect(demoBrowser.troubles).toEqual([]));

describe('past due', () => {
  it('L11: a new card alone pays nothing: the page says so, and offers paying first', async () => {
    const page = await demoBrowser.signIn('Harbour Studio');
    await press(page, 'Update card');
    await saveCard(page, cards.works);
    await page.getByText('The open invoice is not paid yet').waitFor();
    await goBack(page);

    await says(page, 'Your payment method was updated.');
    await says(page, 'Your new payment method is saved, but the open invoice is not paid yet.');
    await says(page, /^Payment due$/);
    expect(await buttons(page)).toEqual(['Pay €145.00 now', 'Update card', 'Manage billing']);

    const invoice = await invoiceTab(page, () => press(page, 'Pay €145.00 now'));
    await invoice.getByRole('button', { name: /^Pay €/ }).click();
    await paid(invoice);
    await backToBilling(invoice, page);
    await says(page, 'We received your payment of €145.00.');
    await says(page, /^Active$/);
    expect(await widgetOf(page).getByRole('region').count(), 'no banner any more').toBe(0);
    await page.context().close();
  });

  it('M17: after the grace it is read-only, until it is paid', async () => {
    const page = await demoBrowser.signIn('Old Pier Tours');
    await widgetOf(page).getByRole('region', { name: 'Read-only until paid' }).waitFor();
    await says(page, '€58.00 is due.');
    await says(page, /You can view everything\. Editing comes back/);

    await press(page, 'Update card');
    await saveCard(page, cards.works);
    await page.getByRole('button', { name: 'Pay €58.00' }).click();
    await paid(page);
    await goBack(page);
    await says(page, 'We received your payment of €58.00.');
    await says(page, /^Active$/);
    expect(await allWords(page)).not.toContain('Editing comes back');
    await page.context().close();
  });

  it('M17: when Stripe has stopped trying, no next attempt is promised', async () => {
    const page = await demoBrowser.signIn('Tin Roof Records');
    await widgetOf(page).getByRole('region', { name: 'Read-only until paid' }).waitFor();
    await says(page, /^Unpaid$/);
    expect(await allWords(page)).not.toContain('try again');
    expect(await buttons(page)).toEqual(['Update card', 'Pay €9.00 now', 'Manage billing']);
    await page.context().close();
  });
});

describe('a bank that asks for confirmation', () => {
  it('about a renewal: confirmed on the invoice’s page, and the plan goes on', async () => {
    const page = await demoBrowser.signIn('Mill Lane Clinic');
    await widgetOf(page).getByRole('region', { name: 'Confirm your payment' }).waitFor();
    await says(page, 'Your bank asks you to confirm a payment of €116.00.');
    await says(page, 'Invoices open in a new tab. This page updates by itself.');
    const invoice = await invoiceTab(page, () => press(page, 'Confirm payment'));
    await confirm(invoice);
    await paid(invoice);
    await backToBilling(invoice, page);
    await says(page, 'We received your payment of €116.00.');
    await says(page, /^Active$/);
    await says(page, /^Renews on/);
    await page.context().close();
  });

  it('about the first payment: finished on the same page, and the plan starts', async () => {
    const page = await demoBrowser.signIn('Sparrow Films');
    await widgetOf(page).getByRole('region', { name: 'One step left' }).waitFor();
    expect(await buttons(page), 'no second plan is sold').toEqual(['Finish payment', 'Manage billing']);
    const invoice = await invoiceTab(page, () => press(page, 'Finish payment'));
    await confirm(invoice);
    await paid(invoice);
    await backToBilling(invoice, page);
    await says(page, 'Your Team plan has started.');
    await says(page, /^Active$/);
    await page.context().close();
  });
});

describe('a payment on its way', () => {
  it('L21: asks for no action, and for no second payment', async () => {
    const page = await demoBrowser.signIn('Northgate Logistics');
    await widgetOf(page).getByRole('region', { name: 'Your payment is processing' }).waitFor();
    await says(page, 'It can take a few days. There is nothing for you to do.');
    await says(page, /^Processing$/);
    expect(await buttons(page)).toEqual(['Manage billing']);

    await press(page, 'Manage billing');
    await page.getByRole('heading', { name: '€348.00 is on its way' }).waitFor();
    expect(await page.getByRole('button', { name: /Pay/ }).count(), 'Stripe takes no second one either').toBe(0);
    await goBack(page);
    await says(page, 'Nothing changed.');
    await page.context().close();
  });
});

describe('a trial', () => {
  it('without a card asks for one, and shows it once it is on file', async () => {
    const page = await demoBrowser.signIn('Paper Lantern');
    await says(page, /^Free until \w+ \d+, \d{4} \(/);
    await says(page, 'Add a payment method to keep your plan.');
    await press(page, 'Add a card');
    await saveCard(page, cards.works);
    await says(page, 'Your payment method was updated.');
    await says(page, /^Trial$/);
    expect(await allWords(page)).not.toContain('Add a payment method');
    expect(await buttons(page)).toEqual(['Manage billing']);
    await page.context().close();
  });

  it('with a card asks for no action', async () => {
    const page = await demoBrowser.signIn('Orchard Row');
    await says(page, /^Free until/);
    expect(await buttons(page)).toEqual(['Manage billing']);
    expect(await allWords(page)).toContain('€58 per month 2 × €29');
    await page.context().close();
  });
});

describe('a pause', () => {
  it('ends in the portal', async () => {
    const page = await demoBrowser.signIn('Kite & Co');
    await says(page, /^Paused$/);
    expect(await allWords(page), 'what does not renew has no day of renewal').not.toContain('Renews');
    await press(page, 'Resume plan');
    await page.getByRole('button', { name: 'Resume plan' }).click();
    await page.getByText('Your plan goes on.').waitFor();
    await goBack(page);
    await says(page, 'Your plan is active again.');
    await says(page, /^Active$/);
    await says(page, /^Renews on/);
    await page.context().close();
  });
});
