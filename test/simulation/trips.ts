/**
 * Pages that went to Stripe and come back: each asks until it is answered. The answer uses facts fetched after the return;
 * and once the ledger is at rest there is an answer.
 */

import { BrokenPromise } from './broken-promise.ts';
import { iso } from '../../server/src/billing/judge/deadlines.ts';
import type { LedgerProcess } from './ledger-under-test.ts';

interface Trip {
  readonly account: string;
  readonly id: string;
  /** When each of the asks was made that no answer has come to, in order. */
  untold: readonly number[];
  /** When an ask last began or ended. */
  askedAt: number;
  /** Asks under way. */
  open: number;
  isFirst: boolean;
}

/** A visit that returns again shares a look that may be so old, in milliseconds. */
const sharedMs = 5_000;
/** After such a silence a page that asks is one that came back. */
const silenceMs = 40_000;

export class Trips {
  readonly #trips: Trip[] = [];
  readonly #now: () => number;
  /** Answers that said what came of a trip. */
  told = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async open(account: string, process: LedgerProcess): Promise<void> {
    const id = await process.open(account);
    if (id !== null) this.#trips.push({ account, id, untold: [], askedAt: 0, open: 0, isFirst: true });
  }

  /** @param pick - negative: from the newest on. */
  find(pick: number): Trip | undefined {
    return pick < 0 ? this.#trips.at(pick) : this.#trips[pick % this.#trips.length];
  }

  /**
   * A tab asks. The call ends when the history lets it, so an answer may be to the ask of another tab.
   *
   * @throws {BrokenPromise}
   */
  async return(trip: Trip, process: LedgerProcess): Promise<void> {
    const cameBack = trip.open === 0 && this.#now() - trip.askedAt > silenceMs;
    const began = this.#now();
    trip.untold = [...(cameBack ? [] : trip.untold), began];
    const since = (trip.untold[0] ?? began) - (trip.isFirst ? 0 : sharedMs);
    trip.askedAt = began;
    trip.open++;
    const { outcome, fetchedAt } = await process.return(trip.account, trip.id);
    trip.open--;
    trip.askedAt = this.#now();
    if (outcome === 'pending') return;
    // A tab that asked after this one still waits for its own.
    trip.untold = trip.untold.filter((at) => at > began);
    trip.isFirst = false;
    this.told++;
    if (fetchedAt !== null && fetchedAt < since) {
      throw new BrokenPromise(`a return of ${iso(since)} is answered by facts of ${iso(fetchedAt)}`);
    }
  }

  /** Those that asked, and were not told. */
  get waiting(): readonly Trip[] {
    return this.#trips.filter(({ untold }) => untold.length > 0);
  }
}
