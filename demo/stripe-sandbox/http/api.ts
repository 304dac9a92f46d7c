/** The `/v1` door: key, faults, idempotency, parameters, the endpoint itself, expansion, headers (HTTP-1). */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context } from 'hono';
import qs from 'qs';
import { inShapeOf } from '../engine/versions.ts';
import { invalidRequest, StripeError } from '../errors.ts';
import { apiVersion } from '../state/events.ts';
import type { State } from '../state/state.ts';
import { checkDeclared } from './declared.ts';
import { answerKind, checkExpand, expand } from './expand.ts';
import type { Fault, FaultPlan } from './faults.ts';
import { createIdempotencyKeys, type StoredAnswer } from './idempotency.ts';
import { masked, type Keys } from './keys.ts';
import { isRecord, list, readShape, text, type Read, type Shape } from './params.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';
import { requireVersion } from './versions.ts';

/** The arguments of an endpoint. It runs to its end without waiting, so no two requests ever see half a change. */
export interface Call<S extends Shape> {
  state: State;
  params: Read<S>;
  /** The path's `:id`, or the named one. */
  id(name?: string): string;
}

export type Endpoint<S extends Shape> = (call: Call<S>) => object;

export interface Api {
  get<S extends Shape>(path: string, shape: S, endpoint: Endpoint<S>): void;
  post<S extends Shape>(path: string, shape: S, endpoint: Endpoint<S>): void;
  delete<S extends Shape>(path: string, shape: S, endpoint: Endpoint<S>): void;
}

export interface ApiOptions {
  state: State;
  keys: Keys;
  faults: FaultPlan;
  log: RequestLog & { add(request: LoggedRequest): void };
  /** Aborted when the sandbox closes, so that hanging requests are let go. */
  closing: AbortSignal;
}

const maxBodyBytes = 1024 * 1024;

export function createApi(options: ApiOptions): { app: Hono; api: Api } {
  const { state, faults, log } = options;
  const app = new Hono();
  const idempotency = createIdempotencyKeys(() => state.clock.now());

  const route = <S extends Shape>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    shape: S,
    endpoint: Endpoint<S>,
  ): void => {
    const full = { ...shape, expand: list(text) };
    const kind = answerKind(method, path);
    app.on(method, path, async (c) => {
      const requestId = state.ids.next('req');
      const key = method === 'POST' ? (c.req.header('idempotency-key') ?? null) : null;
      const raw = await readParams(c, method);
      const version = c.req.header('stripe-version') ?? apiVersion;
      const logged: LoggedRequest = {
        id: requestId,
        at: state.clock.now(),
        method,
        path: c.req.path,
        params: raw,
        status: null,
        idempotencyKey: key,
        replayed: false,
      };
      log.add(logged);

      const refused = authenticate(c, options.keys);
      if (refused) {
        logged.status = 401;
        return refused;
      }
      const fault = faults.take(method, c.req.path);
      const over = faults.overLimit();
      const answerWith = (answer: StoredAnswer, extra: Record<string, string> = {}): Response => {
        logged.status = answer.status;
        return respond(answer, requestId, key, { 'stripe-version': version, ...extra });
      };
      const failWith = (error: StripeError, extra: Record<string, string> = {}): Response =>
        answerWith(errorAnswer(error, requestId), { ...(error.executed ? settledHeaders : {}), ...extra });

      try {
        if (key !== null) {
          const stored = idempotency.begin(key, `${c.req.path}?${JSON.stringify(raw)}`);
          if (stored) {
            logged.replayed = true;
            return answerWith(stored, {
              ...settledHeaders,
              'idempotent-replayed': 'true',
              'original-request': stored.requestId,
            });
          }
        }
      } catch (cause) {
        if (cause instanceof StripeError) return failWith(cause);
        throw cause;
      }
      let kept = false;
      try {
        if (faults.latencyMs > 0) await sleep(faults.latencyMs, options.closing);
        if (over) return failWith(rateLimited(), { 'stripe-rate-limited-reason': 'global-rate' });
        const before = fault && !executes(fault) ? await goWrong(c, fault, null, options.closing) : null;
        if (before) {
          if (before instanceof StripeError) return failWith(before, limitHeader(before));
          return before;
        }
        const answer = run();
        if (key !== null && answer.keep) {
          idempotency.finish(key, answer);
          kept = true;
        }
        const after = fault && executes(fault) ? await goWrong(c, fault, answer.body, options.closing) : null;
        if (after instanceof StripeError) return failWith(after, limitHeader(after));
        if (after) return after;
        return answerWith(answer, method === 'POST' && answer.keep ? settledHeaders : {});
      } finally {
        if (key !== null && !kept) idempotency.forget(key);
      }

      function run(): StoredAnswer & { keep: boolean } {
        const cause = method === 'GET' ? { id: null, idempotency_key: null } : { id: requestId, idempotency_key: key };
        try {
          options.keys.require(keyOf(c) ?? '', method, path);
          const release = requireVersion(version);
          checkDeclared(method, path, raw);
          const params = readShape(full, raw);
          const { expand: paths = [] } = params as { expand?: string[] };
          options.keys.requireKinds(keyOf(c) ?? '', checkExpand(kind, paths));
          const result = state.events.causedBy(cause, () =>
            endpoint({ state, params: params as Read<S>, id: (name = 'id') => c.req.param(name) ?? '' }),
          );
          return {
            status: 200,
            body: JSON.stringify(inShapeOf(state, release, expand(state, kind, result, paths)), null, 2),
            requestId,
            keep: true,
          };
        } catch (cause) {
          if (!(cause instanceof StripeError)) throw cause;
          return { ...errorAnswer(cause, requestId), keep: cause.executed };
        }
      }
    });
  };

  app.onError((error) => {
    if (!(error instanceof StripeError)) throw error;
    const requestId = state.ids.next('req');
    return respond(errorAnswer(error, requestId), requestId, null, {});
  });
  app.notFound((c) => {
    const requestId = state.ids.next('req');
    const url = new URL(c.req.url);
    const error = invalidRequest(
      `Unrecognized request URL (${c.req.method}: ${url.pathname}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
      { status: 404 },
    );
    return respond(errorAnswer(error, requestId), requestId, null, {});
  });

  return {
    app,
    api: {
      get: (path, shape, endpoint) => route('GET', path, shape, endpoint),
      post: (path, shape, endpoint) => route('POST', path, shape, endpoint),
      delete: (path, shape, endpoint) => route('DELETE', path, shape, endpoint),
    },
  };
}

/** HTTP-1: the request was carried out; sending it again would change nothing. */
const settledHeaders = { 'stripe-should-retry': 'false' };

async function readParams(c: Context, method: string): Promise<Record<string, unknown>> {
  const query = new URL(c.req.url).search.slice(1);
  const body = method === 'POST' ? await c.req.text() : '';
  if (body.length > maxBodyBytes) throw invalidRequest('Request body too large', { status: 413 });
  const type = c.req.header('content-type') ?? '';
  if (body && !type.startsWith('application/x-www-form-urlencoded')) {
    throw invalidRequest(
      `Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.`,
    );
  }
  const parsed: unknown = qs.parse([query, body].filter(Boolean).join('&'), {
    arrayLimit: 200,
    depth: 10,
    parameterLimit: 5000,
  });
  return isRecord(parsed) ? parsed : {};
}

const keyOf = (c: Context): string | undefined => {
  const given = c.req.header('authorization')?.replace(/^Bearer /, '');
  if (!given?.startsWith('Basic ')) return given;
  return Buffer.from(given.slice('Basic '.length), 'base64').toString().replace(/:$/, '');
};

/** HTTP-6: 401 comes without `Stripe-Version` and `Request-Id`. */
function authenticate(c: Context, keys: Keys): Response | null {
  const given = keyOf(c);
  if (given !== undefined && keys.holds(given)) return null;
  const message = given
    ? `Invalid API Key provided: ${masked(given)}`
    : `You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').`;
  return Response.json(
    { error: { message, type: 'invalid_request_error' } },
    { status: 401, headers: { 'www-authenticate': 'Bearer realm="Stripe"' } },
  );
}

function respond(answer: StoredAnswer, requestId: string, key: string | null, extra: Record<string, string>): Response {
  return new Response(answer.body, {
    status: answer.status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-cache, no-store',
      'request-id': requestId,
      'stripe-version': apiVersion,
      ...(key === null ? {} : { 'idempotency-key': key, 'original-request': requestId }),
      ...extra,
    },
  });
}

function errorAnswer(error: StripeError, requestId: string): StoredAnswer {
  const body = { ...error.body, request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` };
  return { status: error.status, body: JSON.stringify({ error: sorted(body) }, null, 2), requestId };
}

const sorted = (body: object): object =>
  Object.fromEntries(Object.entries(body).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const executes = (fault: Fault): boolean => fault.executed === true || fault.kind === 'halfBody';

/** HTTP-7. */
const rateLimited = (): StripeError =>
  new StripeError(429, {
    type: 'invalid_request_error',
    code: 'rate_limit',
    message:
      'Testmode request rate limit exceeded, the rate limits in testmode are lower than livemode. You can learn more about rate limits here https://stripe.com/docs/rate-limits.',
  });

const limitHeader = (error: StripeError): Record<string, string> =>
  error.body.code === 'rate_limit' ? { 'stripe-rate-limited-reason': 'global-rate' } : {};

async function goWrong(
  c: Context,
  fault: Fault,
  body: string | null,
  closing: AbortSignal,
): Promise<Response | StripeError> {
  switch (fault.kind) {
    case 'rateLimited':
      return rateLimited();
    case 'lockTimeout':
      return new StripeError(429, {
        type: 'invalid_request_error',
        code: 'lock_timeout',
        message:
          'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.',
      });
    case 'serverError':
      return new StripeError(500, { type: 'api_error', message: 'An unknown error occurred' });
    case 'html':
      return new Response('<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>', {
        status: 502,
        headers: { 'content-type': 'text/html' },
      });
    case 'timeout':
      // No answer: the connection stays open until the client, or the sandbox, gives up.
      await once(AbortSignal.any([c.req.raw.signal, closing]), 'abort');
      return new Response(null, { status: 504 });
    case 'halfBody':
      return cutOff(c, body ?? '');
    case 'reset':
      return cutOff(c, null);
  }
}

/** Sends the first half of the body, or nothing at all, and breaks the connection. */
function cutOff(c: Context, body: string | null): Response {
  const { outgoing } = c.env as { outgoing?: ServerResponse };
  // Without a server (`app.request`) there is no connection to break; half a body is the nearest.
  if (!outgoing) return new Response(body?.slice(0, body.length / 2) ?? null);
  if (body === null) {
    outgoing.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  outgoing.write(body.slice(0, body.length / 2), () => outgoing.destroy());
  return RESPONSE_ALREADY_SENT;
}

/** Waits, or stops waiting when the sandbox closes. */
const sleep = (ms: number, closing: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, { signal: closing }).catch(() => undefined);
