/** The control room, as JSON under `/sandbox`: a test's powers over Stripe that no API call has. For people it is a page there. */

import { Hono } from 'hono';
import type { Fault } from '../http/faults.ts';
import type { StripeSandbox } from '../sandbox.ts';
import type { CardBehaviour } from '../state/wire.ts';
import type { DeliveryRule, DeliverySettings } from '../webhooks/deliveries.ts';
import { isOwnEndpoint } from '../state/loopback.ts';

const chargeOutcomes: readonly CardBehaviour[] = ['works', 'failsOnCharge', 'needsAuthentication', 'insufficientFunds'];

/**
 * ```
 * GET  /sandbox/clock                       { now, frozen }
 * POST /sandbox/clock                       { advanceSeconds | advanceTo (ISO 8601 or Unix ms) | frozen }
 * GET  /sandbox/faults   POST (a Fault, or { latencyMs, rateLimitPerSecond })   DELETE
 * GET  /sandbox/deliveries                  { settings, paused, deliveries }
 * POST /sandbox/deliveries                  DeliverySettings, and { paused }, { retryNow: true }
 * POST /sandbox/deliveries/next             a DeliveryRule
 * POST /sandbox/endpoints                   { url, events?, secret?, thin?, apiVersion? } → { id, secret }
 * GET  /sandbox/events                      newest first, with how each was delivered
 * POST /sandbox/events/:id/resend
 * POST /sandbox/charges/next                { outcome }: works | failsOnCharge | needsAuthentication | insufficientFunds
 * POST /sandbox/portal-settings             saves the Dashboard's portal settings (makes the default configuration)
 * POST /sandbox/keys                      { permissions } → { key }: a restricted key
 * GET  /sandbox/settings   PATCH            Settings
 * GET  /sandbox/requests   DELETE           the requests to /v1
 * ```
 * The room has no password: the sandbox listens on the loopback address only, takes requests of its own machine and its
 * own pages only (`guard.ts`), and sends events to this machine only. It must not be made public.
 */
export function createControlRoom(sandbox: StripeSandbox): Hono {
  const room = new Hono();
  room.onError((error, c) => {
    // The request cannot be carried out (a clock that should go back), or is not JSON.
    if (error instanceof RangeError || error instanceof SyntaxError) return c.json({ error: error.message }, 400);
    throw error;
  });

  room.get('/clock', (c) => c.json(clockOf(sandbox)));
  room.post('/clock', async (c) => {
    const body = await c.req.json<{ advanceSeconds?: number; advanceTo?: string | number; frozen?: boolean }>();
    if (typeof body.advanceSeconds === 'number') await sandbox.clock.advance(body.advanceSeconds * 1000);
    if (body.advanceTo !== undefined) await sandbox.clock.advanceTo(new Date(body.advanceTo).getTime());
    if (body.frozen === true) sandbox.clock.freeze();
    if (body.frozen === false) sandbox.clock.run();
    return c.json(clockOf(sandbox));
  });

  room.get('/faults', (c) => c.json(faultsOf(sandbox)));
  room.post('/faults', async (c) => {
    const body = await c.req.json<Partial<Fault> & { latencyMs?: number; rateLimitPerSecond?: number | null }>();
    const { latencyMs, rateLimitPerSecond, ...fault } = body;
    if (typeof latencyMs === 'number') sandbox.faults.latencyMs = latencyMs;
    if (rateLimitPerSecond !== undefined) sandbox.faults.rateLimitPerSecond = rateLimitPerSecond;
    if (fault.kind !== undefined) sandbox.faults.next({ ...fault, kind: fault.kind });
    return c.json(faultsOf(sandbox));
  });
  room.delete('/faults', (c) => {
    sandbox.faults.clear();
    sandbox.faults.latencyMs = 0;
    sandbox.faults.rateLimitPerSecond = null;
    return c.json(faultsOf(sandbox));
  });
  deliveryRoom(room, sandbox);
  accountRoom(room, sandbox);
  return room;
}

function deliveryRoom(room: Hono, sandbox: StripeSandbox): void {
  const deliveriesOf = (): object => ({
    settings: sandbox.deliveries.settings,
    paused: sandbox.deliveries.paused,
    deliveries: sandbox.deliveries.list(),
  });
  room.get('/deliveries', (c) => c.json(deliveriesOf()));
  room.post('/deliveries', async (c) => {
    const { paused, retryNow, ...settings } = await c.req.json<
      Partial<DeliverySettings> & { paused?: boolean; retryNow?: boolean }
    >();
    for (const key of Object.keys(settings)) {
      if (!Object.hasOwn(sandbox.deliveries.settings, key)) return c.json({ error: `no delivery setting ${key}` }, 400);
    }
    Object.assign(sandbox.deliveries.settings, settings);
    if (paused === true) sandbox.deliveries.pause();
    if (paused === false) sandbox.deliveries.resume();
    if (retryNow) sandbox.deliveries.retryNow();
    return c.json(deliveriesOf());
  });
  room.post('/deliveries/next', async (c) => {
    sandbox.deliveries.next(await c.req.json<DeliveryRule>());
    return c.json(deliveriesOf());
  });
  room.post('/endpoints', async (c) => {
    const { url, ...options } = await c.req.json<{
      url: string;
      events?: string[];
      secret?: string;
      thin?: boolean;
      apiVersion?: string;
    }>();
    if (!isOwnEndpoint(url)) return c.json({ error: 'url must be an http or https address of this machine' }, 400);
    const { endpoint, secret } = sandbox.deliveries.addEndpoint(url, options);
    return c.json({ id: endpoint.id, secret });
  });

  room.get('/events', (c) =>
    c.json(
      sandbox.state.events
        .list()
        .map((event) => ({ ...event, deliveries: sandbox.deliveries.list({ event: event.id }) })),
    ),
  );
  room.post('/events/:id/resend', async (c) => {
    const id = c.req.param('id');
    if (!sandbox.state.events.get(id)) return c.json({ error: `no event ${id}` }, 404);
    await sandbox.deliveries.resend(id);
    return c.json({ deliveries: sandbox.deliveries.list({ event: id }) });
  });
}

function accountRoom(room: Hono, sandbox: StripeSandbox): void {
  room.post('/charges/next', async (c) => {
    const { outcome } = await c.req.json<{ outcome: CardBehaviour }>();
    if (!chargeOutcomes.includes(outcome))
      return c.json({ error: `outcome must be one of ${chargeOutcomes.join(', ')}` }, 400);
    sandbox.state.nextCharges.push(outcome);
    return c.json({ next: sandbox.state.nextCharges });
  });
  room.post('/keys', async (c) => {
    const { permissions } = await c.req.json<{ permissions?: unknown }>();
    if (!Array.isArray(permissions)) return c.json({ error: 'permissions must be a list' }, 400);
    return c.json({ key: sandbox.addRestrictedKey(permissions.map(String)) });
  });
  room.post('/portal-settings', (c) => c.json(sandbox.savePortalSettings()));
  room.get('/settings', (c) => c.json(sandbox.settings));
  room.patch('/settings', async (c) => {
    const body = await c.req.json<Record<string, unknown>>();
    for (const [key, value] of Object.entries(body)) {
      if (!Object.hasOwn(sandbox.settings, key)) return c.json({ error: `no setting ${key}` }, 400);
      const current = Reflect.get(sandbox.settings, key) as unknown;
      if (typeof current === 'object' && current !== null) Object.assign(current, value);
      else Reflect.set(sandbox.settings, key, value);
    }
    return c.json(sandbox.settings);
  });
  room.get('/requests', (c) => c.json(sandbox.requests.list()));
  room.delete('/requests', (c) => {
    sandbox.requests.clear();
    return c.json([]);
  });
}

const clockOf = (sandbox: StripeSandbox): object => ({
  now: new Date(sandbox.clock.now()).toISOString(),
  unixMs: sandbox.clock.now(),
  frozen: sandbox.clock.frozen,
});

const faultsOf = (sandbox: StripeSandbox): object => ({
  latencyMs: sandbox.faults.latencyMs,
  rateLimitPerSecond: sandbox.faults.rateLimitPerSecond,
  pending: sandbox.faults.pending(),
});
