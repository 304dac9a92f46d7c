/**
 * A ledger after a silence. A server at work ends a sweep every five minutes and writes that down; a last one that is long
 * past means that nobody was at work since, or that the ledger is a copy from then. Neither can be told from the other,
 * and both mean that what it says may be over: everything living is fetched again before it is called fresh.
 */

import type { Config } from '../config/config.ts';
import type { BillingStore } from '../ledger/ledger.ts';

/** Twelve sweeps. */
const silenceMs = 60 * 60_000;

/** Processes that notice a loss within that time of each other begin one life. */
const togetherMs = 60_000;

/**
 * A ledger under a process that runs: restored from a copy, or short of commits that a fail-over has lost. The process finds
 * its own last writes missing. @returns whether it was so
 */
export async function beginAnewAfterLoss(
  store: Pick<BillingStore, 'isIntact' | 'beginAnew'>,
  { now, log }: Pick<Config, 'now' | 'log'>,
): Promise<boolean> {
  if (await store.isIntact(now())) return false;
  const count = await store.beginAnew(now(), togetherMs);
  if (count !== null) log.error('ledger.lost_commits', { count });
  return true;
}

/** Before any work begins. */
export async function beginAnewAfterSilence(store: BillingStore, { now, log }: Config): Promise<void> {
  const last = await store.lastReport('sweep');
  const at = now();
  if (last === null || at - last.endedAt < silenceMs) return;
  const count = await store.beginAnew(at, silenceMs);
  if (count !== null) log.warn('ledger.begun_anew', { count, milliseconds: at - last.endedAt });
}
