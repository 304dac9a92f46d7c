/** Reads one account's billing: the requests, and how their answers change the state. */
import { asFailure, BillhookError, SignedOut } from '../page/errors.ts';
import type { Api } from './api.ts';
import { nothingKnown, type ClientState } from './client-state.ts';
import type { ClientStore } from './client-store.ts';
import { waitSeconds, type Poll } from './polling.ts';
import type { Outcome } from './scheduler.ts';
import type { VisitSession } from './visit-session.ts';

export class Reader {
  readonly #store;
  readonly #api;
  readonly #visits;
  readonly #tellPeers;

  /** @param tellPeers - tells other tabs of a revision that this one has seen */
  constructor(store: ClientStore, api: Api, visits: VisitSession, tellPeers: (revision: string) => void) {
    this.#store = store;
    this.#api = api;
    this.#visits = visits;
    this.#tellPeers = tellPeers;
  }

  /** @param quiet - other tabs have its news already */
  async request(poll: Poll, signal: AbortSignal, quiet: boolean): Promise<Outcome> {
    const before = this.#store.state.snapshot?.revision;
    let failure: BillhookError | null = null;
    try {
      await (poll.kind === 'return' ? this.#readReturn(poll.wait, signal) : this.#read(poll.wait, signal));
      const revision = this.#store.state.snapshot?.revision;
      // Also when nothing changed on an idle turn, so that other tabs skip theirs.
      if (revision && !quiet && (revision !== before || !poll.wait)) this.#tellPeers(revision);
    } catch (cause) {
      if (!signal.aborted) failure = this.#requestFailed(cause);
    }
    return { changed: this.#store.state.snapshot?.revision !== before, failure };
  }

  /** @returns the failure, where it is one of the request's own */
  #requestFailed(cause: unknown): BillhookError | null {
    if (cause instanceof SignedOut) this.signOut();
    // Without a failure: it was answered for another account, and is asked again at once.
    if (cause instanceof SignedOut || cause instanceof DOMException) return null;
    const failure = asFailure(cause);
    const isNews = this.#store.state.failure?.code !== failure.code;
    this.#store.set({ failure, failures: this.#store.state.failures + 1 });
    if (isNews) this.#store.report(failure);
    return failure;
  }

  async #read(wait: number, signal: AbortSignal): Promise<void> {
    const snapshot = await this.#api.billing(wait, signal);
    signal.throwIfAborted();
    const before = this.#store.state.snapshot;
    this.#store.apply(snapshot ?? before, this.#api.now());
    const isNews = before && before.revision !== this.#store.state.snapshot?.revision;
    if (isNews && this.#visits.isProvisional()) await this.#readReturn(waitSeconds, signal);
  }

  async #readReturn(wait: number, signal: AbortSignal): Promise<void> {
    const asked = this.#api.visitReturn(this.#visits.id(), wait, signal);
    // A plan to show meanwhile; sent after the return's own request, and it may fail, because that one will tell.
    if (!this.#store.state.snapshot) void this.#read(0, signal).catch(() => {});
    try {
      const answer = await asked;
      signal.throwIfAborted();
      const isNews = this.#visits.answer(answer);
      const announced = isNews && { visit: this.#visits.status(), changes: answer.changes };
      this.#store.apply(answer.snapshot, this.#api.now(), announced || {});
    } catch (cause) {
      if (!(cause instanceof BillhookError) || cause.status !== 404) throw cause;
      // Unknown, foreign or too long ago: an ordinary load.
      this.endVisit();
      await this.#read(0, signal);
    }
  }

  endVisit(): void {
    this.#visits.end();
    this.showVisit();
  }

  /** How the trip is shown now. */
  showVisit(change: Partial<ClientState> = {}): void {
    this.#store.set({ ...change, visit: this.#visits.status(), changes: [] });
  }

  /** The token speaks for another account. */
  forget(): void {
    this.#visits.end();
    this.#drop(false);
  }

  /** The token speaks for no account. A trip stays stored: its outcome is still told after the next sign-in. */
  signOut(): void {
    this.#visits.dismiss();
    this.#drop(true);
  }

  #drop(signedOut: boolean): void {
    this.#api.forgetDocument();
    this.#store.set({ ...nothingKnown, signedOut });
  }
}
