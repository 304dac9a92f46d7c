/** The client's requests to the BFF, by their words; and how its answers, refusals and silences are read. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApi, type Api } from '../../widget/src/client/api.ts';
import { ownTimers } from '../support/own-timers.ts';
import { active } from './snapshots.ts';

interface Sent {
  readonly address: string;
  readonly init: RequestInit;
}

const visit = { url: 'https://stripe.example/', visit: 'visit-1' };
const json = (body: unknown, init: ResponseInit = {}) => new Response(JSON.stringify(body), init);
const signal = () => new AbortController().signal;

let sent: Sent[];
let answers: (() => Response | Promise<Response>)[];
let refused: string[];
let api: Api;
/** Timers of the client. */
let pending: () => number;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 20, 12), toFake: ['Date', 'setTimeout', 'clearTimeout'] });
  pending = ownTimers(/widget\/src\//);
  [sent, answers, refused] = [[], [], []];
  vi.stubGlobal('location', { href: 'https://app.example/billing' });
  vi.stubGlobal('navigator', { onLine: true });
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    sent.push({ address, init });
    return await (answers.shift() ?? (() => json(active)))();
  });
  let token = 0;
  api = createApi('https://billing.test/', {
    get: async () => `token-${++token}`,
    refuse: (each: string) => void refused.push(each),
  } as unknown as Parameters<typeof createApi>[1]);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const always = { cache: 'no-store', credentials: 'omit', redirect: 'error' };

describe('a request', () => {
  it('for the billing has a token, and what it knows and waits for', async () => {
    answers = [() => json(active, { headers: { etag: '"e1.1"' } }), () => new Response(null, { status: 304 })];
    expect(await api.billing(0, signal())).toEqual(active);
    expect(await api.billing(25, signal())).toBeNull();
    expect(sent).toMatchObject([
      { address: 'https://billing.test/v1/billing', init: { ...always, method: 'GET', body: null } },
      { address: 'https://billing.test/v1/billing', init: { ...always, method: 'GET', body: null } },
    ]);
    expect(sent.map(({ init }) => init.headers)).toEqual([
      { authorization: 'Bearer token-1' },
      { authorization: 'Bearer token-2', 'if-none-match': '"e1.1"', prefer: 'wait=25' },
    ]);
  });

  it('asks for the whole document again where it was dropped', async () => {
    answers = [() => json(active, { headers: { etag: '"e1.1"' } })];
    await api.billing(0, signal());
    api.forgetDocument();
    await api.billing(0, signal());
    expect(sent[1]?.init.headers).toEqual({ authorization: 'Bearer token-2' });
    answers = [() => new Response(null, { status: 304 })];
    api.forgetDocument();
    await expect(api.billing(0, signal()), 'which a 304 has not').rejects.toMatchObject({ code: 'response_malformed' });
  });

  it.each([
    [
      'portal-sessions',
      { via: 'portal', flow: null },
      undefined,
      { returnUrl: 'https://app.example/billing', seen: 'e1.1' },
    ],
    [
      'portal-sessions',
      { via: 'portal', flow: 'payment_method_update' },
      'de',
      { returnUrl: 'https://app.example/billing', locale: 'de', seen: 'e1.1', flow: 'payment_method_update' },
    ],
    [
      'checkout-sessions',
      { via: 'checkout', offer: 'team' },
      'de',
      { returnUrl: 'https://app.example/billing', locale: 'de', seen: 'e1.1', offer: 'team' },
    ],
    ['invoice-sessions', { via: 'invoice' }, 'de', { seen: 'e1.1' }],
  ] as const)('for %s says %j', async (path, action, locale, body) => {
    answers = [() => json(visit)];
    expect(await api.open({ purpose: 'manage', ...action } as never, 'e1.1', locale, signal())).toEqual(visit);
    expect(sent[0]).toMatchObject({ address: `https://billing.test/v1/${path}`, init: { ...always, method: 'POST' } });
    expect(JSON.parse(String(sent[0]?.init.body))).toEqual(body);
    expect(sent[0]?.init.headers).toEqual({ authorization: 'Bearer token-1', 'content-type': 'application/json' });
  });

  it('for a visit says which, and is held', async () => {
    answers = [() => json({ outcome: 'changed', changes: [], snapshot: active })];
    expect(await api.visitReturn('visit-1', 25, signal())).toEqual({
      outcome: 'changed',
      changes: [],
      snapshot: active,
    });
    expect(sent[0]).toMatchObject({ address: 'https://billing.test/v1/visits/return', init: { method: 'POST' } });
    expect(sent[0]?.init).toMatchObject({ body: '{"visit":"visit-1"}', headers: { prefer: 'wait=25' } });
  });
});

describe('an answer', () => {
  const failure = (answer: () => Response | Promise<Response>, ...more: (() => Response)[]) => {
    answers = [answer, ...more];
    return api.billing(0, signal()).catch((cause: unknown) => cause);
  };

  it('that refuses the token is asked for once more, with another', async () => {
    const no = () => json({ code: 'token_expired' }, { status: 401 });
    answers = [no];
    expect(await api.billing(0, signal())).toEqual(active);
    expect(refused).toEqual(['token-1']);
    expect(await failure(no, no)).toMatchObject({ code: 'token_expired', status: 401 });
    expect(sent).toHaveLength(4);
  });

  it.each([
    ['its code and its words', 403, { code: 'scope_missing', detail: 'No.' }, { code: 'scope_missing', cause: 'No.' }],
    ['none of a proxy', 502, null, { code: 'unreachable', status: 502 }],
    ['none of a redirect', 300, { state: 'active' }, { code: 'unreachable', status: 300 }],
  ])('that is a failure has %s', async (_, status, body, expected) =>
    expect(await failure(() => json(body, { status }))).toMatchObject(expected),
  );

  it.each([
    ['', 0],
    ['7', 7000],
    ['Fri, 20 Nov 2026 12:00:09 GMT', 9000],
    ['soon', 0],
  ])('with Retry-After %j asks for a pause of %d ms', async (after, retryAfter) => {
    const answer = () => json({ code: 'rate_limited' }, { status: 429, headers: { 'retry-after': after } });
    expect(await failure(answer)).toMatchObject({ code: 'rate_limited', retryAfter });
  });

  it('sets the clock where it differs by more than two seconds, and a pause is told by that', async () => {
    const at = (seconds: number) => ({ date: new Date(Date.now() + seconds * 1000).toUTCString() });
    const ahead = async (seconds: number) => {
      answers = [() => json(active, { headers: at(seconds) })];
      await api.billing(0, signal());
      return api.now() - Date.now();
    };
    expect([await ahead(3600), await ahead(2), await ahead(-2), await ahead(-3), await ahead(0)]).toEqual([
      3_600_000, 0, 0, -3000, 0,
    ]);
    const answer = () =>
      json(
        {},
        { status: 503, headers: { ...at(3600), 'retry-after': new Date(Date.now() + 3_605_000).toUTCString() } },
      );
    expect(await failure(answer)).toMatchObject({ retryAfter: 5000 });
  });

  it('that does not come is unreachable, or the machine is offline', async () => {
    const down = () => Promise.reject(new TypeError('Failed to fetch'));
    expect(await failure(down)).toMatchObject({ code: 'unreachable', status: 0, retryAfter: 0 });
    vi.stubGlobal('navigator', { onLine: false });
    expect(await failure(down)).toMatchObject({ code: 'offline', status: 0 });
  });

  it.each([
    ['of 20 s', 0, 20_000],
    ['and the time that it may be held', 25, 45_000],
  ])('that does not come in time ends at its limit %s', async (_, wait, limit) => {
    answers = [() => never(sent.at(-1))];
    const asked = api.billing(wait, signal()).catch((cause: unknown) => cause);
    await vi.advanceTimersByTimeAsync(limit - 1);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await asked).toMatchObject({ code: 'timed_out', status: 0 });
  });

  it('that stops in its middle ends at its limit', async () => {
    const start = (body: ReadableStreamDefaultController) => {
      body.enqueue(new TextEncoder().encode('{"revision":'));
      void never(sent.at(-1)).catch((cause: unknown) => body.error(cause));
    };
    answers = [() => new Response(new ReadableStream({ start }))];
    const asked = api.billing(0, signal()).catch((cause: unknown) => cause);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await asked).toMatchObject({ code: 'timed_out', status: 0 });
  });

  it('that is overtaken is no failure of the request, and nothing is sent where it was before', async () => {
    const overtaking = new AbortController();
    answers = [() => never(sent.at(-1))];
    const asked = api.billing(0, overtaking.signal).catch((cause: unknown) => cause);
    await vi.advanceTimersByTimeAsync(1);
    overtaking.abort();
    expect(await asked).toMatchObject({ name: 'AbortError' });
    await expect(api.billing(0, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    expect(sent).toHaveLength(1);
    expect(pending(), 'no limit runs on').toBe(0);
  });
});

const never = (request: Sent | undefined) =>
  new Promise<Response>((_, reject) => {
    request?.init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
  });
