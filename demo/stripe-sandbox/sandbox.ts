/** The interface of a sandbox, for tests, the control room and the seeds. */

import type { Hono } from 'hono';
import type { Faults } from './http/faults.ts';
import type { RequestLog } from './http/request-log.ts';
import type { Clock } from './state/clock.ts';
import type { Settings } from './state/settings.ts';
import type { State } from './state/state.ts';
import type { PortalConfiguration } from './state/wire.ts';
import type { Deliveries } from './webhooks/deliveries.ts';

export interface StripeSandboxOptions {
  /** The key that clients must send. Default `sk_test_sandbox`. */
  readonly secretKey?: string;
  /** The origin in the addresses of hosted pages. Default: where it listens. */
  readonly publicUrl?: string;
  /** Milliseconds that every `/v1` call takes. Default 0. */
  latencyMs?: number;
  /** Unix milliseconds at which the clock stands, frozen until it is moved or told to `run`. Default: real time, flowing. */
  readonly startAt?: number;
  /** A whole number from 1. The same seed makes the same account, with the same ids. Default 1. */
  readonly seed?: number;
}

export interface StripeSandbox {
  readonly app: Hono;
  readonly secretKey: string;
  readonly clock: Clock;
  readonly deliveries: Deliveries;
  readonly faults: Faults;
  readonly requests: RequestLog;
  /** The account's Dashboard settings; change them in place. */
  readonly settings: Settings;
  /** The books themselves, for tests that look without asking. */
  readonly state: State;
  /** Makes a key that may do only this, such as `customer_read` (KEY-1). */
  addRestrictedKey(permissions: readonly string[]): string;
  /** The restricted keys with their permissions, oldest first. */
  restrictedKeys(): readonly { key: string; permissions: string[] }[];
  /** Saves the portal's settings in the Dashboard, which makes the default configuration (HTTP-5). */
  savePortalSettings(): PortalConfiguration;
  /** Listens on the loopback address. Port 0 takes any that is free. */
  listen(port?: number): Promise<{ url: string; port: number }>;
  /** For `new Stripe(sandbox.secretKey, sandbox.stripeClientOptions())`. Only once it listens. */
  stripeClientOptions(): { host: string; port: number; protocol: 'http' };
  /** Stops listening, lets hanging requests go and clears every timer. */
  close(): Promise<void>;
}
