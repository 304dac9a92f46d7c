/** Reads an account after a new sync: raises a ticket, prioritizes the customer, and waits for the fetch. */

import type { Caller } from './auth.ts';
import type { AccountView } from '../accounts/view.ts';
import { heldPerAccount, pollUntil } from './long-poll.ts';
import type { RouteContext } from './route-context.ts';

export interface SyncAwaited {
  /** The account's customer, and the ticket that was raised for this request. */
  readonly customer: string;
  readonly ticket: number;
  /** Milliseconds to wait at most; 0 looks once. */
  readonly waitMs: number;
  /** Milliseconds for which the customer goes first in the queue. Default: as long as the wait. */
  readonly wantedMs?: number;
  /** Ends the wait when the client is gone. */
  readonly signal: AbortSignal;
  /**
   * A person clicked: the first failure ends it, for an early "not now" is better than a late one, and however many polls
   * are held for the account, this one is too. Default: false.
   */
  readonly click?: boolean;
}

export interface SyncedReading {
  readonly reading: AccountView;
  /** The fetch is in, and began after the ticket was raised: the account is as Stripe says it is now. */
  readonly synced: boolean;
}

/** Reads the account as soon as the ticket is synced, or as it is known when the time is up. */
export async function readSynced(
  parts: RouteContext,
  caller: Caller,
  { customer, ticket, waitMs, wantedMs = waitMs, signal, click = false }: SyncAwaited,
): Promise<SyncedReading> {
  const { config, read, store, wakeWorker } = parts;
  const began = config.now();
  await store.prioritize(customer, began + wantedMs);
  wakeWorker();
  const look = async () => {
    const reading = await read(caller);
    const { record } = reading;
    // The account has another customer now: this ticket means nothing any more.
    const synced = record === null || record.customer !== customer || record.syncedTicket >= ticket;
    const failed = click && (record?.failure?.at ?? 0) > began;
    return { value: { reading, synced }, done: synced || failed, nextChangeAt: null, isStale: !synced };
  };
  const most = click ? Number.POSITIVE_INFINITY : heldPerAccount;
  const { host, account } = caller;
  return await pollUntil(parts, { host, account, customer }, { waitMs, signal, most }, look);
}
