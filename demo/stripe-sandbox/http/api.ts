/** The `/v1` door: every endpoint at its path. */

import { Hono } from 'hono';
import { invalidRequest, StripeError } from '../errors.ts';
import { errorAnswer, respond } from './answers.ts';
import { answerCall, type Door, type Endpoint, type Method } from './call.ts';
import { answerKind } from './expand.ts';
import { createIdempotencyKeys } from './idempotency.ts';
import { list, text, type Shape } from './params.ts';

export interface Api {
  get<S extends Shape>(path: string, shape: S, endpoint: Endpoint<S>): void;
  post<S extends Shape>(path: string, shape: S, endpoint: Endpoint<S>): void;
  delete<S extends Shape>(path: string, shape: S, endpoint: Endpoint<S>): void;
}

export type ApiOptions = Omit<Door, 'idempotency'>;

export function createApi(options: ApiOptions): { app: Hono; api: Api } {
  const { state } = options;
  const app = new Hono();
  const door: Door = { ...options, idempotency: createIdempotencyKeys(() => state.clock.now()) };
  const route = <S extends Shape>(method: Method, path: string, shape: S, endpoint: Endpoint<S>): void => {
    const full = { ...shape, expand: list(text) };
    const kind = answerKind(method, path);
    app.on(method, path, (c) => answerCall(door, { method, path, shape: full, endpoint, kind }, c));
  };

  app.onError((error) => {
    if (!(error instanceof StripeError)) throw error;
    const requestId = state.ids.next('req');
    return respond(errorAnswer(error, requestId), requestId, null);
  });
  app.notFound((c) => {
    const requestId = state.ids.next('req');
    const url = new URL(c.req.url);
    const error = invalidRequest(
      `Unrecognized request URL (${c.req.method}: ${url.pathname}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
      { status: 404 },
    );
    return respond(errorAnswer(error, requestId), requestId, null);
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
