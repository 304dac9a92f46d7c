/** Tidewater's site: a host as it is before Billhook, and the two places where Billhook meets it. */

import { readFileSync } from 'node:fs';
import { Hono, type Context } from 'hono';
import { csrf } from 'hono/csrf';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { NONCE, secureHeaders, type SecureHeadersVariables } from 'hono/secure-headers';
import type { Account } from './accounts.ts';
import { billingTokenRoute, type TokenIssuing } from './billing-token.ts';
import { exampleRoutes } from './frameworks/example-routes.ts';
import { examplePaths } from './frameworks/examples.ts';
import { galleryRoutes } from './gallery/gallery-routes.ts';
import { markFile, type Markup } from './pages/document.ts';
import { messagePage } from './pages/message.ts';
import { overviewPage } from './pages/overview.ts';
import { projectsPage } from './pages/projects.ts';
import { billingPage, generalPage } from './pages/settings.ts';
import { workspaceWords } from './pages/shell.ts';
import { signInPage } from './pages/sign-in.ts';
import { Sessions } from './sessions.ts';
import { direction, languageTag, speech } from './speech.ts';
import type { Visitor, DemoCorner } from './pages/visitor.ts';

export interface HostOptions {
  /** The host's public address; forms are taken from there only. */
  readonly hostUrl: string;
  readonly accounts: readonly Account[];
  /** How widget tokens are minted; `audience` is also where the widget comes from. */
  readonly tokens: TokenIssuing;
  readonly corner: DemoCorner;
  /** Unix milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

type Env = { Variables: SecureHeadersVariables };

/** In the order of the cascade. */
const styleSheets = ['base', 'shell', 'planning', 'settings', 'billing', 'gate'];

/** The pages for signed-in people, by address. */
const pages: ReadonlyMap<string, (visitor: Visitor) => Markup> = new Map([
  ['/', overviewPage],
  ['/projects', projectsPage],
  ['/settings', generalPage],
  ['/settings/billing', billingPage],
]);

/**
 * The host's site and backend as one Hono app.
 *
 * @example
 * ```ts
 * serve({ fetch: createHost({ hostUrl, accounts, tokens, corner }).fetch, port: 4000 });
 * ```
 */
export function createHost({ hostUrl, accounts, tokens, corner, now = Date.now }: HostOptions): Hono<Env> {
  const billhookUrl = tokens.audience;
  const sessions = new Sessions(hostUrl.startsWith('https:'));
  const file = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  const styles = styleSheets.map((name) => file(`styles/${name}.css`));
  const script = file('change-workspace.js');
  const speaking = (c: Context) => {
    const session = sessions.of(c);
    return speech(c.req.query('lang') ?? session?.lang, direction(c.req.query('dir')) ?? session?.dir, now());
  };

  const app = new Hono<Env>();
  app.route(
    '/frameworks',
    exampleRoutes(tokens, (c) => sessions.of(c), now),
  );
  app.use(protection(new URL(billhookUrl).origin));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/mark.svg', (c) => c.body(markFile, 200, { 'Content-Type': 'image/svg+xml' }));
  // Kept for a minute: coming back from Stripe must not wait for the styles to be asked about again.
  app.get('/site.css', etag(), (c) =>
    c.body(styles.join('\n'), 200, { 'Content-Type': 'text/css; charset=utf-8', 'Cache-Control': 'max-age=60' }),
  );
  app.get('/change-workspace.js', etag(), (c) =>
    c.body(script, 200, { 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'no-cache' }),
  );
  app.route(
    '/billing/token',
    billingTokenRoute(tokens, (c) => sessions.of(c)),
  );
  app.route(
    '/gallery',
    galleryRoutes(billhookUrl, () => speech('en', 'ltr', now())),
  );

  app.use(csrf({ origin: new URL(hostUrl).origin }));
  app.use(async function ownPages(c, next) {
    await next();
    // Not `no-store`: that would keep the page out of the back/forward cache, and Back from Stripe would load it anew.
    c.header('Cache-Control', 'private, no-cache');
  });

  app.get('/sign-in', (c) => c.html(signInPage({ accounts, speech: speaking(c), query: new URL(c.req.url).search })));
  app.post('/sign-in', async (c) => {
    const form = await c.req.parseBody();
    const account = accounts.find(({ id }) => id === form['account']);
    if (!account) return c.redirect('/sign-in', 303);
    const { lang, dir, next } = c.req.query();
    sessions.begin(c, {
      account,
      accounts: accounts.filter(({ id }) => id === account.id || id === account.alsoIn),
      role: form['role'] === 'member' ? 'member' : 'owner',
      lang: languageTag(lang),
      dir: direction(dir),
    });
    return c.redirect(next !== undefined && (pages.has(next) || examplePaths.has(next)) ? next : '/', 303);
  });
  app.post('/workspace', async (c) => {
    const session = sessions.of(c);
    const form = await c.req.parseBody();
    const account = session?.accounts.find(({ id }) => id === form['account']);
    if (session && account) session.account = account;
    if (c.req.header('accept') === 'application/json') {
      return account
        ? c.json(workspaceWords(account, speaking(c)))
        : c.json({ error: 'not a workspace of yours' }, 403);
    }
    const { next } = c.req.query();
    return c.redirect(next !== undefined && pages.has(next) ? next : '/', 303);
  });
  app.post('/sign-out', (c) => {
    const lang = sessions.of(c)?.lang;
    sessions.end(c);
    return c.redirect(lang === undefined ? '/sign-in' : `/sign-in?lang=${lang}`, 303);
  });

  for (const [path, page] of pages) {
    app.get(path, (c) => {
      const session = sessions.of(c);
      const { lang, dir } = c.req.query();
      if (!session) return c.redirect(`/sign-in?${new URLSearchParams({ ...c.req.query(), next: path })}`, 303);
      session.lang = languageTag(lang) ?? session.lang;
      session.dir = lang === undefined && dir === undefined ? session.dir : direction(dir);
      const nonce = c.get('secureHeadersNonce') ?? '';
      return c.html(page({ session, speech: speaking(c), path, corner, billhook: { url: billhookUrl, nonce } }));
    });
  }

  app.notFound((c) => {
    const said = speaking(c);
    return c.html(messagePage(said, said.words.notFound, said.words.notFoundLead), 404);
  });
  app.onError((cause, c) => {
    const said = speaking(c);
    if (cause instanceof HTTPException && cause.status === 403) {
      return c.html(messagePage(said, said.words.refused, said.words.refusedLead), 403);
    }
    process.stderr.write(`host: ${cause.stack ?? cause.message}\n`);
    return c.html(messagePage(said, said.words.broken, said.words.brokenLead), 500);
  });
  return app;
}

/** A strict policy, to show how little the widget asks for: its script, its BFF, and one Trusted Types policy. */
function protection(billhook: string) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: [NONCE, billhook],
      connectSrc: ["'self'", billhook],
      requireTrustedTypesFor: ["'script'"],
      trustedTypes: ['billhook'],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // `no-referrer` would make the browser send `Origin: null` with our own forms.
    referrerPolicy: 'strict-origin-when-cross-origin',
    // A demo must not pin a domain to https for half a year.
    strictTransportSecurity: false,
  });
}
