/** The server inside another one, under an address of its own: `https://app.example/billing`. */

type Fetch = (request: Request, env?: object) => Response | Promise<Response>;
type AnyFetch = (request: Request, env?: unknown) => Response | Promise<Response>;

/**
 * Answers requests to the folder that `publicUrl` names as if they were to the root. Routers disagree on whether what they
 * mount sees the folder (Fastify, Next.js) or not (Express): both reach the same routes.
 *
 * @param publicUrl - where pages reach the server; without a path nothing changes
 *
 * @example
 * ```ts
 * const fetch = withBasePath('https://app.example/billing', app.fetch);
 * await fetch(new Request('https://app.example/billing/healthz')); // the same as /healthz
 * ```
 */
export function withBasePath(publicUrl: string, fetch: Fetch): AnyFetch {
  const folder = new URL(publicUrl).pathname.replace(/\/+$/, '');
  return (request, given) => {
    const env = typeof given === 'object' && given !== null ? given : {};
    if (folder === '') return fetch(request, env);
    const url = new URL(request.url);
    if (!url.pathname.startsWith(`${folder}/`)) return fetch(request, env);
    url.pathname = url.pathname.slice(folder.length);
    // A body that the host has read cannot be handed on; the routes say so.
    if (request.bodyUsed || request.body?.locked === true) {
      const { method, headers } = request;
      return fetch(new Request(url, { method, headers }), { ...env, incoming: { readableDidRead: true } });
    }
    return fetch(new Request(url, request), env);
  };
}
