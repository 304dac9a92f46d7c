/**
 * The BFF and the host's token address behind `window.fetch`, speaking the contract's types. A test can hold any answer
 * and give it when it likes, so nothing here or in the tests sleeps.
 */
import type { BillingSnapshot, Problem, ProblemCode, VisitReturn } from '@billhook/widget/contract';
import { active, shownAt } from './snapshots.ts';

/** Its own in each test page: pages that run at the same time would hear each other's `BroadcastChannel`. */
export const apiUrl = `https://${crypto.randomUUID()}.billing.test/`;
export const tokenUrl = '/billing/token';

export type Route =
  | 'token'
  | 'billing'
  | 'visits/return'
  | 'portal-sessions'
  | 'checkout-sessions'
  | 'invoice-sessions'
  | 'locale';

export interface Seen {
  readonly route: Route;
  readonly address: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly signal: AbortSignal | null;
  /** Still waits for its answer. */
  open: boolean;
}

type Answer = Response | (() => Response | Promise<Response>);

export class BffDouble {
  readonly seen: Seen[] = [];
  snapshot: BillingSnapshot = active;
  subject = 'account-1';
  opened = { url: 'https://billing.stripe.test/session', visit: 'visit-1' };
  readonly #queued = new Map<Route, Answer[]>();
  readonly #waiting = new Map<Route, ((seen: Seen) => void)[]>();
  readonly #fetch = window.fetch;
  #changed: (() => void)[] = [];

  constructor() {
    window.fetch = (input, init) => this.#handle(String(input), init ?? {});
  }

  restore(): void {
    window.fetch = this.#fetch;
  }

  /** Answers the next requests to `route`, one after the other, before the double's own answers. */
  next(route: Route, ...answers: Answer[]): void {
    this.#queued.set(route, [...(this.#queued.get(route) ?? []), ...answers]);
  }

  /** Holds the next request to `route` until `release` is called with its answer. */
  hold(route: Route): { release(answer: Response): void } {
    let release: (answer: Response) => void = () => {};
    const held = new Promise<Response>((resolve) => (release = resolve));
    this.next(route, () => held);
    return { release };
  }

  /** The next request to `route` that arrives from now on. */
  arrival(route: Route): Promise<Seen> {
    return new Promise((resolve) => this.#waiting.set(route, [...(this.#waiting.get(route) ?? []), resolve]));
  }

  /** Another snapshot; requests that wait for a change are answered with it. */
  change(snapshot: BillingSnapshot): void {
    this.snapshot = snapshot;
    for (const answer of this.#changed.splice(0)) answer();
  }

  to(route: Route): Seen[] {
    return this.seen.filter((each) => each.route === route);
  }

  get pending(): Seen[] {
    return this.seen.filter((each) => each.open);
  }

  token(subject = this.subject): Response {
    const part = (value: object) =>
      btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const exp = Math.floor(shownAt / 1000) + 600;
    return Response.json({
      token: `${part({ alg: 'none', typ: 'billhook-widget+jwt' })}.${part({ iss: 'host', sub: subject, exp, jti: crypto.randomUUID() })}.x`,
    });
  }

  billing(snapshot = this.snapshot): Response {
    return json(snapshot, { etag: etagOf(snapshot) });
  }

  async #handle(url: string, init: RequestInit): Promise<Response> {
    const address = url.replace(location.origin, '');
    const route =
      address === tokenUrl
        ? 'token'
        : address.endsWith('.json')
          ? 'locale'
          : (address.replace(`${apiUrl}v1/`, '') as Route);
    const signal = init.signal ?? null;
    const seen: Seen = {
      route,
      address,
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? JSON.parse(init.body) : null,
      signal,
      open: true,
    };
    this.seen.push(seen);
    for (const arrived of this.#waiting.get(route)?.splice(0) ?? []) arrived(seen);
    try {
      const queued = this.#queued.get(route)?.shift();
      const answer = Promise.resolve(
        queued === undefined ? this.#ownAnswer(seen) : typeof queued === 'function' ? queued() : queued,
      );
      return await Promise.race([answer, aborted(signal)]);
    } finally {
      seen.open = false;
    }
  }

  #ownAnswer({ route, address, headers }: Seen): Response | Promise<Response> {
    if (route === 'token') return this.token();
    if (route === 'locale') return this.#fetch.call(window, address.replace(`${apiUrl}widget/`, '/widget/src/i18n/'));
    if (route === 'billing') {
      if (headers.get('if-none-match') !== etagOf(this.snapshot)) return this.billing();
      if (headers.get('prefer') === null) return notModified(this.snapshot);
      return new Promise((resolve) => this.#changed.push(() => resolve(this.billing())));
    }
    if (route === 'visits/return') return visitReturn('unchanged', this.snapshot);
    return json(this.opened, {});
  }
}

const etagOf = (snapshot: BillingSnapshot): string => `"${snapshot.revision}-${snapshot.state}"`;
const json = (body: unknown, headers: Record<string, string>): Response =>
  Response.json(body, { headers: { date: new Date(shownAt).toUTCString(), ...headers } });
const notModified = (snapshot: BillingSnapshot): Response =>
  new Response(null, { status: 304, headers: { etag: etagOf(snapshot) } });

export function visitReturn(
  outcome: VisitReturn['outcome'],
  snapshot: BillingSnapshot,
  ...changes: VisitReturn['changes']
): Response {
  return json({ outcome, changes, snapshot } satisfies VisitReturn, {});
}

export function problem(status: number, code: ProblemCode, headers: Record<string, string> = {}): Response {
  const body: Problem = { type: 'about:blank', title: code, status, detail: code, code };
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json', ...headers } });
}

function aborted(signal: AbortSignal | null): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason));
  });
}
