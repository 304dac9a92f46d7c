/** The product's purpose: a failed payment, the portal, a webhook, and the truth on the page, without a reload. */

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openDemoBrowser, widgetOf, type DemoBrowser } from './demo-browser.ts';
import { anySpace } from './widget-words.ts';

let demoBrowser: DemoBrowser;
beforeAll(async () => {
  demoBrowser = await openDemoBrowser();
});
afterAll(() => demoBrowser.close());
afterEach(() => expect(demoBrowser.troubles).toEqual([]));

const says = (page: Page, text: string | RegExp) => widgetOf(page).getByText(anySpace(text)).first().waitFor();
const press = (page: Page, name: string | RegExp) => widgetOf(page).getByRole('button', { name }).click();
const back = (page: Page) => page.getByRole('link', { name: /Return to/ }).click();
const loads = (page: Page) => page.evaluate(() => performance.getEntriesByType('navigation').length);

describe('a failed payment', () => {
  it('is shown, leads to the card form, and is over when the invoice is paid, with the right words at each step', async () => {
    const page = await demoBrowser.signIn('Harbour Studio');
    const widget = widgetOf(page);
    const banner = widget.getByRole('region', { name: 'Your last payment didn’t go through' });
    await banner.waitFor();
    expect((await banner.innerText()).replaceAll('\u00a0', ' ')).toMatch(
      /Visa •••• \d{4} was declined for €145\.00 \(Team\)\. The bank can tell you why\. Nothing changes until \w+ \d+, \d{4}/,
    );
    await says(page, 'Payment due');
    await says(page, 'Opens Stripe.');

    await press(page, 'Update card');
    await page.waitForURL(/\/p\/session\//);
    await page.getByLabel('Card number').fill('4242 4242 4242 4242');
    await page.getByLabel('Expiry').fill('12 / 34');
    await page.getByLabel('Security code').fill('123');
    await page.getByRole('button', { name: 'Save card' }).click();
    await page.getByRole('button', { name: /^Pay/ }).first().click();
    await page.getByText(/paid/i).first().waitFor();
    await back(page);

    await says(page, 'We received your payment of €145.00.');
    await says(page, 'Your payment method was updated.');
    await says(page, /^Active$/);
    await says(page, /Renews on/);
    expect(await banner.count()).toBe(0);
    expect(await loads(page), 'the page settled without a reload').toBe(1);
    await page.context().close();
  });
});

describe('a plan', () => {
  it('is cancelled, shows its end, and is kept', async () => {
    const page = await demoBrowser.signIn('Alder Works');
    await says(page, /^Active$/);

    await press(page, 'Manage billing');
    await page.getByRole('link', { name: /Cancel/ }).click();
    await page.getByRole('button', { name: /Cancel/ }).click();
    await page
      .getByText(/canceled|ends on/i)
      .first()
      .waitFor();
    await back(page);
    await says(page, /^Canceled\. \w+ stays until \w+ \d+, \d{4}\.$/);
    await says(page, /^Canceled$/);
    await says(page, /^Ends on/);

    await press(page, 'Keep my plan');
    await page.getByRole('button', { name: /Keep|Renew|Don.t cancel/ }).click();
    await back(page);
    await says(page, /^Your plan continues and renews on /);
    await says(page, /^Active$/);
    await page.context().close();
  });

  it('is unchanged after a visit that changed nothing', async () => {
    const page = await demoBrowser.signIn('Alder Works');
    await press(page, 'Manage billing');
    await page.waitForURL(/\/p\/session\//);
    await back(page);
    await says(page, 'Nothing changed.');
    await says(page, /^Active$/);
    await page.context().close();
  });

  it('L14: is not stuck in "Opening…" after the browser’s Back, from its own cache', async () => {
    const page = await demoBrowser.signIn('Alder Works');
    await page.evaluate(() => {
      addEventListener('pageshow', ({ persisted }) => Object.assign(window, { restored: persisted }));
    });
    await press(page, 'Manage billing');
    await page.waitForURL(/\/p\/session\//);
    // A restored page loads nothing: it is there as soon as it is shown.
    await page.goBack({ waitUntil: 'commit' });
    await says(page, 'Nothing changed.');
    expect(await page.evaluate(() => Reflect.get(window, 'restored')), 'restored by the back/forward cache').toBe(true);
    const button = widgetOf(page).getByRole('button', { name: 'Manage billing' });
    expect(await button.getAttribute('aria-disabled')).toBe('false');
    await button.click();
    await page.waitForURL(/\/p\/session\//);
    await page.context().close();
  });
});

describe('other accounts', () => {
  it('sign in at the host’s own page', async () => {
    const page = await demoBrowser.signIn('Elm Street Press', { path: '/sign-in' });
    await page.getByRole('radio', { name: /Member/ }).check();
    await page.getByRole('button', { name: 'Harbour Studio' }).click();
    await page.waitForURL((url) => url.pathname === '/');
    await page.goto(`${demoBrowser.demo.hostUrl}/settings/billing`);
    await says(page, 'Ask an owner or admin to change this.');
    await page.context().close();
  });

  it('see a free plan and no portal', async () => {
    const page = await demoBrowser.signIn('Fern & Field');
    await says(page, 'Free');
    expect(await widgetOf(page).getByRole('button').count()).toBe(0);
    await page.context().close();
  });

  it('see when their plan ended', async () => {
    const page = await demoBrowser.signIn('Elm Street Press');
    await says(page, /ended on/);
    await page.context().close();
  });

  it('see a colleague’s change without a reload while their page polls', async () => {
    const page = await demoBrowser.signIn('Blue Door Bakery');
    await says(page, /^Canceled$/);
    await press(page, 'Keep my plan');
    await page.waitForURL(/\/p\/session\//);
    await back(page);
    await says(page, 'Nothing changed.');

    // The colleague keeps the plan in another browser; this page still waits for what its visit may have done.
    const colleague = await demoBrowser.signIn('Blue Door Bakery');
    await press(colleague, 'Keep my plan');
    await colleague.getByRole('button', { name: /Keep|Renew|Don.t cancel/ }).click();
    await says(page, /^Active$/);
    await colleague.context().close();
    await page.context().close();
  });
});

describe('a server that dies', () => {
  it('between a webhook’s 200 and its sync: after the restart the page shows the new state without a reload', async () => {
    const { demo } = demoBrowser;
    const page = await demoBrowser.signIn('Alder Works');
    await press(page, 'Manage billing');
    await page.waitForURL(/\/p\/session\//);
    demo.sandbox?.faults.next({ kind: 'timeout', path: '/v1/subscriptions', method: 'GET', times: 2 });
    await page.getByRole('link', { name: /Cancel/ }).click();
    await page.getByRole('button', { name: /Cancel/ }).click();
    await demo.sandbox?.deliveries.settled();
    await back(page);
    await says(page, 'Updating your account…');
    await demo.billhook.kill();
    demo.sandbox?.faults.clear();
    await demo.billhook.start();
    await says(page, /^Canceled\. \w+ stays until/);
    await says(page, /^Canceled$/);
    // The requests that the dead server cut are the browser's own errors, not ours.
    expect(demoBrowser.troubles.every((trouble) => /net::ERR_|Failed to load resource/.test(trouble))).toBe(true);
    demoBrowser.troubles.length = 0;
    await page.context().close();
  });
});
