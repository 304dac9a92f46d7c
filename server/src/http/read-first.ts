/** Between a link and its first fetch nothing is known. Whoever reads first waits a little for the facts. */

import type { Identity } from './auth.ts';
import type { Reading } from '../accounts/view.ts';
import { lookUntilDone } from './long-poll.ts';
import type { RouteParts } from './route-context.ts';

/** How long the first read after a link waits, in milliseconds. */
const firstFactsMs = 5_000;

/** Nothing was ever fetched, and nothing has failed that would make waiting pointless. */
const isLoading = ({ record }: Reading) => record !== null && record.facts === null && record.failure === null;

/** Reads the account; where it was just linked, as soon as its first facts are in, or after 5 s without them. */
export async function readWithFirstFacts(
  { config, read, store, waiters, wakeWorker }: RouteParts,
  identity: Identity,
  signal: AbortSignal,
): Promise<Reading> {
  const first = await read(identity);
  if (!isLoading(first) || first.record === null) return first;
  await store.want(first.record.customer, config.now() + firstFactsMs);
  wakeWorker();
  return await lookUntilDone(waiters, identity, firstFactsMs, signal, config.now, async () => {
    const value = await read(identity);
    return { value, done: !isLoading(value), nextChangeAt: null };
  });
}
