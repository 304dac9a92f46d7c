/** The demo's host: its answers by sign-in, and the Content-Security-Policy of its pages. */

import { decodeJwt, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { createHost } from '../../demo/host/app.ts';

const hostUrl = 'http://localhost:4000';
const billhookUrl = 'http://localhost:4001';
const secret = 'a-secret-of-more-than-thirty-two-bytes';

const host = createHost({
  hostUrl,
  accounts: [
    {
      id: 'harbour-studio',
      workspace: 'Harbour Studio',
      situation: { group: 'attention', en: 'The last payment failed', ar: 'فشل آخر دفع' },
      customer: 'cus_harbour',
      alsoIn: 'alder-works',
    },
    {
      id: 'alder-works',
      workspace: 'Alder Works',
      situation: { group: 'paying', en: 'Team plan, paid', ar: 'خطة Team، مدفوعة' },
      customer: 'cus_alder',
      alsoIn: 'harbour-studio',
    },
    { id: 'fern-and-field', workspace: 'Fern & Field', situation: null, customer: null },
  ],
  tokens: { secret, issuer: 'tidewater', audience: billhookUrl },
  corner: { sandbox: true, stripeUrl: 'http://localhost:4002' },
  now: () => Date.UTC(2026, 10, 21),
});

const submit = (path: string, fields: Record<string, string>, headers: Record<string, string> = { origin: hostUrl }) =>
  host.request(path, { method: 'POST', body: new URLSearchParams(fields), headers });

/** Signs in and answers the cookie to send. */
async function signIn(account: string, role = 'owner', query = ''): Promise<string> {
  const response = await submit(`/sign-in${query}`, { account, role });
  expect(response.status).toBe(303);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

const get = (path: string, cookie = '') => host.request(path, { headers: { cookie } });
const tokenOf = async (cookie: string) =>
  ((await (await get('/billing/token', cookie)).json()) as { token: string }).token;

describe('GET /billing/token', () => {
  it('is a 401 without a session, and may not be cached', async () => {
    for (const cookie of ['', 'host_session=', 'host_session=made-up']) {
      const response = await get('/billing/token', cookie);
      expect(response.status).toBe(401);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).not.toHaveProperty('token');
    }
  });

  it('mints a token for the signed-in person and our BFF, which introduces the customer', async () => {
    const response = await get('/billing/token', await signIn('harbour-studio'));
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { token } = (await response.json()) as { token: string };
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret));
    expect(payload).toMatchObject({
      iss: 'tidewater',
      aud: billhookUrl,
      sub: 'harbour-studio',
      scope: 'billing:read billing:manage',
      stripe_customer: 'cus_harbour',
    });
  });

  it('introduces no customer for an account that never bought anything', async () => {
    expect(decodeJwt(await tokenOf(await signIn('fern-and-field')))).not.toHaveProperty('stripe_customer');
  });

  it('M28: gives a member no manage scope', async () => {
    expect(decodeJwt(await tokenOf(await signIn('harbour-studio', 'member')))).toMatchObject({ scope: 'billing:read' });
  });

  it('is a 401 again after signing out, with the old cookie too', async () => {
    const cookie = await signIn('harbour-studio');
    await submit('/sign-out', {}, { origin: hostUrl, cookie });
    expect((await get('/billing/token', cookie)).status).toBe(401);
  });
});

describe('two workspaces of one person', () => {
  const workspaceOf = async (cookie: string, asked: string) => {
    const response = await get(`/billing/token?workspace=${asked}`, cookie);
    if (response.status !== 200) return response.status;
    return decodeJwt(((await response.json()) as { token: string }).token).sub;
  };
  const change = (cookie: string, account: string, headers: Record<string, string> = {}) =>
    submit('/workspace?next=/settings', { account }, { origin: hostUrl, cookie, ...headers });

  it('each have a token of their own; any other is refused', async () => {
    const cookie = await signIn('harbour-studio');
    expect(await workspaceOf(cookie, 'harbour-studio')).toBe('harbour-studio');
    expect(await workspaceOf(cookie, 'alder-works')).toBe('alder-works');
    for (const other of ['fern-and-field', 'made-up', '']) expect(await workspaceOf(cookie, other)).toBe(403);
    expect(await workspaceOf(await signIn('fern-and-field'), 'harbour-studio')).toBe(403);
  });

  it('are switched for this person’s next pages; an open page keeps its own workspace’s token', async () => {
    const cookie = await signIn('harbour-studio');
    const changed = await change(cookie, 'alder-works');
    expect(changed.status).toBe(303);
    expect(changed.headers.get('location')).toBe('/settings');
    expect(await (await get('/settings', cookie)).text()).toContain('account="alder-works"');
    expect(decodeJwt(await tokenOf(cookie)).sub).toBe('alder-works');
    expect(await workspaceOf(cookie, 'harbour-studio')).toBe('harbour-studio');
  });

  it('are switched by a script, which gets words and no page', async () => {
    const cookie = await signIn('harbour-studio');
    const response = await change(cookie, 'alder-works', { accept: 'application/json' });
    expect(await response.json()).toEqual({
      id: 'alder-works',
      name: 'Alder Works',
      initial: 'A',
      customer: 'cus_alder',
    });
  });

  it('cannot be switched to a third, from another site, or after signing out', async () => {
    const cookie = await signIn('harbour-studio');
    expect((await change(cookie, 'fern-and-field', { accept: 'application/json' })).status).toBe(403);
    expect((await change(cookie, 'alder-works', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await change('', 'alder-works', { accept: 'application/json' })).status).toBe(403);
    expect(decodeJwt(await tokenOf(cookie)).sub).toBe('harbour-studio');
  });

  it('are not offered to a person with only one', async () => {
    const [two, one] = await Promise.all([signIn('harbour-studio'), signIn('fern-and-field')]);
    expect(await (await get('/', two)).text()).toContain('action="/workspace?next=%2F"');
    expect(await (await get('/', one)).text()).not.toContain('/workspace');
  });
});

describe('signing in', () => {
  it('is offered by situation, as owner by default', async () => {
    const page = await (await get('/sign-in')).text();
    const names = [...page.matchAll(/<h2 [^>]*>([^<]+)<\/h2>/g)].map(([, name]) => name);
    expect(names, 'groups without anybody are left out').toEqual(['Paying', 'Needs attention']);
    expect(page).toMatch(
      /<ul class="choices" aria-labelledby="attention">[^]*Harbour Studio[^]*The last payment failed/,
    );
    expect(page).toMatch(/value="owner" checked/);
    expect(await (await get('/sign-in?lang=ar')).text()).toContain('فشل آخر دفع');
  });

  it('sets a cookie that no script and no other site can use, new each time', async () => {
    const first = await submit('/sign-in', { account: 'harbour-studio' });
    expect(first.headers.get('set-cookie')).toMatch(/^host_session=[\w-]{32}; Path=\/; HttpOnly; SameSite=Lax$/);
    const [known = ''] = first.headers.get('set-cookie')?.split(';') ?? [];
    const again = await submit('/sign-in', { account: 'fern-and-field' }, { origin: hostUrl, cookie: known });
    expect(again.headers.get('set-cookie')).not.toContain(known);
    expect((await get('/billing/token', known)).status, 'the session before it is over').toBe(401);
  });

  it('is refused from another origin, and without any', async () => {
    for (const headers of [{ origin: 'http://localhost:4001' }, { origin: 'null' }, {}]) {
      const response = await submit('/sign-in', { account: 'harbour-studio' }, headers as Record<string, string>);
      expect(response.status).toBe(403);
      expect(response.headers.get('set-cookie')).toBeNull();
    }
  });

  it('of an account that does not exist starts no session', async () => {
    const response = await submit('/sign-in', { account: 'somebody-else' });
    expect(response.headers.get('location')).toBe('/sign-in');
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it('redirects to the requested page, and to no other site', async () => {
    const asked = await get('/settings/billing?lang=ar');
    expect(asked.headers.get('location')).toBe('/sign-in?lang=ar&next=%2Fsettings%2Fbilling');
    const next = async (to: string) =>
      (await submit(`/sign-in?next=${encodeURIComponent(to)}`, { account: 'harbour-studio' })).headers.get('location');
    expect(await next('/settings/billing')).toBe('/settings/billing');
    for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:0']) {
      expect(await next(to)).toBe('/');
    }
  });
});

describe('the pages', () => {
  it('have a Content-Security-Policy that allows the widget and nothing else', async () => {
    const cookie = await signIn('harbour-studio');
    for (const [path, status] of [
      ['/', 200],
      ['/projects', 200],
      ['/settings', 200],
      ['/settings/billing', 200],
      ['/sign-in', 200],
      ['/nowhere', 404],
    ] as const) {
      const response = await get(path, cookie);
      expect(response.status, path).toBe(status);
      expect(policyOf(response), path).toEqual({
        'default-src': "'none'",
        'script-src': expect.stringMatching(/^'nonce-[\w+/=]{16,}' http:\/\/localhost:4001$/),
        'connect-src': `'self' ${billhookUrl}`,
        'require-trusted-types-for': "'script'",
        'trusted-types': 'billhook',
        'style-src': "'self'",
        'img-src': "'self'",
        'form-action': "'self'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'",
      });
      expect(await response.text(), path).not.toMatch(/ style=|<style|<script(?![^>]* nonce="[\w+/=]+" src=)/);
    }
  });

  it('embed the widget with the nonce of their own response, a new one each time', async () => {
    const cookie = await signIn('harbour-studio');
    const nonces = await Promise.all(
      [1, 2].map(async () => {
        const response = await get('/settings/billing', cookie);
        const [, nonce = ''] = /'nonce-([^']+)'/.exec(policyOf(response)['script-src'] ?? '') ?? [];
        const page = await response.text();
        expect(page).toContain(`<script type="module" nonce="${nonce}" src="${billhookUrl}/widget.js"></script>`);
        // The words for a page on which the script is blocked stand inside.
        expect(page).toMatch(
          /<billhook-widget token-url="\/billing\/token\?workspace=harbour-studio" account="harbour-studio"\s*><p[^>]*>\s*Billing did not load\./,
        );
        return nonce;
      }),
    );
    expect(new Set(nonces).size).toBe(2);
  });

  it.each([
    ['/', ['past-due-banner']],
    ['/settings', ['plan-status', 'manage-button']],
    ['/settings/billing', ['widget']],
  ])('%s has the elements that belong there, all of one account', async (path, elements) => {
    const page = await (await get(path, await signIn('harbour-studio'))).text();
    const found = [...page.matchAll(/<billhook-([\w-]+) ([^>]*)>/g)];
    expect(found.map(([, name]) => name)).toEqual(elements);
    for (const [, , attributes = ''] of found) {
      expect(attributes.trim()).toBe('token-url="/billing/token?workspace=harbour-studio" account="harbour-studio"');
    }
  });

  it('lead to the sandbox and to its control room', async () => {
    const page = await (await get('/', await signIn('harbour-studio'))).text();
    for (const path of ['', '/sandbox']) expect(page).toContain(`href="http://localhost:4002${path}"`);
  });

  it('may enter the back/forward cache, but are not shown to the next person', async () => {
    const response = await get('/settings/billing', await signIn('harbour-studio'));
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
  });

  it('are in Arabic from right to left, also on the next page', async () => {
    const cookie = await signIn('harbour-studio');
    expect(await (await get('/settings/billing?lang=ar&dir=rtl', cookie)).text()).toContain(
      '<html lang="ar" dir="rtl">',
    );
    const after = await (await get('/settings/billing', cookie)).text();
    expect(after).toContain('<html lang="ar" dir="rtl">');
    expect(after).toMatch(/<div lang="ar">\s*<billhook-widget/);
  });

  it('stay English where they have no words, and let the widget try', async () => {
    const page = await (await get('/settings/billing?lang=de-at', await signIn('harbour-studio'))).text();
    expect(page).toContain('<html lang="en" dir="ltr">');
    expect(page).toMatch(/<div lang="de-AT">\s*<billhook-widget/);
  });

  it('never repeat text of a query', async () => {
    const query = '?lang=%22%3E%3Cscript%3E&dir=%22%3E%3Cscript%3E&next=%22%3E%3Cscript%3E';
    const cookie = await signIn('harbour-studio');
    for (const path of ['/sign-in', '/settings/billing', '/nowhere']) {
      expect(await (await get(path + query, cookie)).text(), path).not.toMatch(/"><script>/);
    }
  });
});

function policyOf(response: Response): Record<string, string> {
  const policy = response.headers.get('content-security-policy') ?? '';
  return Object.fromEntries(
    policy.split(';').map((directive) => {
      const [name = '', ...values] = directive.trim().split(' ');
      return [name, values.join(' ')];
    }),
  );
}
