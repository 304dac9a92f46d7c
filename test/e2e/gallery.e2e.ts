/** The gallery's page: its cards and controls, and an address that works as a link to share. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtures } from '../../demo/host/gallery/fixtures.ts';
import { snapshots } from '../../demo/host/gallery/snapshots.ts';
import { states, visitGallery, shown, type GalleryVisit } from './gallery-visit.ts';

let gallery: GalleryVisit;
beforeAll(async () => void (gallery = await visitGallery()));
afterAll(() => gallery.close());

describe('the gallery', () => {
  it('B8: has every state of the contract', () => {
    const there = new Set(Object.values(fixtures).flatMap(({ snapshot }) => (snapshot ? [snapshot.state] : [])));
    expect([...there].toSorted()).toEqual(Object.keys(snapshots).toSorted());
  });

  it('shows all of them, each with content unless an empty element is the case', async () => {
    const page = await gallery.enter();
    await page.goto(`${gallery.demo.hostUrl}/gallery`);
    await shown(page);
    const elements = page.locator('main billhook-widget');
    expect(await elements.count()).toBe(states.length);
    const empty = await page
      .locator('figure')
      .evaluateAll((figures) =>
        figures
          .filter((figure) => (figure.querySelector('billhook-widget')?.clientHeight ?? 0) < 40)
          .map((figure) => figure.querySelector('code')?.textContent),
      );
    expect(empty).toEqual(['signedOut']);
  });

  it('keeps the choice in the address and in the browser’s history', async () => {
    const page = await gallery.enter();
    await page.getByLabel('Language').selectOption('Deutsch');
    await page.getByLabel('Theme').selectOption('Dark');
    await page.getByLabel('Element').selectOption('Manage button');
    expect(new URL(page.url()).search).toBe('?state=active&element=billhook-manage-button&lang=de&theme=dark');
    await page.locator('.stage.dark[lang=de] billhook-manage-button').waitFor();

    const colleague = await gallery.enter();
    await colleague.goto(page.url());
    await colleague.locator('.stage.dark[lang=de] billhook-manage-button').waitFor();
    expect(await colleague.getByLabel('Theme').inputValue()).toBe('dark');

    await page.goBack();
    await page.locator('.stage.dark[lang=de] billhook-widget').waitFor();
    expect(await page.getByLabel('Element').inputValue()).toBe('billhook-widget');
  });

  it('takes the default for an invalid query', async () => {
    const page = await gallery.enter();
    await page.goto(`${gallery.demo.hostUrl}/gallery?state=dreaming&theme=%3Cb%3E&width=9`);
    await shown(page);
    expect(await page.locator('main billhook-widget').count()).toBe(states.length);
  });

  it('links a state’s name to that state alone', async () => {
    const page = await gallery.enter();
    await page.goto(`${gallery.demo.hostUrl}/gallery?role=read`);
    await shown(page);
    await page.getByRole('link', { name: 'Grace is over' }).click();
    await page.waitForURL(/\?role=read&state=restricted$/);
    await shown(page);
    expect(await page.locator('main billhook-widget').count()).toBe(1);
    await page.getByRole('region').getByText('Ask an owner or admin').waitFor();
  });

  it('tells offline from an outage, each beside the other', async () => {
    const page = await gallery.enter();
    await page.goto(`${gallery.demo.hostUrl}/gallery`);
    await shown(page);
    const said = (state: string) => page.locator('figure', { hasText: state }).locator('.failure').first().innerText();
    expect(await said('offlineKnown')).toMatch(/^You are offline\./);
    expect(await said('bffDownKnown')).toMatch(/^Billing cannot be reached right now\./);
  });

  it('shows a trip that is not confirmed, beside the others, with the words of the wait', async () => {
    const page = await gallery.enter();
    await page.goto(`${gallery.demo.hostUrl}/gallery`);
    await shown(page);
    const exhibit = page.locator('figure').filter({ has: page.getByText('pending', { exact: true }) });
    expect(await exhibit.locator('[part=note]').innerText()).toMatch(/^We’re waiting for confirmation/);
  });

  it('is linked from the host’s site', async () => {
    const page = await gallery.enter();
    await page.goto(`${gallery.demo.hostUrl}/sign-in`);
    await page.getByRole('link', { name: 'gallery' }).click();
    await shown(page);
    expect(new URL(page.url()).pathname).toBe('/gallery');
  });

  it('made no request to a BFF and logged no error, under the site’s strict policy', () => {
    // The exhibits of a set-up at fault are told in the console, as everywhere (L40).
    const told = /^billhook: (introduction_refused|token_invalid|unsupported_frame|unreachable): /;
    expect(gallery.troubles.filter((line) => !told.test(line))).toEqual([]);
  });
});
