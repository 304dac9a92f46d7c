/** One call of `/v1` from the request to the answer: key, faults, idempotency, parameters, the endpoint, expansion. */

import type { Context } from 'hono';
import { withCustomer } from '../engine/customer-accounts.ts';
import { inShapeOf } from '../engine/versions.ts';
import { invalidRequest, StripeError } from '../errors.ts';
import { apiVersion } from '../state/events.ts';
import type { State } from '../state/state.ts';
import { errorAnswer, respond, settledHeaders } from './answers.ts';
import { executes, goWrong, limitHeader, rateLimited, sleep } from './broken-answers.ts';
import { checkDeclared } from './declared.ts';
import { checkExpand, expand, type answerKind } from './expand.ts';
import type { Fault, FaultPlan } from './faults.ts';
import type { IdempotencyKeys, StoredAnswer } from './idempotency.ts';
import type { Keys } from './keys.ts';
import { readShape, type Read, type Shape } from './params.ts';
import { refuseRemoved } from './removed-parameters.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';
import { authenticate, keyOf, readParams } from './requests.ts';
import { requireVersion } from './versions.ts';

export type Method = 'GET' | 'POST' | 'DELETE';

/** The arguments of an endpoint. It runs to its end without waiting, so no two requests ever see half a change. */
export interface Call<S extends Shape> {
  readonly state: State;
  readonly params: Read<S>;
  /** The path's `:id`, or the named one. */
  id(name?: string): string;
}

export type Endpoint<S extends Shape> = (call: Call<S>) => object;

/** An endpoint at its place. */
export interface Route<S extends Shape> {
  readonly method: Method;
  readonly path: string;
  readonly shape: S;
  readonly endpoint: Endpoint<S>;
  readonly kind: ReturnType<typeof answerKind>;
}

export interface Door {
  readonly state: State;
  readonly keys: Keys;
  readonly faults: FaultPlan;
  readonly log: RequestLog & { add(request: LoggedRequest): void };
  /** Aborted when the sandbox closes, so that hanging requests are let go. */
  readonly closing: AbortSignal;
  readonly idempotency: IdempotencyKeys;
}

interface Received {
  readonly c: Context;
  readonly requestId: string;
  readonly idempotencyKey: string | null;
  readonly params: Record<string, unknown>;
  readonly version: string;
  /** Whether the request says so itself. */
  readonly namesVersion: boolean;
  readonly logged: LoggedRequest;
}

export async function answerCall<S extends Shape>(door: Door, route: Route<S>, c: Context): Promise<Response> {
  const call = await receive(door, route.method, c);
  door.log.add(call.logged);
  const refused = authenticate(c, door.keys);
  if (refused) {
    call.logged.status = 401;
    return refused;
  }
  const fault = door.faults.take(route.method, c.req.path);
  const isOverLimit = door.faults.overLimit();
  try {
    requireShortKey(call.idempotencyKey);
    const replayed = replay(door, call);
    if (replayed) return replayed;
  } catch (cause) {
    if (cause instanceof StripeError) return failWith(call, cause);
    throw cause;
  }
  try {
    if (door.faults.latencyMs > 0) await sleep(door.faults.latencyMs, door.closing);
    if (isOverLimit) return failWith(call, rateLimited(), { 'stripe-rate-limited-reason': 'global-rate' });
    if (!fault) return answerWith(call, ...carryOut(door, route, call));
    return await answerWrongly(door, route, call, fault);
  } finally {
    if (call.idempotencyKey !== null) door.idempotency.forget(call.idempotencyKey);
  }
}

async function receive({ state }: Door, method: Method, c: Context): Promise<Received> {
  const requestId = state.ids.next('req');
  const idempotencyKey = method === 'POST' ? (c.req.header('idempotency-key') ?? null) : null;
  const params = await readParams(c, method);
  const named = c.req.header('stripe-version');
  const version = named ?? apiVersion;
  const logged: LoggedRequest = {
    id: requestId,
    at: state.clock.now(),
    method,
    path: c.req.path,
    params,
    status: null,
    idempotencyKey,
    replayed: false,
  };
  return { c, requestId, idempotencyKey, params, version, namesVersion: named !== undefined, logged };
}

type Headers = Readonly<Record<string, string>>;

function answerWith(call: Received, answer: StoredAnswer, headers: Headers = {}): Response {
  call.logged.status = answer.status;
  return respond(answer, call.requestId, call.idempotencyKey, { 'stripe-version': call.version, ...headers });
}

const failWith = (call: Received, error: StripeError, headers: Headers = {}): Response =>
  answerWith(call, errorAnswer(error, call.requestId), { ...(error.executed ? settledHeaders : {}), ...headers });

function requireShortKey(key: string | null): void {
  if (key === null || key.length <= 255) return;
  throw invalidRequest('Idempotency keys can only be up to 255 characters long.');
}

/** HTTP-8: the answer of an earlier call with this key. */
function replay({ idempotency }: Door, call: Received): Response | null {
  if (call.idempotencyKey === null) return null;
  const stored = idempotency.begin(call.idempotencyKey, `${call.c.req.path}?${JSON.stringify(call.params)}`);
  if (!stored) return null;
  call.logged.replayed = true;
  return answerWith(call, stored, {
    ...settledHeaders,
    'idempotent-replayed': 'true',
    'original-request': stored.requestId,
  });
}

/** Runs the endpoint, and keeps an answer of a call that was carried out under its idempotency key. */
function carryOut<S extends Shape>(door: Door, route: Route<S>, call: Received): [StoredAnswer, Headers] {
  const { requestId, idempotencyKey } = call;
  let answer: StoredAnswer;
  let wasCarriedOut = true;
  try {
    answer = { status: 200, body: JSON.stringify(bodyOf(door, route, call), null, 2), requestId };
  } catch (cause) {
    if (!(cause instanceof StripeError)) throw cause;
    answer = errorAnswer(cause, requestId);
    wasCarriedOut = cause.executed;
  }
  if (idempotencyKey !== null && wasCarriedOut) door.idempotency.finish(idempotencyKey, answer);
  return [answer, route.method === 'POST' && wasCarriedOut ? settledHeaders : {}];
}

function bodyOf<S extends Shape>(door: Door, route: Route<S>, call: Received): unknown {
  const { state, keys } = door;
  const { c, requestId, idempotencyKey } = call;
  const { method, path, kind } = route;
  const key = keyOf(c) ?? '';
  keys.require(key, method, path);
  const release = requireVersion(call.version);
  if (call.namesVersion) refuseRemoved(method, path, call.params, release);
  checkDeclared(method, path, call.params);
  // Refused as unknown where the endpoint has no such parameter.
  const raw = 'customer_account' in route.shape ? withCustomer(state, call.params) : call.params;
  const params = readShape(route.shape, raw);
  const { expand: paths = [] } = params as { expand?: string[] };
  keys.requireKinds(key, checkExpand(kind, paths));
  // WH-4: reading causes no event.
  const cause =
    method === 'GET' ? { id: null, idempotency_key: null } : { id: requestId, idempotency_key: idempotencyKey };
  const result = state.events.causedBy(cause, () =>
    route.endpoint({ state, params, id: (name = 'id') => c.req.param(name) ?? '' }),
  );
  return inShapeOf(state, release, expand(state, kind, result, paths));
}

/** A call that a fault hits, before it is carried out or after. */
async function answerWrongly<S extends Shape>(
  door: Door,
  route: Route<S>,
  call: Received,
  fault: Fault,
): Promise<Response> {
  const body = executes(fault) ? carryOut(door, route, call)[0].body : null;
  const wrong = await goWrong(call.c, fault, body, door.closing);
  return wrong instanceof StripeError ? failWith(call, wrong, limitHeader(wrong)) : wrong;
}
