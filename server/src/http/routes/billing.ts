/** `GET /v1/billing`: the snapshot, at once, or held until it changes. */

import { Hono } from 'hono';
import type { AccountView } from '../../accounts/view.ts';
import type { Authenticated, Caller } from '../auth.ts';
import { etagsOf } from '../etags.ts';
import { pollUntil, waitPreference } from '../long-poll.ts';
import { readWithFirstFacts } from '../read-first.ts';
import type { RouteContext } from '../route-context.ts';

export function billingRoute(parts: RouteContext) {
  const { allow, read } = parts;
  return new Hono<Authenticated>().get('/', allow('billing:read'), async (c) => {
    const { caller } = c.var;
    const { signal } = c.req.raw;

    const seen = etagsOf(c.req.header('if-none-match'));
    const wait = waitPreference(c);
    const wanting = (view: AccountView): AccountView => wantPreview(parts, caller, view);
    let reading = wanting(await readWithFirstFacts(parts, caller, signal));
    // Without an ETag there is nothing to compare, so there is nothing to wait for.
    if (wait > 0 && seen.has(reading.etag)) {
      const { host, account } = caller;
      const customer = reading.record?.customer ?? null;
      reading = await pollUntil(parts, { host, account, customer }, { waitMs: wait, signal }, async () => {
        const value = wanting(await read(caller));
        const isStale = (value.record?.staleSince ?? null) !== null;
        return { value, done: !seen.has(value.etag), nextChangeAt: value.nextChangeAt, isStale };
      });
    }

    c.header('ETag', reading.etag);
    if (wait > 0) c.header('Preference-Applied', `wait=${wait / 1000}`);
    if (seen.has(reading.etag)) return c.body(null, 304);
    return c.body(reading.body, 200, { 'Content-Type': 'application/json' });
  });
}

/** The page is open: the charge that it shows next is asked for, if it is not known. The answer waits for nothing. */
function wantPreview(
  { wantPreview: want }: Pick<RouteContext, 'wantPreview'>,
  { host, account }: Caller,
  view: AccountView,
): AccountView {
  const { record, chargedNext } = view;
  if (record !== null && chargedNext !== null && awaitsPreview(view))
    want({ host, account, customer: record.customer, subscription: chargedNext });
  return view;
}

export const awaitsPreview = ({ snapshot }: AccountView): boolean => snapshot.nextPaymentAwaited === true;
