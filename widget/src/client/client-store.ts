/** The state of one account on this page, and the elements that are told when it changes. */
import type { BillingSnapshot } from '../contract.ts';
import type { BillhookError } from '../page/errors.ts';
import { bearingOf } from './billing-states.ts';
import { nothingKnown, type ClientState, type Subscriber } from './client-state.ts';
import { supersedes } from './parse.ts';

export class ClientStore {
  readonly subscribers = new Set<Subscriber>();
  state = nothingKnown;

  set(change: Partial<ClientState>): void {
    this.state = { ...this.state, ...change };
    for (const subscriber of this.subscribers) subscriber.changed();
  }

  report(failure: BillhookError): void {
    for (const subscriber of this.subscribers) subscriber.failed(failure);
  }

  /**
   * @param snapshot - replaces the one that is known, unless it is older
   * @param now - the server's clock, in milliseconds
   * @param more - changes of the same moment
   */
  apply(snapshot: BillingSnapshot | null, now: number, more: Partial<ClientState> = {}): void {
    const { snapshot: previous, alerting, openFailure } = this.state;
    const next = snapshot && supersedes(snapshot, previous) ? snapshot : previous;
    if (!next) return;
    const isTrouble = bearingOf(next.state).trouble;
    const hasBegun = isTrouble && previous !== null && !bearingOf(previous.state).trouble;
    const isNews = !previous || contentOf(next) !== contentOf(previous);
    // One change for all that an answer means: each is another render.
    this.set({
      failure: null,
      failures: 0,
      signedOut: false,
      // A failed opening was about the billing as it was, or without an answer, and one has come.
      openFailure: isNews || (openFailure?.transient && !openFailure.status) ? null : openFailure,
      ...more,
      snapshot: next,
      confirmedAt: now,
      alerting: isTrouble && (alerting || hasBegun),
    });
    if (isNews) {
      for (const subscriber of this.subscribers) subscriber.snapshotChanged(next, previous);
    }
  }
}

/** The document without when and how it was confirmed: a renewed look at the same billing is no change. */
const contentOf = (snapshot: BillingSnapshot): string => JSON.stringify({ ...snapshot, asOf: 0, confirmedBy: 0 });
