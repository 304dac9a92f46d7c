/** The frameworks' pages and the files that they are made of, for signed-in people. */

import { existsSync, readFileSync } from 'node:fs';
import { Hono, type Context } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { TokenIssuing } from '../billing-token.ts';
import { messagePage } from '../pages/message.ts';
import type { Session } from '../sessions.ts';
import { speech } from '../speech.ts';
import { examplePage, examplesPage } from './example-page.ts';
import { examples, type Arrival, type Example } from './examples.ts';
import type { Workspace } from './workspace.ts';

interface ServerBundle {
  render(workspaces: readonly Workspace[]): string | Promise<string>;
}

const here = (path: string) => new URL(path, import.meta.url);
const text = (path: string) => readFileSync(here(path), 'utf8');

/**
 * To be mounted before the site's own protection: each framework says which Trusted Types policies it needs.
 *
 * @param sessionOf - the session of a signed-in person; without one, the answer is a redirect to sign in
 */
export function exampleRoutes(
  { audience: billhookUrl }: Pick<TokenIssuing, 'audience'>,
  sessionOf: (c: Context) => Session | null,
  now: () => number,
): Hono {
  const app = new Hono();
  const speaking = () => speech('en', 'ltr', now());
  const billhook = new URL(billhookUrl).origin;

  app.get('/', protection(billhook, []), (c) => c.html(examplesPage(speaking())));
  app.get('/examples.css', (c) => c.body(text('examples.css'), 200, { 'Content-Type': 'text/css; charset=utf-8' }));

  const scripts = ['dist/npm.js', ...Object.values(examples).map(({ script }) => script)];
  for (const script of scripts) {
    app.get(`/${script}`, (c) => {
      if (!existsSync(here(script))) return c.notFound();
      return c.body(text(script), 200, {
        'Content-Type': 'text/javascript; charset=utf-8',
        'Cache-Control': 'no-cache',
      });
    });
  }

  for (const [name, example] of Object.entries(examples)) {
    const policies = example.trustedTypes && ['billhook', 'lit-html', ...example.trustedTypes];
    app.get(`/${name}`, protection(billhook, policies), async (c) => {
      const session = sessionOf(c);
      if (!session) return c.redirect(`/sign-in?next=/frameworks/${name}`, 303);
      if (!existsSync(here(example.script))) {
        return c.html(
          messagePage(speaking(), 'Not built yet', 'The frameworks’ pages are built by “pnpm build”.'),
          404,
        );
      }
      const asked = c.req.query('elements');
      const arrival: Arrival = asked === 'late' || asked === 'npm' ? asked : 'script';
      const workspaces = [session.account, ...session.accounts.filter((each) => each !== session.account)].map(
        ({ id, workspace }) => ({ id, name: workspace }),
      );
      c.header('Cache-Control', 'private, no-cache');
      return c.html(
        examplePage({
          speech: speaking(),
          name,
          example,
          arrival,
          workspaces,
          billhookUrl,
          rendered: await rendered(example, workspaces),
          sources: Object.fromEntries(
            [...(arrival === 'npm' ? ['npm.ts'] : []), ...example.sources].map((file) => [file, text(file)]),
          ),
        }),
      );
    });
  }
  return app;
}

async function rendered({ markup, server }: Example, workspaces: readonly Workspace[]): Promise<string | null> {
  if (markup !== undefined) return text(markup).replaceAll('{{account}}', workspaces[0]?.id ?? '');
  if (server === undefined) return null;
  const bundle = (await import(here(server).href)) as ServerBundle;
  return bundle.render(workspaces);
}

function protection(billhook: string, trustedTypes: readonly string[] | null) {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'", billhook],
      connectSrc: ["'self'", billhook],
      ...(trustedTypes ? { requireTrustedTypesFor: ["'script'"], trustedTypes: [...trustedTypes] } : {}),
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    strictTransportSecurity: false,
  });
}
