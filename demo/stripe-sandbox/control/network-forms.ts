/** The actions behind the buttons of the control room's network sections. */

import type { Hono } from 'hono';
import type { FaultKind } from '../http/faults.ts';
import { supportedVersions } from '../http/versions.ts';
import type { StripeSandbox } from '../sandbox.ts';
import { back } from './back.ts';
import { nextDeliveries, nextFaults } from './network-room.ts';

export function networkForms(pages: Hono, sandbox: StripeSandbox): void {
  const { deliveries, faults, state } = sandbox;

  pages.post('/do/deliveries', async (c) => {
    const form = await c.req.parseBody();
    const [delayMs, latencyMs] = [numberIn(form['delayMs']), numberIn(form['latencyMs'])];
    if (delayMs === null || latencyMs === null) return back(c, 'number', 'deliveries');
    const { settings } = deliveries;
    const chosen = <const T extends string>(name: string, allowed: readonly T[], otherwise: T): T =>
      allowed.find((value) => value === form[name]) ?? otherwise;
    settings.delayMs = delayMs;
    settings.lose = chosen('lose', ['no', 'noticed', 'silently'], settings.lose);
    settings.order = chosen('order', ['asSent', 'reversed', 'shuffled'], settings.order);
    settings.copies = Number(chosen('copies', ['1', '2', '3'], '1'));
    settings.twins = form['twins'] === 'true';
    faults.latencyMs = latencyMs;
    if (form['paused'] === 'true') deliveries.pause();
    else deliveries.resume();
    return back(c, 'deliveries', 'deliveries');
  });

  pages.post('/do/next-delivery', async (c) => {
    const { what } = await c.req.parseBody();
    if (!isKey(nextDeliveries, what)) return back(c, 'unknown', 'deliveries');
    deliveries.next(nextDeliveries[what].rule);
    return back(c, 'nextDelivery', 'deliveries');
  });

  pages.post('/do/endpoint', async (c) => {
    const { endpoint, version } = await c.req.parseBody();
    const found = state.webhookEndpoints.get(String(endpoint));
    if (!found) return back(c, 'gone', 'deliveries');
    if (!supportedVersions.includes(String(version))) return back(c, 'unknown', 'deliveries');
    found.api_version = String(version);
    return back(c, 'endpoint', 'deliveries');
  });

  pages.post('/do/faults', async (c) => {
    const { kind } = await c.req.parseBody();
    if (kind === 'none') faults.clear();
    else if (isKey(nextFaults, kind)) faults.next({ kind: kind as FaultKind });
    else return back(c, 'unknown', 'api');
    return back(c, 'faults', 'api');
  });

  pages.post('/do/limit', async (c) => {
    const { perSecond } = await c.req.parseBody();
    const limit = perSecond === '' ? null : numberIn(perSecond);
    if (perSecond !== '' && limit === null) return back(c, 'number', 'api');
    faults.rateLimitPerSecond = limit;
    return back(c, 'limit', 'api');
  });

  pages.post('/do/keys', async (c) => {
    const { permissions } = await c.req.parseBody();
    sandbox.addRestrictedKey(String(permissions).match(/\w+/g) ?? []);
    return back(c, 'keys', 'api');
  });
}

/** A whole number of 0 or more; `null` for everything else. */
function numberIn(value: unknown): number | null {
  if (typeof value !== 'string' || value === '') return null;
  const number = Number(value);
  return Number.isInteger(number) && number >= 0 ? number : null;
}

const isKey = <T extends object>(table: T, key: unknown): key is keyof T =>
  typeof key === 'string' && Object.hasOwn(table, key);
