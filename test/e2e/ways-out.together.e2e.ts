/** Several at once: elements on a page, subscriptions of an account, accounts of a person, people of a workspace. */

import type { Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cards, goBack, subscribe, subscriptionsOf } from './stripe-pages.ts';
import { allPlans, openDemoBrowser, widgetOf, type DemoBrowser } from './demo-browser.ts';
import { allWords, buttons, press, says } from './widget-words.ts';

let demoBrowser: DemoBrowser;
beforeAll(async () => {
  demoBrowser = await openDemoBrowser({ offers: allPlans });
});
afterAll(() => demoBrowser.close());
afterEach(() => expect(demoBrowser.troubles).toEqual([]));

/** Every address that a page asks for from here on. */
function asked(page: Page): string[] {
  const addresses: string[] = [];
  page.on('request', (request: Request) => addresses.push(`${request.method()} ${new URL(request.url()).pathname}`));
  return addresses;
}

describe('elements of one account on one page', () => {
  it('share one token and one read', async () => {
    const page = await demoBrowser.signIn('Harbour Studio', { path: '/projects' });
    const addresses = asked(page);
    await page.goto(`${demoBrowser.demo.hostUrl}/settings`);
    await page.locator('billhook-plan-status').getByText('Payment due').waitFor();
    await page.locator('billhook-manage-button').getByRole('button', { name: 'Update card' }).waitFor();
    expect(addresses.filter((each) => /billing/.test(each))).toEqual(['GET /billing/token', 'GET /v1/billing']);
  });

  it('show the same, and a press of either opens the same page of Stripe’s', async () => {
    const page = await demoBrowser.signIn('Harbour Studio', { path: '/' });
    const banner = page.locator('billhook-past-due-banner');
    await banner.getByRole('region', { name: 'Your last payment didn’t go through' }).waitFor();
    await banner.getByRole('button', { name: 'Update card' }).click();
    await page.getByRole('heading', { name: 'Update payment method' }).waitFor();
    await goBack(page);
    await banner.getByRole('region', { name: 'Your last payment didn’t go through' }).waitFor();
    expect(new URL(page.url()).pathname, 'back on the page that was left').toBe('/');
  });

  it('in good order: the banner takes no room', async () => {
    const page = await demoBrowser.signIn('Alder Works', { path: '/' });
    const banner = page.locator('billhook-past-due-banner');
    await banner.locator('.root.ready').waitFor({ state: 'attached' });
    expect((await banner.boundingBox())?.height).toBe(0);
  });
});

describe('two workspaces of one person', () => {
  const change = async (page: Page, workspace: string) => {
    await page.locator('.switcher summary').click();
    await page.locator('.switcher').getByRole('button', { name: workspace }).click();
  };

  it('are switched without a reload, and nothing of the first is left on the page', async () => {
    const page = await demoBrowser.signIn('Harbour Studio');
    await says(page, /Visa •••• \d{4} was declined for €145\.00 /);
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    const customer = demoBrowser.demo.accounts.find(({ id }) => id === 'harbour-studio')?.customer ?? '?';
    await page.locator('.demo summary').click();
    await page.locator('.demo-card').getByText(customer).waitFor();

    await change(page, 'Alder Works');
    await says(page, /^Active$/);
    const words = await allWords(page);
    expect(words).toContain('€87 per month');
    for (const left of ['go through', 'Payment due', '145', 'Pay €']) expect(words).not.toContain(left);
    const shown = await page.locator('body').innerText();
    expect(shown).toContain('Alder Works');
    for (const left of ['Harbour Studio', 'harbour-studio', customer]) expect(shown).not.toContain(left);
    expect(await page.evaluate(() => Reflect.get(window, 'sameDocument')), 'no reload').toBe(true);

    await change(page, 'Harbour Studio');
    await says(page, /Visa •••• \d{4} was declined for €145\.00 /);
    expect(await allWords(page)).not.toContain('87');
    await page.reload();
    await says(page, /^Payment due$/);
  });

  it('a late answer for the first is not shown in the second', async () => {
    const page = await demoBrowser.signIn('Alder Works', { path: '/settings' });
    const status = page.locator('billhook-plan-status');
    await status.getByText('Active').waitFor();
    // The first answer about Harbour Studio is on its way when the person has gone back already.
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    await page.route('**/v1/billing', async (route) => {
      const { sub } = JSON.parse(
        Buffer.from(route.request().headers()['authorization']?.split('.')[1] ?? '', 'base64url').toString(),
      ) as { sub: string };
      if (sub !== 'harbour-studio') return route.continue();
      await held.promise;
      // The page has given this request up, which is what should happen.
      await route.continue().catch(() => {});
      arrived.resolve();
    });
    const late = page.waitForRequest('**/v1/billing');
    await change(page, 'Harbour Studio');
    await late;
    await change(page, 'Alder Works');
    await status.locator('.root.ready').getByText('Active').waitFor();
    held.resolve();
    await arrived.promise;
    const words = await status.locator('.root').innerText();
    expect(words).toContain('€87');
    expect(words).not.toContain('145');
  });

  it('L16: a workspace that is not one’s own gives no token', async () => {
    const page = await demoBrowser.signIn('Alder Works', { path: '/projects' });
    const statuses = await page.evaluate(() =>
      Promise.all(
        ['alder-works', 'harbour-studio'].map(async (id) => (await fetch(`/billing/token?workspace=${id}`)).status),
      ),
    );
    expect(statuses).toEqual([200, 200]);
    const { hostUrl } = demoBrowser.demo;
    const response = await page.request.get(`${hostUrl}/billing/token?workspace=old-pier-tours`);
    expect(response.status()).toBe(403);
  });
});

describe('several subscriptions', () => {
  it('M13: are listed each with its state, and the headline is the one in trouble', async () => {
    const page = await demoBrowser.signIn('Twin Oaks Group');
    await widgetOf(page).getByRole('region', { name: 'Your last payment didn’t go through' }).waitFor();
    await says(page, /Visa •••• \d{4} was declined for €9\.00 \(Starter\)/);
    const list = widgetOf(page).getByRole('list', { name: 'Your subscriptions' }).getByRole('listitem');
    expect(await list.count()).toBe(2);
    expect(await list.nth(0).innerText()).toMatch(/Starter\s+Payment due\s+€9\.00 is due\.\s+€9\s+per month/);
    expect(await list.nth(1).innerText()).toMatch(/Team\s+Active\s+Renews on .+\s+€232\s+per month/);
    expect(await buttons(page)).toEqual(['Update card', 'Pay €9.00 now', 'Manage billing']);

    await press(page, 'Manage billing');
    await page.getByRole('heading', { name: 'Current plans' }).waitFor();
    expect(await page.getByRole('link', { name: 'Change plan' }).count(), 'the limited portal').toBe(0);
    await goBack(page);
    await says(page, 'The payment is still open.');
  });
});

describe('people of one workspace', () => {
  it('B1: a return shows a colleague’s change, too', async () => {
    const page = await demoBrowser.signIn('Blue Door Bakery');
    await press(page, 'Keep my plan');
    await page.getByRole('heading', { name: 'Plans and billing' }).waitFor();

    const colleague = await demoBrowser.signIn('Blue Door Bakery');
    await press(colleague, 'Keep my plan');
    await colleague.getByRole('button', { name: 'Keep plan' }).click();
    await goBack(colleague);
    await says(colleague, /^Your plan continues and renews on /);

    await goBack(page);
    await says(page, /^Your plan continues and renews on /);
    await says(page, /^Active$/);
  });

  it.each([
    ['Harbour Studio', 'Payment due'],
    ['Mill Lane Clinic', 'Action needed'],
    ['Sparrow Films', 'Not started'],
  ])('M28: a member of %s reads the state and the people who can help, and has no button', async (workspace, state) => {
    const page = await demoBrowser.signIn(workspace, { role: 'member' });
    await widgetOf(page).getByRole('region', { name: 'A payment for this workspace didn’t go through' }).waitFor();
    await says(page, state);
    await says(page, /Ask an owner or admin to update the payment\.$/);
    expect(await buttons(page)).toEqual([]);
  });

  it('M28: a member of a free workspace has no offers', async () => {
    const page = await demoBrowser.signIn('Fern & Field', { role: 'member' });
    await says(page, 'Ask an owner or admin to change this.');
    expect(await buttons(page)).toEqual([]);
    expect(await allWords(page)).not.toContain('Team');
  });

  it('L10: choosing a plan that a colleague has bought meanwhile is refused, and the page shows the plan', async () => {
    const page = await demoBrowser.signIn('Fern & Field');
    await says(page, /^Free$/);
    const colleague = await demoBrowser.signIn('Fern & Field');
    await press(colleague, 'Choose Starter');
    await subscribe(colleague, cards.works);
    await says(colleague, 'Your Starter plan has started.');

    await press(page, 'Choose Team');
    await says(page, /^Active$/);
    expect(await allWords(page)).toContain('€9 per month');
    expect(await buttons(page), 'nothing is for sale any more').toEqual(['Manage billing']);
    expect(subscriptionsOf(demoBrowser, 'Fern & Field').map(({ status }) => status)).toEqual(['active']);
    // The refusal is the browser's own note of a 409, not an error of ours.
    expect(demoBrowser.troubles).toEqual([expect.stringMatching(/status of 409/)]);
    demoBrowser.troubles.length = 0;
  });
});
