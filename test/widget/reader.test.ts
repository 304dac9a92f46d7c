/** A page’s reader of answers, also of those that come too late; the requests themselves are a double’s. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VisitReturn } from '@billhook/widget/contract';
import type { Api } from '../../widget/src/client/api.ts';
import { ClientStore } from '../../widget/src/client/client-store.ts';
import { Reader } from '../../widget/src/client/reader.ts';
import { createVisitSession, type VisitSession } from '../../widget/src/client/visit-session.ts';
import { BillhookError, SignedOut } from '../../widget/src/page/errors.ts';
import { active } from './snapshots.ts';

const read = { kind: 'read', wait: 0, delay: 0 } as const;
const held = { ...read, wait: 25 };
const returned = { ...held, kind: 'return' } as const;
const later = { ...active, revision: 'e1.2' };
const unchanged: VisitReturn = { outcome: 'unchanged', changes: [], snapshot: active };

let store: ClientStore;
let visits: VisitSession;
let reader: Reader;
let told: string[];
let reported: string[];
let api: { [Call in 'billing' | 'visitReturn']: ReturnType<typeof vi.fn<Api[Call]>> } & { forgetDocument(): void };

beforeEach(() => {
  const storage = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
  [told, reported] = [[], []];
  store = new ClientStore();
  store.subscribers.add({
    whole: false,
    changed() {},
    snapshotChanged() {},
    failed: ({ code }) => reported.push(code),
  });
  visits = createVisitSession('billhook-visit');
  api = {
    billing: vi.fn<Api['billing']>(async () => active),
    visitReturn: vi.fn<Api['visitReturn']>(async () => unchanged),
    forgetDocument: vi.fn<() => void>(),
  };
  reader = new Reader(store, { ...api, now: () => 7 } as unknown as Api, visits, (revision) => told.push(revision));
});
afterEach(() => void vi.unstubAllGlobals());

const live = () => new AbortController().signal;
const ask = (poll: Parameters<Reader['request']>[0] = read, quiet = false) => reader.request(poll, live(), quiet);

describe('other tabs', () => {
  it('are told of news, and that nothing is new, but of no held poll that brought nothing', async () => {
    expect(await ask()).toEqual({ changed: true, failure: null });
    expect(await ask()).toEqual({ changed: false, failure: null });
    await ask(held);
    expect(told).toEqual(['e1.1', 'e1.1']);
    api.billing.mockResolvedValue(later);
    expect(await ask(held)).toEqual({ changed: true, failure: null });
    expect(told).toEqual(['e1.1', 'e1.1', 'e1.2']);
  });

  it('are not told of the news that they told', async () => {
    await ask(read, true);
    expect(told).toEqual([]);
  });

  it('are told nothing where an element forgets the account in the moment of its news', async () => {
    await ask();
    store.subscribers.add({ whole: true, changed() {}, snapshotChanged: () => reader.forget(), failed() {} });
    api.billing.mockResolvedValue(later);
    expect(await ask()).toEqual({ changed: true, failure: null });
    expect(store.state.snapshot).toBeNull();
    expect(told).toEqual(['e1.1']);
  });
});

describe('an answer that was overtaken', () => {
  it.each([
    ['a document', read, () => {}],
    ['a visit’s', returned, () => api.billing.mockRejectedValue(new BillhookError('offline'))],
  ] as const)('changes nothing: %s', async (_, poll, prepare) => {
    prepare();
    const overtaking = new AbortController();
    visits.keep('visit-1');
    visits.takeUp(false);
    const asked = reader.request(poll, overtaking.signal, false);
    overtaking.abort();
    expect(await asked).toEqual({ changed: false, failure: null });
    expect(store.state).toMatchObject({ snapshot: null, visit: 'none', failure: null });
    expect([told, reported, visits.status()]).toEqual([[], [], 'returning']);
  });

  it.each([new BillhookError('unreachable'), new SignedOut()])('is no failure: %s', async (cause) => {
    await ask();
    api.billing.mockRejectedValue(cause);
    const overtaking = new AbortController();
    const asked = reader.request(read, overtaking.signal, false);
    overtaking.abort();
    expect(await asked).toEqual({ changed: false, failure: null });
    expect(store.state).toMatchObject({ failures: 0, signedOut: false, snapshot: active });
  });
});

describe('a failure', () => {
  it('is counted, reported once, and over with the next answer', async () => {
    const fail = (cause: unknown) => {
      api.billing.mockRejectedValueOnce(cause);
      return ask();
    };
    const down = new BillhookError('unreachable');
    expect(await fail(down)).toEqual({ changed: false, failure: down });
    await fail(new BillhookError('unreachable'));
    expect(store.state).toMatchObject({ failures: 2, failure: { code: 'unreachable' } });
    await fail(new BillhookError('internal', 500));
    expect(reported).toEqual(['unreachable', 'internal']);
    await ask();
    expect(store.state).toMatchObject({ failures: 0, failure: null });
    expect(await fail(new TypeError('of an odd answer'))).toMatchObject({ failure: { code: 'response_malformed' } });
  });

  it('is none where the request was for another account, or nobody is signed in', async () => {
    await ask();
    for (const cause of [new DOMException(undefined, 'AbortError'), new SignedOut()]) {
      api.billing.mockRejectedValueOnce(cause);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await ask()).toEqual({ changed: expect.any(Boolean) as boolean, failure: null });
    }
    expect(reported).toEqual([]);
    expect(store.state).toMatchObject({ failures: 0, signedOut: true, snapshot: null });
    expect(api.forgetDocument).toHaveBeenCalledTimes(1);
  });
});

describe('a visit', () => {
  beforeEach(() => {
    visits.keep('visit-1');
    visits.takeUp(false);
  });

  it('has its plan read meanwhile, where none is shown, and once', async () => {
    await ask(returned);
    expect(api.visitReturn.mock.calls.map(([visit, wait]) => [visit, wait])).toEqual([['visit-1', 25]]);
    expect(api.billing.mock.calls.map(([wait]) => wait)).toEqual([0]);
    await ask(returned);
    expect(api.billing).toHaveBeenCalledTimes(1);
  });

  it('is told by its own answer, whatever the plan’s request says', async () => {
    api.billing.mockRejectedValue(new BillhookError('internal', 500));
    expect(await ask(returned)).toEqual({ changed: true, failure: null });
    expect(store.state).toMatchObject({ visit: 'unchanged', snapshot: active, failure: null, confirmedAt: 7 });
    expect(reported).toEqual([]);
  });

  it('that the BFF does not know ends, and the billing is read; any other failure is one', async () => {
    await ask();
    api.visitReturn.mockRejectedValueOnce(new BillhookError('internal', 500));
    expect(await ask(returned)).toMatchObject({ failure: { code: 'internal' } });
    api.visitReturn.mockRejectedValueOnce(Object.assign(new Error('no answer of the BFF’s'), { status: 404 }));
    expect(await ask(returned)).toMatchObject({ failure: { code: 'response_malformed' } });
    expect(visits.status()).toBe('returning');
    store.set({ changes: [{ kind: 'keeps' }] });
    api.billing.mockResolvedValue(later);
    api.visitReturn.mockRejectedValueOnce(new BillhookError('visit_not_found', 404));
    expect(await ask(returned)).toEqual({ changed: true, failure: null });
    expect(store.state).toMatchObject({ snapshot: later, visit: 'none', changes: [] });
    expect(sessionStorage.getItem('billhook-visit')).toBeNull();
  });

  it('is asked for again where news come soon after it: they may be its doing', async () => {
    await ask(returned);
    api.billing.mockResolvedValue(later);
    api.visitReturn.mockResolvedValue({ outcome: 'changed', changes: [{ kind: 'keeps' }], snapshot: later });
    await ask();
    expect(api.visitReturn.mock.calls.map(([visit, wait]) => [visit, wait])).toEqual([
      ['visit-1', 25],
      ['visit-1', 25],
    ]);
    expect(store.state).toMatchObject({ visit: 'changed', changes: [{ kind: 'keeps' }] });
    await ask();
    expect(api.visitReturn, 'no news').toHaveBeenCalledTimes(2);
  });

  it('stays stored, and is no more shown, when the person signs out', async () => {
    reader.signOut();
    expect(visits.status()).toBe('none');
    expect(visits.hasReturned()).toBe(true);
  });

  it('is gone with another account’s person', async () => {
    reader.forget();
    expect([visits.status(), visits.hasReturned()]).toEqual(['none', false]);
    expect(store.state).toMatchObject({ snapshot: null, signedOut: false });
  });
});
