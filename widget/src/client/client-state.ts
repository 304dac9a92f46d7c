/** The state of a client, and the calls that elements make. */
import type { OpenableAction } from './api.ts';
import type { BillingSnapshot, Change } from '../contract.ts';
import type { BillhookError } from '../page/errors.ts';
import type { VisitStatus } from './polling.ts';

/** The state that elements show. Replaced as a whole at every change. */
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
  readonly visit: VisitStatus;
  readonly changes: readonly Change[];
  /** The account got into trouble while the page was open, so it may be said at once. */
  readonly alerting: boolean;
}

export interface Subscriber {
  /** It shows everything, so it speaks for those that show a part. */
  readonly whole: boolean;
  changed(): void;
  snapshotChanged(snapshot: BillingSnapshot, previous: BillingSnapshot | null): void;
  failed(error: BillhookError): void;
}

export interface BillingClient {
  state(): ClientState;
  /** The server's clock, in milliseconds. */
  now(): number;
  /** Whether this is the one element that speaks to screen readers for all of them. */
  isAnnouncer(subscriber: Subscriber): boolean;
  attach(subscriber: Subscriber): void;
  detach(subscriber: Subscriber): void;
  /** The page's options are others now: a read that failed may succeed. */
  reconfigured(): void;
  /** Another person may be signed in, or none: drops all that is known, and asks anew. */
  forget(): void;
  /** The person asks again. */
  retry(): void;
  /** Opens an action's page, in the page's language. Ignored while another one is being opened. */
  open(action: OpenableAction, newTab: boolean, locale: string | undefined): Promise<void>;
}

export const nothingKnown: ClientState = {
  snapshot: null,
  confirmedAt: 0,
  signedOut: false,
  failure: null,
  failures: 0,
  opening: null,
  openFailure: null,
  visit: 'none',
  changes: [],
  alerting: false,
};
