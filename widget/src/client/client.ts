/**
 * One account's billing on one page: what all elements of that account read. It asks only while an element is attached;
 * when the last one leaves it stops everything and is forgotten, so that the next person to sign in on the same page never
 * sees the one before.
 */
import { createBff, type OpenableAction } from './api.ts';
import {
  NOTHING_KNOWN,
  type BillingClient,
  type ClientState,
  type Subscriber,
  type TokenAddress,
} from './client-state.ts';
import type { BillingSnapshot } from '../contract.ts';
import { asFailure, BillhookError, SignedOut } from '../page/errors.ts';
import { listenToPage, pageIsVisible, type PageSignals } from './page-lifecycle.ts';
import { supersedes } from './parse.ts';
import { nextPoll, PROVISIONAL, WAIT_SECONDS, type Poll } from './polling.ts';
import { registry } from '../page/config.ts';
import { createTokenSource, fetchToken } from './token-source.ts';
import { leaveForVisit } from './navigation.ts';
import { sessionItem, setSessionItem } from './session-storage.ts';

/** When a page is still there this long after it was told to leave, the person has stopped it. */
const LEAVING_LIMIT = 20_000;
/** Coming back to a tab again and again asks no more often than this. */
const ATTENTION_PAUSE = 2_000;
/** So the next request follows news after a quarter of a second, and what was not held at once (`Situation.lastTook`). */
const NEWS_COUNTS_FOR = 1750;
const LONG_AGO = 2000;
/** Until then an unconfirmed return is said to be "updating", after it to be waiting. */
const SAY_PENDING_AFTER = 24_000;

const TROUBLE = /^(pastDue|restricted|actionRequired|incomplete)$/;
const UNSETTLED = /^(processing|unknown|incomplete)$/;

/** Milliseconds since then. A clock that was put right meanwhile, in either direction, makes it long ago, and not never. */
const since = (moment: number): number => Math.abs(Date.now() - moment);

const READ: Poll = { kind: 'read', wait: 0, delay: 0 };

/** Those that an element of this page reads. Not shared with another copy of Billhook: only one copy's elements are defined. */
const clients = new Map<string, BillingClient>();

/** @param base the BFF's folder, which `v1/` is in */
export function clientOf(base: string, account: string | null): BillingClient {
  const key = `${base} ${account ?? ''}`;
  const client = clients.get(key) ?? createClient(key, base, account);
  clients.set(key, client);
  return client;
}

function createClient(key: string, api: string, account: string | null): BillingClient {
  const subscribers = new Set<Subscriber>();
  const storedVisit = `billhook-visit:${key}`;
  const tokens = createTokenSource(
    askHost,
    () => bff.now(),
    () => forget(false),
  );
  const bff = createBff(api, tokens);
  let state = NOTHING_KNOWN;
  let signals: PageSignals | undefined;
  let tokenAddress: TokenAddress | null = null;
  /** What the token that is on its way was asked of. */
  let tokenWay: unknown;
  let visitId = '';
  /** The revision at which the stored visit was settled already. */
  let settledAt: string | undefined;
  let returnedAt = 0;
  let attentionAt = 0;
  let readAt = 0;
  let lastTook = 0;
  let retryAfter = 0;
  let waitsCut = false;
  let asking: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let leaving: AbortController | undefined;
  let leavingTimer: ReturnType<typeof setTimeout> | undefined;

  function set(change: Partial<ClientState>): void {
    state = { ...state, ...change };
    for (const subscriber of subscribers) subscriber.changed();
  }

  function tellFailure(error: BillhookError): void {
    for (const subscriber of subscribers) subscriber.failed(error);
  }

  async function askHost(signal: AbortSignal): Promise<string | null> {
    // Nobody answers a page without an origin: neither the host, for cookies, nor the BFF, for CORS.
    if (globalThis.origin === 'null') throw new BillhookError('unsupported_frame');
    // The host's own script may come after ours: nothing is missing before the page is complete.
    if (!tokenAddress && !registry.options.getToken && document.readyState !== 'complete') {
      await new Promise((resolve) => addEventListener('load', resolve, { signal }));
    }
    if (tokenAddress) return fetchToken(tokenAddress.url, tokenAddress.credentials, signal);
    const { getToken } = registry.options;
    if (getToken) return getToken({ account, signal });
    throw new BillhookError('token_source_missing');
  }

  const wayToToken = (): unknown => tokenAddress?.url ?? registry.options.getToken;

  /** Asks now: for a visit that came back, else for the billing. */
  function begin(): void {
    attentionAt = Date.now();
    tokenWay = wayToToken();
    const [stored, settled] = sessionItem(storedVisit)?.split(' ') ?? [];
    const first = stored !== undefined && stored !== visitId;
    if (first || (stored && !settled && state.visit === 'none')) {
      visitId = stored;
      settledAt = settled;
      returnedAt = attentionAt;
      waitsCut = false;
      // Whoever went Back to Stripe's page after the visit was settled may have done more there: asked, but not announced.
      if (!settled) set({ visit: 'returning', changes: [], openFailure: null });
    }
    void ask(first || isReturning() ? { kind: 'return', wait: WAIT_SECONDS, delay: 0 } : READ);
  }

  const isReturning = () => state.visit === 'returning' || state.visit === 'pending';

  async function ask(poll: Poll, tellTabs = true): Promise<void> {
    stopAsking();
    const { signal } = (asking = new AbortController());
    const startedAt = (readAt = Date.now());
    const before = state.snapshot?.revision;
    try {
      await (poll.kind === 'return' ? readReturn(poll.wait, signal) : read(poll.wait, signal));
      // Another request took over in the very moment this one was done.
      if (signal.aborted) return;
      retryAfter = 0;
      set({ failure: null, failures: 0, signedOut: false });
      const revision = state.snapshot?.revision;
      // Also when nothing changed on an idle turn, so that other tabs skip theirs.
      if (revision && tellTabs && (revision !== before || !poll.wait)) signals?.tell(revision);
    } catch (error) {
      if (signal.aborted) return;
      askingFailed(error, poll);
    }
    asking = null;
    readAt = Date.now();
    const news = state.snapshot?.revision !== before;
    lastTook = poll.wait ? readAt - startedAt + (news ? NEWS_COUNTS_FOR : 0) : LONG_AGO;
    schedule();
  }

  function stopAsking(): void {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  }

  async function read(wait: number, signal: AbortSignal): Promise<void> {
    const snapshot = await bff.billing(wait, signal);
    signal.throwIfAborted();
    const before = state.snapshot;
    apply(snapshot ?? before);
    // The return may have been too early: what changes now may still be its doing.
    const provisional = state.visit.endsWith('changed') && since(returnedAt) < PROVISIONAL;
    if (provisional && before && before.revision !== state.snapshot?.revision) await readReturn(WAIT_SECONDS, signal);
  }

  async function readReturn(wait: number, signal: AbortSignal): Promise<void> {
    const answer = bff.visitReturn(visitId, wait, signal);
    // Something to look at meanwhile; sent after what is waited for, and it may fail, because the return itself will tell.
    if (!state.snapshot) void read(0, signal).catch(() => {});
    try {
      const { outcome, changes, snapshot } = await answer;
      signal.throwIfAborted();
      const pending = outcome === 'pending';
      const early = pending && since(returnedAt) < SAY_PENDING_AFTER;
      const { revision } = snapshot;
      const known = settledAt && (pending || revision === settledAt);
      if (!pending) setSessionItem(storedVisit, `${visitId} ${(settledAt = revision)}`);
      apply(snapshot, known ? {} : { visit: early ? 'returning' : outcome, changes });
    } catch (error) {
      if (!(error instanceof BillhookError) || error.status !== 404) throw error;
      // Unknown, foreign or too long ago: an ordinary load.
      endVisit();
      await read(0, signal);
    }
  }

  function endVisit(): void {
    setSessionItem(storedVisit, null);
    set({ visit: 'none', changes: [] });
  }

  function apply(snapshot: BillingSnapshot | null, more: Partial<ClientState> = {}): void {
    const previous = state.snapshot;
    const next = snapshot && supersedes(snapshot, previous) ? snapshot : previous;
    if (!next) return;
    const alerting =
      TROUBLE.test(next.state) && (state.alerting || (previous !== null && !TROUBLE.test(previous.state)));
    const news = !previous || contentOf(next) !== contentOf(previous);
    // What could not be opened was about the billing as it was.
    set({ ...(news && { openFailure: null }), ...more, snapshot: next, confirmedAt: bff.now(), alerting });
    if (news) {
      for (const subscriber of subscribers) subscriber.snapshotChanged(next, previous);
    }
  }

  function askingFailed(error: unknown, { wait }: Poll): void {
    if (error instanceof SignedOut) return forget(true);
    // It was answered for another account, and is asked again at once.
    if (error instanceof DOMException) return;
    const failure = asFailure(error);
    if (wait && failure.transient && failure.status !== 429) waitsCut = true;
    retryAfter = failure.retryAfter;
    const news = state.failure?.code !== failure.code;
    set({ failure, failures: state.failures + 1 });
    if (news) tellFailure(failure);
  }

  function schedule(): void {
    clearTimeout(timer);
    if (asking || !subscribers.size || state.opening || state.signedOut) return;
    if (state.visit !== 'none' && since(returnedAt) > PROVISIONAL) endVisit();
    const { visit, snapshot, failure, failures } = state;
    if (!snapshot && !failure) return void ask(READ);
    // What will fail again in the same way is asked at the pace of an idle page.
    const hopeless = failure !== null && !failure.transient;
    const poll = nextPoll({
      visible: pageIsVisible(),
      online: navigator.onLine,
      visit: hopeless ? 'none' : visit,
      sinceReturn: since(returnedAt),
      unsettled: !hopeless && snapshot !== null && (snapshot.stale || UNSETTLED.test(snapshot.state)),
      sinceAttention: since(attentionAt),
      waitsCut,
      lastTook,
      failures: hopeless ? 0 : failures,
      retryAfter: Math.max(0, retryAfter - since(readAt)),
      random: Math.random(),
    });
    if (poll) timer = setTimeout(() => void ask(poll), poll.delay);
  }

  function attend(): void {
    // While the page is being left, a focus is not a return: it would use up the visit before the trip began. And a tab
    // that comes forward fires focus and visibilitychange: the second must not cut off what the first asked.
    if (state.opening || (asking && isReturning())) return;
    const returned = state.visit === 'none' && /^\S+$/.test(sessionItem(storedVisit) ?? '');
    if (returned || since(readAt) > Math.max(ATTENTION_PAUSE, retryAfter)) return begin();
    attentionAt = Date.now();
    schedule();
  }

  /** The page is here although it was left: restored, opened in a new tab, or the person pressed Stop. */
  function stayed(): void {
    clearTimeout(leavingTimer);
    set({ opening: null });
    schedule();
  }

  function listen(): PageSignals {
    return listenToPage(`billhook-${key}`, {
      attention: attend,
      quiet: schedule,
      frozen: stopAsking,
      restored() {
        leaving?.abort();
        stayed();
        visitId = '';
        begin();
      },
      told(revision) {
        if (revision === state.snapshot?.revision) schedule();
        else if (pageIsVisible() && !asking && !state.opening && since(readAt) >= retryAfter) void ask(READ, false);
      },
    });
  }

  /** The token speaks for somebody else, or for nobody. */
  function forget(signedOut: boolean): void {
    bff.forgetDocument();
    // The visit of one who signs in again after the trip stays stored: they still learn what it changed.
    if (!signedOut) endVisit();
    set({ ...NOTHING_KNOWN, opening: signedOut ? null : state.opening, signedOut });
  }

  async function open(action: OpenableAction, newTab: boolean, locale: string | undefined): Promise<void> {
    if (state.opening) return;
    const { signal } = (leaving = new AbortController());
    const seen = state.snapshot?.revision ?? null;
    // A request that still waits would keep the page out of the back/forward cache.
    stopAsking();
    set({ opening: action, openFailure: null, visit: 'none', changes: [] });
    try {
      const left = await leaveForVisit(() => bff.open(action, seen, locale, signal), newTab, storedVisit);
      if (left) leavingTimer = setTimeout(stayed, LEAVING_LIMIT);
      else stayed();
    } catch (error) {
      if (signal.aborted) return;
      set({ opening: null });
      if (error instanceof SignedOut) return forget(true);
      const failure = asFailure(error);
      set({ openFailure: failure });
      tellFailure(failure);
      // "Nothing to pay" and "no customer" say that what is shown is old.
      if (failure.status === 404 || failure.status === 409) void ask(READ);
      else schedule();
    }
  }

  return {
    state: () => state,
    now: bff.now,
    isAnnouncer: (subscriber) => subscribers.values().next().value === subscriber,
    attach(subscriber, address) {
      tokenAddress = address ?? tokenAddress;
      subscribers.add(subscriber);
      if (signals) return;
      signals = listen();
      begin();
    },
    detach(subscriber) {
      subscribers.delete(subscriber);
      if (subscribers.size) return;
      signals?.stop();
      signals = undefined;
      stopAsking();
      tokens.abort();
      leaving?.abort();
      clearTimeout(leavingTimer);
      state = { ...state, opening: null };
      // An element that is only moved connects again in the same task; else the account is forgotten.
      queueMicrotask(() => subscribers.size || clients.delete(key));
    },
    reconfigured() {
      // Words and the like, or a second copy of the script that says the same: a token on its way is not asked for again.
      if (state.snapshot || (asking && tokenWay === wayToToken())) return;
      tokens.abort();
      begin();
    },
    retry() {
      waitsCut = false;
      set({ openFailure: null });
      begin();
    },
    open,
  };
}

/** The document without when and how it was confirmed: a renewed look at the same billing is no change. */
const contentOf = (snapshot: BillingSnapshot): string => JSON.stringify({ ...snapshot, asOf: 0, confirmedBy: 0 });
