/**
 * One account's billing on one page: all elements of that account read it. It asks only while an element is attached;
 * when the last one leaves it stops everything and is forgotten, so that the next person to sign in on the same page never
 * sees the one before.
 */
import { registry } from '../page/config.ts';
import { asFailure, SignedOut } from '../page/errors.ts';
import { createApi, type OpenableAction } from './api.ts';
import { bearingOf } from './billing-states.ts';
import type { BillingClient, ClientState, Subscriber } from './client-state.ts';
import { ClientStore } from './client-store.ts';
import { leaveForVisit } from './navigation.ts';
import { listenToPage, pageIsVisible, type PageLifecycle } from './page-lifecycle.ts';
import { waitSeconds, type Poll } from './polling.ts';
import { Reader } from './reader.ts';
import { createScheduler, readNow, type Demand } from './scheduler.ts';
import { tokenFromHost, type TokenAddress } from './token-from-host.ts';
import { createTokenSource } from './token-source.ts';
import { createVisitSession } from './visit-session.ts';

/** When a page is still there this long after it was told to leave, the person has stopped it. In milliseconds. */
const leavingLimit = 20_000;

const readReturnNow: Poll = { kind: 'return', wait: waitSeconds, delay: 0 };

/** Those that an element of this page reads. Not shared with another copy of Billhook: only one copy's elements are defined. */
const clients = new Map<string, AccountClient>();

/**
 * @param base - the BFF's folder, which `v1/` is in
 * @param address - where tokens come from; `null`: from the host's `getToken`. Elements that say another one are not told of
 * these tokens, nor can they stop them
 */
export function clientOf(base: string, account: string | null, address: TokenAddress | null): BillingClient {
  const key = [base, account, address?.url, address?.credentials].join(' ');
  const client = clients.get(key) ?? new AccountClient(key, base, account, address);
  clients.set(key, client);
  return client;
}

class AccountClient implements BillingClient {
  readonly #key: string;
  /** The key of its facts in the tab's storage and between tabs. */
  readonly #name: string;
  readonly #store = new ClientStore();
  readonly #visits;
  readonly #tokens;
  readonly #api;
  readonly #reader;
  readonly #scheduler = createScheduler({
    request: (poll, signal, quiet) => this.#reader.request(poll, signal, quiet),
    demand: () => this.#demand(),
  });
  #page: PageLifecycle | undefined;
  /** Another person may have come to the page meanwhile. */
  #wasHidden = !pageIsVisible();
  /** The function that the token on its way was asked of. */
  #getToken: unknown;
  #leaving: AbortController | undefined;
  #leavingTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(key: string, base: string, account: string | null, address: TokenAddress | null) {
    this.#key = key;
    this.#name = `${base} ${account ?? ''}`;
    this.#visits = createVisitSession(`billhook-visit:${this.#name}`);
    this.#tokens = createTokenSource(
      (signal) => tokenFromHost(address, account, signal),
      () => this.now(),
      () => this.#drop(),
    );
    this.#api = createApi(base, this.#tokens);
    this.#reader = new Reader(this.#store, this.#api, this.#visits, (revision) => this.#page?.tell(revision));
  }

  state(): ClientState {
    return this.#store.state;
  }

  now(): number {
    return this.#api.now();
  }

  isAnnouncer(subscriber: Subscriber): boolean {
    const all = [...this.#store.subscribers];
    return (all.find(({ whole }) => whole) ?? all[0]) === subscriber;
  }

  attach(subscriber: Subscriber): void {
    this.#store.subscribers.add(subscriber);
    if (this.#page) return;
    this.#page = this.#listen();
    this.#begin();
  }

  detach(subscriber: Subscriber): void {
    this.#store.subscribers.delete(subscriber);
    if (this.#store.subscribers.size) return;
    this.#page?.stop();
    this.#page = undefined;
    this.#scheduler.stop();
    this.#tokens.abort();
    this.#leaving?.abort();
    clearTimeout(this.#leavingTimer);
    this.#store.state = { ...this.#store.state, opening: null };
    // An element that is only moved connects again in the same task; else the account is forgotten.
    queueMicrotask(() => this.#store.subscribers.size || clients.delete(this.#key));
  }

  reconfigured(): void {
    // Words and the like, or a second copy of the script that says the same: a token on its way is not asked for again.
    if (this.#store.state.snapshot) return;
    if (this.#scheduler.isAsking() && this.#getToken === registry.options.getToken) return;
    this.#tokens.abort();
    this.#begin();
  }

  forget(): void {
    this.#tokens.expire();
    this.#drop();
  }

  /** Nothing of one account is shown to another, or opened for it: not even what it has just pressed. */
  #drop(): void {
    this.#leaving?.abort();
    clearTimeout(this.#leavingTimer);
    this.#scheduler.stop();
    this.#reader.forget();
    this.#scheduler.schedule();
  }

  retry(): void {
    this.#scheduler.tryWaiting();
    this.#store.set({ openFailure: null });
    this.#begin();
  }

  async open(action: OpenableAction, newTab: boolean, locale: string | undefined): Promise<void> {
    if (this.#store.state.opening) return;
    const { signal } = (this.#leaving = new AbortController());
    const seen = this.#store.state.snapshot?.revision ?? null;
    // A request that still waits would keep the page out of the back/forward cache, and the click from a connection (F22).
    for (const each of clients.values()) each.#scheduler.stop();
    this.#visits.dismiss();
    this.#tokens.expire();
    this.#reader.showVisit({ opening: action, openFailure: null });
    try {
      const opened = () => this.#api.open(action, seen, locale, signal);
      const isLeft = await leaveForVisit(opened, newTab, (visit) => this.#visits.keep(visit));
      if (isLeft) this.#leavingTimer = setTimeout(() => this.#stayed(), leavingLimit);
      else this.#stayed();
    } catch (cause) {
      if (!signal.aborted) this.#openFailed(cause);
    }
    for (const each of clients.values()) each.#scheduler.schedule();
  }

  #openFailed(cause: unknown): void {
    this.#store.set({ opening: null });
    if (cause instanceof SignedOut) return this.#reader.signOut();
    const failure = asFailure(cause);
    this.#store.set({ openFailure: failure });
    this.#store.report(failure);
    // "Nothing to pay" and "no customer" mean that the snapshot is old.
    if (failure.status === 404 || failure.status === 409) void this.#scheduler.ask(readNow);
  }

  /** The page is here although it was left: restored, opened in a new tab, or the person pressed Stop. */
  #stayed(): void {
    clearTimeout(this.#leavingTimer);
    this.#store.set({ opening: null });
    this.#scheduler.schedule();
  }

  /** Asks now: for a trip that came back, else for the billing. */
  #begin(again = false): void {
    this.#scheduler.activated();
    this.#getToken = registry.options.getToken;
    const isTakenUp = this.#visits.takeUp(again);
    if (isTakenUp) this.#scheduler.tryWaiting();
    if (this.#visits.isOpen()) this.#reader.showVisit({ openFailure: null });
    void this.#scheduler.ask(isTakenUp || this.#visits.isOpen() ? readReturnNow : readNow);
  }

  #listen(): PageLifecycle {
    const scheduler = this.#scheduler;
    return listenToPage(`billhook-${this.#name}`, {
      onActive: () => this.#onActive(),
      onInactive: () => {
        this.#wasHidden ||= !pageIsVisible();
        scheduler.schedule();
      },
      onFrozen: () => scheduler.stop(),
      onRestored: () => {
        this.#leaving?.abort();
        this.#wasHidden = false;
        this.#tokens.expire();
        this.#stayed();
        this.#begin(true);
      },
      onPeerRevision: (revision) => {
        if (revision === this.#store.state.snapshot?.revision) scheduler.schedule();
        else if (pageIsVisible() && !scheduler.isAsking() && !this.#store.state.opening && !scheduler.isHeldOff())
          void scheduler.ask(readNow, true);
      },
    });
  }

  #onActive(): void {
    const scheduler = this.#scheduler;
    // While the page is being left, a focus is not a return: it would use up the trip before it began.
    if (this.#store.state.opening) return;
    const isAsking = scheduler.isAsking();
    const wasHidden = this.#wasHidden;
    this.#wasHidden = false;
    if (wasHidden) this.#tokens.expire();
    // A tab that comes forward fires focus and visibilitychange: the second must not cut off the first one's request.
    else if (isAsking && this.#visits.isOpen()) return;
    if (this.#visits.hasReturned() || !scheduler.isFresh() || (wasHidden && isAsking)) return this.#begin();
    scheduler.activated();
    scheduler.schedule();
    // Tells which person's page it is. Any other failure is told by the next request, which needs one.
    this.#tokens.get().catch((cause: unknown) => {
      if (cause instanceof SignedOut) this.#reader.signOut();
      scheduler.schedule();
    });
  }

  #demand(): Demand {
    const { opening, signedOut } = this.#store.state;
    if (!this.#store.subscribers.size || opening || signedOut) return 'nothing';
    if (this.#visits.isOver()) this.#reader.endVisit();
    const { visit, snapshot, failure, failures } = this.#store.state;
    if (!snapshot && !failure) return 'now';
    // A failure that will come again in the same way is asked for at the pace of an idle page.
    const isHopeless = failure !== null && !failure.transient;
    return {
      visit: isHopeless ? 'none' : visit,
      sinceReturn: this.#visits.sinceReturn(),
      unsettled:
        !isHopeless &&
        snapshot !== null &&
        (snapshot.stale || snapshot.nextPaymentAwaited || bearingOf(snapshot.state).unsettled),
      failures: isHopeless ? 0 : failures,
    };
  }
}
