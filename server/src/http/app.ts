/** The routes under their addresses, and what holds for all of them: CORS, limits, headers, and the one way errors leave. */

import { Hono, type Context } from 'hono';
import { cors } from 'hono/cors';
import { getPath } from 'hono/utils/url';
import { describeCause } from '../log.ts';
import { readableBy, securedAnswers, securedHeaders } from './answer-headers.ts';
import { closeUnread, limitBody } from './body-limit.ts';
import { toProblemError } from './to-problem.ts';
import { BillhookError } from '../problem.ts';
import { accessRoute } from './routes/access.ts';
import { billingRoute } from './routes/billing.ts';
import { checkoutRoute } from './routes/checkout.ts';
import { invoiceRoute } from './routes/invoice.ts';
import { readAtOnce, type ReadAtOnce } from './read-at-once.ts';
import { operationsRoutes } from './routes/operations.ts';
import type { RouteContext } from './route-context.ts';
import { isPlainTarget, plainTargets } from './plain-target.ts';
import { portalRoute } from './routes/portal.ts';
import { upkeepRoute } from './routes/upkeep.ts';
import { visitsRoute } from './routes/visits.ts';
import { webhookRoute } from './routes/webhook.ts';
import { printedName, unknownOrigins } from './unknown-origins.ts';
import { widgetRoutes, type WidgetFiles } from './widget-files.ts';

/** Bytes. Stripe's largest events stay well below. */
const webhookLimit = 256 * 1024;
/** A handful of fields. One is the page's address, which an application may keep its state in (F14). */
const requestLimit = 64 * 1024;

/** Every address with the methods that it answers to. */
const addresses: Record<string, readonly string[]> = {
  '/v1/access': ['GET'],
  '/v1/billing': ['GET'],
  '/v1/portal-sessions': ['POST'],
  '/v1/checkout-sessions': ['POST'],
  '/v1/invoice-sessions': ['POST'],
  '/v1/visits/return': ['POST'],
  '/v1/webhooks/stripe': ['POST'],
  '/v1/upkeep': ['GET', 'POST'],
  '/healthz': ['GET'],
  '/readyz': ['GET'],
  '/metrics': ['GET'],
  '/widget.js': ['GET'],
};

const billing = '/v1/billing';

export interface App {
  /** The routes, to be mounted in another app too. */
  readonly app: Hono;
  /** The same as a handler: a billing that is known is answered without the routes. */
  readonly fetch: (request: Request, env?: object) => Response | Promise<Response>;
}

export function createApp(parts: RouteContext, widget: WidgetFiles): App {
  const { config } = parts;
  const origins = new Set([...config.hosts.values()].flatMap((host) => host.origins));
  const atOnce = readAtOnce(parts, origins);
  const app = routesOf(parts, { widget, origins, atOnce });
  const isPlain = isPlainTarget(config.publicUrl);
  return {
    app,
    fetch(request, env) {
      const isRead = request.method === 'GET' && getPath(request) === billing && isPlain(env);
      const answer = isRead ? atOnce(request) : null;
      return answer === null ? app.fetch(request, env) : answer.then((given) => given ?? app.fetch(request, env));
    },
  };
}

interface Beside {
  readonly widget: WidgetFiles;
  /** Of all hosts. */
  readonly origins: ReadonlySet<string>;
  readonly atOnce: ReadAtOnce;
}

function routesOf(parts: RouteContext, { widget, origins, atOnce }: Beside): Hono {
  const { config } = parts;

  const app = new Hono();
  app.use(plainTargets(config.publicUrl));
  app.route('/', widgetRoutes(widget));
  app.get(billing, atOnce.middleware);
  app.post('/v1/webhooks/*', limitBody(webhookLimit));
  app.route('/v1/webhooks/stripe', webhookRoute(parts));

  app.use(securedAnswers());
  app.use('/v1/*', async function neverStored(c, next) {
    c.header('Cache-Control', 'no-store');
    await next();
  });
  app.use('/v1/*', readableBy(origins));
  app.options('/v1/*', unknownOrigins(origins, config.log));
  app.options(
    '/v1/*',
    cors({
      // Which of the hosts a page belongs to is known only with its token; a preflight has none.
      origin: (origin) => (origins.has(origin) ? origin : null),
      allowMethods: ['GET', 'POST'],
      allowHeaders: ['authorization', 'content-type', 'if-none-match', 'prefer'],
      maxAge: 7200,
    }),
  );
  app.post('/v1/*', limitBody(requestLimit));
  app.route(billing, billingRoute(parts));
  app.route('/v1/access', accessRoute(parts));
  app.route('/v1/checkout-sessions', checkoutRoute(parts));
  app.route('/v1/portal-sessions', portalRoute(parts));
  app.route('/v1/invoice-sessions', invoiceRoute(parts));
  app.route('/v1/visits', visitsRoute(parts));
  app.route('/v1/upkeep', upkeepRoute(parts));
  app.route('/', operationsRoutes(parts));

  for (const address of new Set([...Object.keys(addresses), ...widget.keys()])) {
    app.all(address, (c) => {
      c.header('Allow', (addresses[address] ?? ['GET']).join(', '));
      throw new BillhookError('method_not_allowed');
    });
  }
  app.notFound((c) => problem(c, new BillhookError('not_found')));
  app.onError((cause, c) => {
    const error = toProblemError(cause);
    const named = Object.entries({ origin: error.origin, ...error.claimed });
    const names = Object.fromEntries(
      named.flatMap(([name, text]) => (text === undefined ? [] : [[name, printedName(text)]])),
    );
    const fields = { method: c.req.method, path: c.req.path, status: error.status, code: error.code, ...names };
    if (error.status >= 500)
      config.log.error('request.failed', { ...fields, cause: describeCause(error.cause ?? cause) });
    else config.log.info('request.refused', { ...fields, audit: true });
    return problem(c, error);
  });
  return app;
}

/** Secured here too, for a route before the middleware that does so. */
function problem(c: Context, error: BillhookError): Response {
  for (const [name, value] of Object.entries(securedHeaders)) c.header(name, value);
  c.header('Content-Type', 'application/problem+json');
  if (error.retryAfter !== undefined) c.header('Retry-After', String(error.retryAfter));
  if (error.code === 'body_too_large' || error.code === 'body_malformed') closeUnread(c);
  // RFC 6750, section 3: a 401 says how to authenticate.
  if (error.status === 401) c.header('WWW-Authenticate', `Bearer realm="billhook", error="invalid_token"`);
  return c.body(JSON.stringify(error.toProblem()), error.status as 400);
}
