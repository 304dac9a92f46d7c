/** `POST /v1/portal-sessions`: a new session of Stripe's customer portal for every click. The address is never kept. */

import { Hono } from 'hono';
import { z } from 'zod';
import type { PortalFlow } from '@billhook/widget/contract';
import { widgetAuth, type Authenticated } from '../auth.ts';
import { BillhookError } from '../problem.ts';
import type { CustomerRecord } from '../store/store.ts';
import { readBody } from './body.ts';
import { customerOf, openVisit, returnUrlField, returnUrlOf, seenField } from './opening.ts';
import type { RouteParts } from './parts.ts';

const portalSessionRequest = z.strictObject({
  flow: z
    .enum(['payment_method_update', 'subscription_cancel', 'subscription_update', 'subscription_pause'])
    .optional(),
  returnUrl: returnUrlField,
  seen: seenField,
});

const terminal = new Set(['canceled', 'incomplete_expired']);

export function portalRoute(parts: RouteParts) {
  const { config, gateway, introduce, read, verify } = parts;
  return new Hono<Authenticated>().post(
    '/',
    widgetAuth(verify, config.hosts, 'billing:manage', config.now),
    async (c) => {
      const { identity } = c.var;
      const { flow, returnUrl, seen } = await readBody(c, portalSessionRequest);
      const back = returnUrlOf(identity.settings, returnUrl);
      await introduce(identity);
      const record = customerOf(await read(identity));

      const url = await gateway.openPortal({
        customer: record.customer,
        returnUrl: back,
        flow: flow === undefined ? null : { type: flow, subscription: subscriptionFor(flow, record) },
        configuration: identity.settings.portalConfiguration,
      });
      return c.json(await openVisit(parts, identity, record, 'portal', seen, url));
    },
  );
}

/** The one subscription that a flow is about. @throws {BillhookError} `portal_flow_unavailable` when there are none or several. */
function subscriptionFor(flow: PortalFlow, { facts }: CustomerRecord): string | null {
  if (flow === 'payment_method_update') return null;
  const living = facts?.subscriptions.filter(({ status }) => !terminal.has(status)) ?? [];
  if (living.length !== 1) throw new BillhookError('portal_flow_unavailable');
  return living[0]?.id ?? null;
}
