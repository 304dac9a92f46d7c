/** `GET /v1/billing`: the snapshot, at once, or held until it changes. */

import { Hono } from 'hono';
import type { AccountView } from '../../accounts/view.ts';
import type { Authenticated, Caller } from '../auth.ts';
import { includesEtag } from '../etags.ts';
import { pollUntil, waitPreference, type PollParts } from '../long-poll.ts';
import { readWithFirstFacts } from '../read-first.ts';
import type { RouteContext } from '../route-context.ts';
import { ofAccount } from '../../stripe/request-budget.ts';

export function billingRoute(parts: RouteContext) {
  const { allow } = parts;
  return new Hono<Authenticated>().get('/', allow('billing:read'), async (c) => {
    const { caller } = c.var;
    const { signal } = c.req.raw;

    const seen = c.req.header('if-none-match');
    const wait = waitPreference(c.req.header('prefer'));
    let reading = wantPreview(parts, caller, await readWithFirstFacts(parts, caller, signal));
    if (wait > 0 && includesEtag(seen, reading.etag))
      reading = await heldReading(parts, caller, reading, { wait, seen, signal });

    c.header('ETag', reading.etag);
    if (wait > 0) c.header('Preference-Applied', preferenceApplied(wait));
    if (includesEtag(seen, reading.etag)) return c.body(null, 304);
    return c.body(reading.body, 200, { 'Content-Type': 'application/json' });
  });
}

export const preferenceApplied = (wait: number): string => `wait=${wait / 1000}`;

interface Held {
  /** Milliseconds. */
  readonly wait: number;
  /** The ETags that the client has. Without one there is nothing to compare, so there is nothing to wait for. */
  readonly seen: string | undefined;
  readonly signal: AbortSignal;
}

/** The account's view as soon as it is another than the client has, or at the end of the wait. */
export function heldReading(
  parts: PollParts & Pick<RouteContext, 'read' | 'wantPreview'>,
  caller: Caller,
  { record }: AccountView,
  { wait, seen, signal }: Held,
): Promise<AccountView> {
  const { host, account } = caller;
  const held = { host, account, customer: record?.customer ?? null };
  return pollUntil(parts, held, { waitMs: wait, signal }, async () => {
    const value = wantPreview(parts, caller, await parts.read(caller));
    const isStale = (value.record?.staleSince ?? null) !== null;
    return { value, done: !includesEtag(seen, value.etag), nextChangeAt: value.nextChangeAt, isStale };
  });
}

/** The page is open: the charge that it shows next is asked for, if it is not known. The answer waits for nothing. */
function wantPreview(
  { wantPreview: want }: Pick<RouteContext, 'wantPreview'>,
  caller: Caller,
  view: AccountView,
): AccountView {
  const { host, account } = caller;
  const { record, chargedNext } = view;
  if (record !== null && chargedNext !== null && awaitsPreview(view))
    ofAccount(caller, () => want({ host, account, customer: record.customer, subscription: chargedNext }));
  return view;
}

export const awaitsPreview = ({ snapshot }: AccountView): boolean => snapshot.nextPaymentAwaited === true;
