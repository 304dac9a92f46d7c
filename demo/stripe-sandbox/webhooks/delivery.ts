/** Deliveries, and everything that can be arranged about them. */

import type { State } from '../state/state.ts';
import type { EventType, SandboxEvent, WebhookEndpoint } from '../state/wire.ts';

export interface DeliverySettings {
  /** Milliseconds of real time after which a failed delivery is tried again; as many tries as entries (WH-2: Stripe publishes no numbers). */
  retryAfterMs: number[];
  /** Milliseconds after which an endpoint that has not answered has failed. */
  timeoutMs: number;
  /** Milliseconds that every delivery is held back. */
  delayMs: number;
  /** How often each event is sent: 2 sends everything twice (WH-3). */
  copies: number;
  /** Whether each change is told by two events, with an id each (WH-3). */
  twins: boolean;
  /** The order of events within one moment. */
  order: 'asSent' | 'reversed' | 'shuffled';
  /** `noticed`: never arrives, and Stripe knows (`delivery_success: false`); `silently`: never arrives, and Stripe believes it did. */
  lose: 'no' | 'noticed' | 'silently';
  /** How many deliveries are under way to one endpoint at a time; 1 keeps the order exact. */
  concurrency: number;
}

/** A rule for a few deliveries, before the settings. */
export interface DeliveryRule extends Partial<Pick<DeliverySettings, 'delayMs' | 'copies' | 'lose'>> {
  /** Signed with a secret that the endpoint does not know. */
  readonly wrongSecret?: boolean;
  /** Only these types. Default: all. */
  readonly types?: EventType[];
  /** How many events it holds for. Default 1. */
  readonly times?: number;
}

export interface Delivery {
  readonly event: string;
  type: EventType;
  readonly endpoint: string;
  state: 'waiting' | 'delivered' | 'failed' | 'lost';
  readonly attempts: { at: number; status: number | null; error: string | null }[];
}

export interface Deliveries {
  readonly settings: DeliverySettings;
  /** A rule for the next events that fit it. */
  next(rule: DeliveryRule): void;
  /** Holds everything back until `resume`. */
  pause(): void;
  resume(): void;
  readonly paused: boolean;
  /** Oldest first. */
  list(filter?: { event?: string; type?: EventType; state?: Delivery['state'] }): Delivery[];
  /** Whether every endpoint that wanted this event has acknowledged it. */
  succeeded(event: string): boolean;
  /** Sends an event again, as the Dashboard and the CLI can. */
  resend(event: string, endpoint?: string): Promise<void>;
  /** Tries everything that waits for a retry now. */
  retryNow(): void;
  /** Resolves when nothing is under way. Retries and delays that wait for their time do not count. */
  settled(): Promise<void>;
  /**
   * Registers an endpoint without the API, as `stripe listen` does. Answers its secret. A `thin` one is a v2 event
   * destination: it is sent `v1.customer.subscription.updated` with no object inside.
   */
  addEndpoint(
    url: string,
    options?: { events?: string[]; secret?: string; thin?: boolean; apiVersion?: string },
  ): { endpoint: WebhookEndpoint; secret: string };
  /** A new secret; the old one goes on signing beside it until `dropOldSecrets`. */
  rollSecret(endpoint: string): string;
  dropOldSecrets(endpoint: string): void;
  /** For the API: the secret that is told once. */
  addSecret(endpoint: string, secret?: string): string;
  close(): void;
}

export interface DeliveriesOptions {
  state: State;
  /** Every endpoint has acknowledged the event. */
  onAcknowledged(event: SandboxEvent): void;
}
