/** `GET /v1/billing`: the snapshot, at once, or held until it changes. */

import { Hono } from 'hono';
import { widgetAuth, type Authenticated } from '../auth.ts';
import { lookUntilDone, waitPreference } from '../waiting.ts';
import type { RouteParts } from './parts.ts';

/** How long the first read after a link waits for the first facts. */
const firstFactsMs = 5_000;

export function billingRoute({ config, introduce, read, store, verify, waiters, wakeWorker }: RouteParts) {
  return new Hono<Authenticated>().get('/', widgetAuth(verify, config.hosts, 'billing:read', config.now), async (c) => {
    const { identity } = c.var;
    await introduce(identity);

    const seen = etagsOf(c.req.header('if-none-match'));
    const first = await read(identity);
    const unknown = first.record !== null && first.snapshot.state === 'unknown' && first.record.failure === null;
    // Without an ETag there is nothing to compare, so there is nothing to wait for but the first facts.
    const waitMs = unknown ? firstFactsMs : seen.size > 0 ? waitPreference(c) : 0;
    if (waitMs > 0 && first.record && (unknown || first.record.staleSince !== null)) {
      await store.want(first.record.customer, config.now() + waitMs);
      wakeWorker();
    }

    const { snapshot, etag } = await lookUntilDone(
      waiters,
      identity,
      waitMs,
      c.req.raw.signal,
      config.now,
      async () => {
        const reading = await read(identity);
        const loading = unknown && reading.snapshot.state === 'unknown' && reading.record?.failure === null;
        return { value: reading, done: !loading && !seen.has(reading.etag), nextChangeAt: reading.nextChangeAt };
      },
    );

    c.header('ETag', etag);
    if (waitPreference(c) > 0) c.header('Preference-Applied', `wait=${waitPreference(c) / 1000}`);
    return seen.has(etag) ? c.body(null, 304) : c.json(snapshot);
  });
}

/** The ETags that the client has. A proxy that compressed the answer may have made ours weak; it is the same document. */
function etagsOf(header: string | undefined): ReadonlySet<string> {
  return new Set(
    (header ?? '')
      .split(',')
      .map((etag) => etag.trim().replace(/^W\//, ''))
      .filter(Boolean),
  );
}
