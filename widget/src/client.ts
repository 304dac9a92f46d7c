/**
 * One account's billing on one page: what all elements of that account read. It asks only while an element is attached,
 * and when the last one leaves it stops everything and forgets everything, so that the next person to sign in on the same
 * page never sees the one before.
 */
import { Bff, type OpenableAction } from './bff.ts';
import type { BillingSnapshot, Change } from './contract.ts';
import { BillhookError, SignedOut } from './errors.ts';
import { PageSignals } from './page-signals.ts';
import { supersedes } from './parse.ts';
import { nextPoll, PROVISIONAL, type Poll, type Situation } from './polling.ts';
import { registry } from './registry.ts';
import { fetchToken, TokenSource } from './token-source.ts';
import { checkedAddress, inOpaqueFrame, prepareExit, VisitStore } from './visit.ts';

/** What the elements show. Replaced as a whole at every change. */
export interface ClientState {
  readonly snapshot: BillingSnapshot | null;
  /** When the BFF last vouched for the snapshot, by its own clock. */
  readonly confirmedAt: number;
  readonly signedOut: boolean;
  /** Reading failed; the snapshot is the last known one. */
  readonly failure: BillhookError | null;
  /** Failed readings in a row. */
  readonly failures: number;
  /** The action that is being opened. */
  readonly opening: OpenableAction | null;
  /** Opening failed. */
  readonly openFailure: BillhookError | null;
  /** The address of a tab that the browser refused to open: a real link to press. */
  readonly blocked: string | null;
  readonly visit: Situation['visit'] | 'changed';
  readonly changes: readonly Change[];
  /** The account got into trouble while the page was open, so it may be said at once. */
  readonly alerting: boolean;
}

export interface Subscriber {
  changed(): void;
  snapshotChanged(snapshot: BillingSnapshot, previous: BillingSnapshot | null): void;
  failed(error: BillhookError): void;
}

export interface TokenAddress {
  readonly url: string;
  readonly credentials: 'same-origin' | 'include';
}

export const NOTHING_KNOWN: ClientState = {
  snapshot: null,
  confirmedAt: 0,
  signedOut: false,
  failure: null,
  failures: 0,
  opening: null,
  openFailure: null,
  blocked: null,
  visit: 'none',
  changes: [],
  alerting: false,
};

/** When a page is still there this long after it was told to leave, the person has stopped it. */
const LEAVING_LIMIT = 20_000;
/** Coming back to a tab again and again asks no more often than this. */
const ATTENTION_PAUSE = 2_000;
/** Until then an unconfirmed return is said to be "updating", after it to be waiting. */
const SAY_PENDING_AFTER = 24_000;

const TROUBLE = /^(pastDue|restricted|actionRequired|incomplete)$/;
const UNSETTLED = /^(processing|unknown|incomplete)$/;

export class BillingClient {
  state: ClientState = NOTHING_KNOWN;
  readonly #account: string | null;
  readonly #tokens: TokenSource;
  readonly #bff: Bff;
  readonly #visits: VisitStore;
  readonly #signals: PageSignals;
  readonly #subscribers = new Set<Subscriber>();
  #tokenAddress: TokenAddress | null = null;
  #visit: string | null = null;
  #returnedAt = 0;
  #attentionAt = 0;
  #readAt = 0;
  #lastTook = 0;
  #retryAfter = 0;
  #waitsCut = false;
  #asking: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #leaving: AbortController | null = null;
  #leavingTimer: ReturnType<typeof setTimeout> | undefined;
  #configured: (() => void) | undefined;

  constructor(key: string, api: string, account: string | null) {
    this.#account = account;
    this.#visits = new VisitStore(key);
    this.#tokens = new TokenSource(
      (signal) => this.#fetchToken(signal),
      () => this.#bff.now(),
      () => this.#forget(),
    );
    this.#bff = new Bff(api, this.#tokens);
    this.#signals = new PageSignals(`billhook-${key}`, {
      attention: () => this.#attend(),
      restored: () => this.#restored(),
      hidden: () => this.#schedule(),
      frozen: () => this.#stopAsking(),
      toldRevision: (revision) => this.#told(revision),
    });
  }

  /** The one element that speaks to screen readers for all of them. */
  isAnnouncer(subscriber: Subscriber): boolean {
    return this.#subscribers.values().next().value === subscriber;
  }

  now(): number {
    return this.#bff.now();
  }

  attach(subscriber: Subscriber, address: TokenAddress | null): void {
    this.#tokenAddress = address ?? this.#tokenAddress;
    this.#subscribers.add(subscriber);
    if (this.#subscribers.size === 1) {
      this.#signals.listen();
      this.#attentionAt = Date.now();
      this.#begin();
    } else if (this.state.failure?.code === 'token_source_missing') {
      this.#begin();
    }
  }

  detach(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size) return;
    this.#signals.stop();
    this.#stopAsking();
    this.#tokens.abort();
    this.#leaving?.abort();
    clearTimeout(this.#leavingTimer);
    if (this.state.opening) this.#set({ opening: null });
  }

  get attached(): boolean {
    return this.#subscribers.size > 0;
  }

  /** Another address for tokens, or a `getToken` at last. */
  reconfigured(address: TokenAddress | null): void {
    this.#tokenAddress = address ?? this.#tokenAddress;
    this.#configured?.();
    if (this.state.failure?.code === 'token_source_missing' || this.state.signedOut) this.#begin();
  }

  /** The person asks again. */
  retry(): void {
    this.#attentionAt = Date.now();
    this.#set({ openFailure: null, blocked: null });
    this.#waitsCut = false;
    this.#begin();
  }

  /** Opens what an action leads to. Ignored while another one is being opened. */
  async open(action: OpenableAction, newTab: boolean): Promise<void> {
    if (this.state.opening) return;
    const leaving = (this.#leaving = new AbortController());
    const exit = prepareExit(newTab, registry.options.navigate ?? ((url) => location.assign(url)));
    // A request that still waits would keep the page out of the back/forward cache.
    this.#stopAsking();
    this.#set({ opening: action, openFailure: null, blocked: null, visit: 'none', changes: [] });
    try {
      if (inOpaqueFrame()) throw new BillhookError('unsupported_frame');
      const seen = this.state.snapshot?.revision ?? null;
      const opened = await this.#bff.open(action, seen, location.href, leaving.signal);
      const url = checkedAddress(opened.url);
      this.#visits.set(opened.visit);
      if (!exit.follow(url)) this.#set({ blocked: url });
      if (exit.leavesPage) this.#leavingTimer = setTimeout(() => this.#stayed(), LEAVING_LIMIT);
      else this.#stayed();
    } catch (error) {
      exit.cancel();
      if (leaving.signal.aborted) return;
      this.#set({ opening: null });
      this.#openingFailed(error);
    }
  }

  #openingFailed(error: unknown): void {
    if (error instanceof SignedOut) return this.#signedOut();
    const failure = asBillhookError(error);
    this.#set({ openFailure: failure });
    for (const subscriber of this.#subscribers) subscriber.failed(failure);
    // "Nothing to pay" and "no customer" say that what is shown is old.
    if (failure.status === 404 || failure.status === 409) void this.#ask({ kind: 'read', wait: 0, delay: 0 });
    else this.#schedule();
  }

  /** The page is still here although it was left: a new tab, or the person pressed Stop. */
  #stayed(): void {
    clearTimeout(this.#leavingTimer);
    this.#set({ opening: null });
    this.#schedule();
  }

  #restored(): void {
    this.#leaving?.abort();
    clearTimeout(this.#leavingTimer);
    this.#attentionAt = Date.now();
    this.#set({ opening: null });
    this.#begin();
  }

  #attend(): void {
    // While the page is being left, a focus is not a return: it would use up the visit before the trip began.
    if (this.state.opening) return;
    this.#attentionAt = Date.now();
    const { visit } = this.state;
    // A tab that comes forward fires focus and visibilitychange; the second must not cut off what the first asked.
    if (this.#asking && (visit === 'returning' || visit === 'pending')) return;
    const outstanding = visit === 'none' || visit === 'changed' ? this.#visits.get() : null;
    if (outstanding || Date.now() - this.#readAt > ATTENTION_PAUSE) this.#begin();
    else this.#schedule();
  }

  /** Another tab of this account saw a revision. */
  #told(revision: string): void {
    if (this.state.opening) return;
    if (revision === this.state.snapshot?.revision) this.#readAt = Date.now();
    else if (this.#signals.visible && !this.#asking) return void this.#ask({ kind: 'read', wait: 0, delay: 0 }, false);
    this.#schedule();
  }

  /** Asks now: for a visit that came back, else for the billing. */
  #begin(): void {
    const outstanding = this.#visits.get();
    if (outstanding && (outstanding !== this.#visit || this.state.visit === 'none')) {
      this.#visit = outstanding;
      this.#returnedAt = Date.now();
      this.#waitsCut = false;
      this.#set({ visit: 'returning', changes: [], openFailure: null, blocked: null });
    }
    const { visit } = this.state;
    const returning = visit === 'returning' || visit === 'pending';
    void this.#ask({ kind: returning ? 'return' : 'read', wait: returning ? 25 : 0, delay: 0 });
  }

  async #ask(poll: Poll, tellOthers = true): Promise<void> {
    this.#stopAsking();
    const asking = (this.#asking = new AbortController());
    const startedAt = (this.#readAt = Date.now());
    const before = this.state.snapshot?.revision;
    try {
      if (poll.kind === 'return' && this.#visit !== null) await this.#readReturn(this.#visit, poll.wait, asking.signal);
      else await this.#read(poll.wait, asking.signal);
      if (asking.signal.aborted) return;
      this.#retryAfter = 0;
      if (this.state.failures || this.state.signedOut) this.#set({ failure: null, failures: 0, signedOut: false });
      if (tellOthers && (this.state.snapshot?.revision !== before || !poll.wait))
        this.#signals.tell(this.state.snapshot?.revision);
    } catch (error) {
      if (asking.signal.aborted) return;
      this.#askingFailed(error, poll);
    }
    this.#asking = null;
    this.#readAt = Date.now();
    this.#lastTook = this.#readAt - startedAt;
    this.#schedule();
  }

  async #read(wait: number, signal: AbortSignal): Promise<void> {
    const snapshot = await this.#bff.billing(wait, signal);
    signal.throwIfAborted();
    const before = this.state.snapshot;
    this.#apply(snapshot ?? before);
    const changed = before && before.revision !== this.state.snapshot?.revision;
    const provisional = this.state.visit === 'unchanged' && Date.now() - this.#returnedAt < PROVISIONAL;
    if (changed && provisional && this.#visit !== null) await this.#readReturn(this.#visit, 0, signal);
  }

  async #readReturn(visit: string, wait: number, signal: AbortSignal): Promise<void> {
    // Something to look at meanwhile; it may fail, because the return itself will tell.
    if (!this.state.snapshot) void this.#read(0, signal).catch(() => {});
    let answer;
    try {
      answer = await this.#bff.visitReturn(visit, wait, signal);
    } catch (error) {
      if (!(error instanceof BillhookError) || error.transient || error.status === 401 || error.status === 403)
        throw error;
      // Unknown, foreign or too long ago: an ordinary load.
      this.#endVisit();
      return this.#read(0, signal);
    }
    signal.throwIfAborted();
    const { outcome, changes, snapshot } = answer;
    if (outcome !== 'pending') this.#visits.set(null);
    const stillWaiting = outcome === 'pending' && Date.now() - this.#returnedAt < SAY_PENDING_AFTER;
    this.#apply(snapshot, { visit: stillWaiting ? 'returning' : outcome, changes });
  }

  #endVisit(): void {
    this.#visits.set(null);
    this.#visit = null;
    this.#set({ visit: 'none', changes: [] });
  }

  #askingFailed(error: unknown, poll: Poll): void {
    if (error instanceof SignedOut) return this.#signedOut();
    if ((error as Error).name === 'AbortError') return; // answered for another account: asked again at once
    const failure = asBillhookError(error);
    if (poll.wait && failure.transient && failure.status !== 429) this.#waitsCut = true;
    this.#retryAfter = failure.retryAfter;
    const news = this.state.failure?.code !== failure.code;
    this.#set({ failure, failures: this.state.failures + 1 });
    if (news) for (const subscriber of this.#subscribers) subscriber.failed(failure);
  }

  #apply(snapshot: BillingSnapshot | null, more: Partial<ClientState> = {}): void {
    const previous = this.state.snapshot;
    const next = snapshot && supersedes(snapshot, previous) ? snapshot : previous;
    const troubled = next !== null && TROUBLE.test(next.state);
    this.#set({
      ...more,
      snapshot: next,
      confirmedAt: this.#bff.now(),
      alerting: troubled && (this.state.alerting || (previous !== null && !TROUBLE.test(previous.state))),
    });
    if (next && (previous === null || contentOf(next) !== contentOf(previous))) {
      for (const subscriber of this.#subscribers) subscriber.snapshotChanged(next, previous);
    }
  }

  #schedule(): void {
    if (this.#asking || !this.attached || this.state.opening || this.state.signedOut) return;
    clearTimeout(this.#timer);
    const now = Date.now();
    const { visit, snapshot, failure, failures } = this.state;
    if (!snapshot && !failure) return void this.#ask({ kind: 'read', wait: 0, delay: 0 });
    if (visit !== 'none' && now - this.#returnedAt > PROVISIONAL) this.#endVisit();
    const permanent = failure !== null && !failure.transient;
    const poll = nextPoll({
      visible: this.#signals.visible,
      online: navigator.onLine,
      visit: visit === 'changed' || permanent ? 'none' : visit,
      sinceReturn: now - this.#returnedAt,
      unsettled: !permanent && snapshot !== null && (snapshot.stale || UNSETTLED.test(snapshot.state)),
      sinceAttention: now - this.#attentionAt,
      waitsCut: this.#waitsCut,
      lastTook: this.#lastTook,
      failures: permanent ? 0 : failures,
      retryAfter: this.#retryAfter,
      random: Math.random(),
    });
    if (poll) this.#timer = setTimeout(() => void this.#ask(poll), poll.delay);
  }

  #stopAsking(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  /** The visit's id stays: whoever signs in again after the trip still learns what it changed. */
  #signedOut(): void {
    this.#bff.forgetDocument();
    this.#set({ ...NOTHING_KNOWN, signedOut: true });
  }

  /** The token speaks for somebody else now. */
  #forget(): void {
    this.#bff.forgetDocument();
    this.#endVisit();
    this.#set({ ...NOTHING_KNOWN, opening: this.state.opening });
  }

  async #fetchToken(signal: AbortSignal): Promise<string | null> {
    if (this.#tokenAddress) return fetchToken(this.#tokenAddress.url, this.#tokenAddress.credentials, signal);
    // The host's own script may come after ours: not a mistake before the page is complete.
    if (!registry.options.getToken && document.readyState !== 'complete') {
      await new Promise<unknown>((resolve) => {
        this.#configured = () => resolve(null);
        addEventListener('load', resolve, { once: true, signal });
      });
    }
    const { getToken } = registry.options;
    if (getToken) return getToken({ account: this.#account, signal });
    if (this.#tokenAddress) return this.#fetchToken(signal);
    throw new BillhookError('token_source_missing');
  }

  #set(change: Partial<ClientState>): void {
    this.state = { ...this.state, ...change };
    for (const subscriber of this.#subscribers) subscriber.changed();
  }
}

/** The document without when and how it was confirmed: a renewed look at the same billing is no change. */
const contentOf = (snapshot: BillingSnapshot): string => JSON.stringify({ ...snapshot, asOf: null, confirmedBy: null });

const asBillhookError = (error: unknown): BillhookError =>
  error instanceof BillhookError ? error : new BillhookError('response_malformed', { cause: error });
