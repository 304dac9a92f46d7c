/**
 * The headers of every answer, set before it is made: Hono then builds the response with them in one go, where middleware
 * that adds them afterwards copies the response's headers once for each.
 */

import type { MiddlewareHandler } from 'hono';

/**
 * The headers that the OWASP secure headers project asks of an API. Pages read the answers with CORS, never in a frame or a tab.
 * Strict-Transport-Security is not among them: mounted in another server, this one must not decide for the whole domain.
 * Where it stands alone, `serve.ts` sends it.
 *
 * @see {@link https://owasp.org/www-project-secure-headers/ OWASP secure headers}
 */
const securityHeaders: readonly (readonly [name: string, value: string])[] = [
  ['Cross-Origin-Resource-Policy', 'same-site'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Origin-Agent-Cluster', '?1'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-DNS-Prefetch-Control', 'off'],
  ['X-Download-Options', 'noopen'],
  ['X-Frame-Options', 'SAMEORIGIN'],
  ['X-Permitted-Cross-Domain-Policies', 'none'],
  ['X-XSS-Protection', '0'],
];

/** Sets the security headers. */
export function securedAnswers(): MiddlewareHandler {
  return async function securedAnswers(c, next) {
    for (const [name, value] of securityHeaders) c.header(name, value);
    await next();
  };
}

/**
 * The security headers of an answer that is never stored, as one record: for a refusal, and for an answer of `/v1` that is made
 * without middleware and that no page reads.
 */
export const securedHeaders: Readonly<Record<string, string>> = {
  ...Object.fromEntries(securityHeaders),
  'Cache-Control': 'no-store',
};

/** Headers of an answer that a page's script may read. */
const exposedHeaders = ['etag', 'retry-after', 'date', 'preference-applied'] as const;

/**
 * Lets the pages of these origins read the answers, errors and 304s included. Preflights are answered by Hono's own
 * middleware: they come once in two hours.
 */
export function readableBy(origins: ReadonlySet<string>): MiddlewareHandler {
  const exposed = exposedHeaders.join(',');
  return async function readableBy(c, next) {
    const origin = c.req.header('origin');
    if (origin !== undefined && origins.has(origin)) c.header('Access-Control-Allow-Origin', origin);
    c.header('Access-Control-Expose-Headers', exposed);
    c.header('Vary', 'Origin');
    await next();
  };
}

/**
 * The headers of an answer of `/v1` as one record, for an answer that is made without middleware: the same ones that
 * {@link securedAnswers} and {@link readableBy} set, and that it is never stored.
 */
export function answerHeaders(origins: ReadonlySet<string>): (origin: string | undefined) => Record<string, string> {
  const toAll = {
    ...securedHeaders,
    'Access-Control-Expose-Headers': exposedHeaders.join(','),
    Vary: 'Origin',
  };
  return (origin) =>
    origin !== undefined && origins.has(origin) ? { ...toAll, 'Access-Control-Allow-Origin': origin } : { ...toAll };
}
