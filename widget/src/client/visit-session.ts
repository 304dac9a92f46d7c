/**
 * One trip to Stripe's pages and back, as this tab knows it: kept in the tab's storage while the person is away, asked
 * for when they return, and settled at a revision, so that a later page asks again but announces the same outcome once.
 */
import type { VisitReturn } from '../contract.ts';
import { isSettled, provisionalLimit, type VisitStatus } from './polling.ts';
import { sessionItem, setSessionItem } from './session-storage.ts';
import { since } from './since.ts';

/** How long an unconfirmed return is shown as "updating"; after it, as waiting for Stripe. In milliseconds. */
const updatingLimit = 24_000;

interface Stored {
  readonly id: string;
  /** The revision at which a page of this tab saw its outcome; absent while none did. */
  readonly settledAt?: string | undefined;
}

/** The trip that this page asks about. `returnedAt`: when it came back, or was last taken up. */
type Visit =
  | { readonly kind: 'returning' | 'pending'; readonly id: string; readonly returnedAt: number }
  | {
      readonly kind: 'settled';
      readonly id: string;
      readonly returnedAt: number;
      readonly revision: string;
      /** Announced, or `null` where an earlier page has done it. */
      readonly outcome: 'changed' | 'unchanged' | null;
    };

export interface VisitSession {
  /** How the trip stands: decides its note and the pace of requests. */
  status(): VisitStatus;
  /** Milliseconds since the trip came back. */
  sinceReturn(): number;
  /** The id to ask the BFF for. */
  id(): string;
  /** Its outcome is not known yet. */
  isOpen(): boolean;
  /** Its outcome is shown, and a later change may still be its doing: the return may have been too early. */
  isProvisional(): boolean;
  /** Too long ago to be told of any more. */
  isOver(): boolean;
  /** A trip has come back that this page has not asked about. */
  hasReturned(): boolean;
  /**
   * Begins to ask about the stored trip, if there is one to ask about.
   *
   * @param again - also about a settled one: the person may have gone Back to Stripe and done more
   * @returns whether there is one
   */
  takeUp(again: boolean): boolean;
  /** Keeps the id of a trip that begins, for the page that the person comes back to. */
  keep(id: string): void;
  /** @returns whether the answer is to be announced */
  answer(answer: VisitReturn): boolean;
  /** No more is shown of the trip; one without an outcome stays stored, and can be taken up again. */
  dismiss(): void;
  /** The trip is over, or belongs to another account. */
  end(): void;
}

/** @param key - where the tab's storage keeps the trip */
export function createVisitSession(key: string): VisitSession {
  let visit: Visit | null = null;

  const status = (): VisitStatus => (visit?.kind === 'settled' ? visit.outcome : visit?.kind) ?? 'none';
  const sinceReturn = (): number => since(visit?.returnedAt ?? 0);
  const isOpen = (): boolean => visit !== null && visit.kind !== 'settled';

  return {
    status,
    sinceReturn,
    id: () => visit?.id ?? '',
    isOpen,
    isProvisional: () => isSettled(status()) && sinceReturn() < provisionalLimit,
    isOver: () => status() !== 'none' && sinceReturn() > provisionalLimit,
    hasReturned() {
      const stored = storedVisit(key);
      return status() === 'none' && stored !== null && !stored.settledAt;
    },
    takeUp(again) {
      const stored = storedVisit(key);
      if (!stored) return false;
      const { id, settledAt: revision } = stored;
      if (visit?.id === id && !again) return false;
      const returnedAt = Date.now();
      if (!revision) visit = { kind: 'returning', id, returnedAt };
      else if (visit?.id === id) visit = { ...visit, returnedAt };
      else visit = { kind: 'settled', id, returnedAt, revision, outcome: null };
      return true;
    },
    keep: (id) => keepVisit(key, id),
    answer({ outcome, snapshot: { revision } }) {
      if (!visit) return false;
      const { id, returnedAt } = visit;
      const isPending = outcome === 'pending';
      if (!isPending) keepVisit(key, id, revision);
      // The outcome at this revision was announced before.
      if (visit.kind === 'settled' && (isPending || visit.revision === revision)) return false;
      visit = isPending
        ? { kind: since(returnedAt) < updatingLimit ? 'returning' : 'pending', id, returnedAt }
        : { kind: 'settled', id, returnedAt, revision, outcome };
      return true;
    },
    dismiss() {
      visit = visit?.kind === 'settled' ? { ...visit, outcome: null } : null;
    },
    end() {
      visit = null;
      setSessionItem(key, null);
    },
  };
}

function keepVisit(key: string, id: string, settledAt?: string): void {
  setSessionItem(key, JSON.stringify({ id, settledAt }));
}

/** @returns `null` where no trip is stored, or nothing that can be read */
function storedVisit(key: string): Stored | null {
  try {
    const { id, settledAt } = JSON.parse(`${sessionItem(key)}`) as { id?: unknown; settledAt?: unknown };
    return typeof id === 'string' ? { id, settledAt: settledAt ? `${settledAt}` : undefined } : null;
  } catch {
    return null;
  }
}
