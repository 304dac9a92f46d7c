/** The first reading of a request: a customer that the token introduces is linked, and a new link waits for its facts. */

import type { Caller } from './auth.ts';
import type { AccountView } from '../accounts/view.ts';
import { pollUntil } from './long-poll.ts';
import type { RouteContext } from './route-context.ts';

/** How long the first read after a link waits, in milliseconds. */
const firstFactsMs = 5_000;

/** Nothing was ever fetched, and nothing has failed that would make waiting pointless. */
export const isLoading = ({ record }: AccountView) =>
  record !== null && record.facts === null && record.failure === null;

/**
 * Reads the account once; a second time only where its token has just introduced a customer.
 *
 * @throws {BillhookError} `introduction_refused`
 */
export async function readIntroduced({ linking, read }: RouteContext, caller: Caller): Promise<AccountView> {
  const reading = await read(caller);
  return (await linking.introduce(caller, reading)) ? await read(caller) : reading;
}

/** Reads the account; where it was just linked, as soon as its first facts are in, or after 5 s without them. */
export async function readWithFirstFacts(
  parts: RouteContext,
  caller: Caller,
  signal: AbortSignal,
): Promise<AccountView> {
  const { config, read, store, wakeWorker } = parts;
  const first = await readIntroduced(parts, caller);
  if (!isLoading(first) || first.record === null) return first;
  const { host, account } = caller;
  const { customer } = first.record;
  await store.prioritize(customer, config.now() + firstFactsMs);
  wakeWorker();
  return await pollUntil(parts, { host, account, customer }, { waitMs: firstFactsMs, signal }, async () => {
    const value = await read(caller);
    return { value, done: !isLoading(value), nextChangeAt: null, isStale: isLoading(value) };
  });
}
