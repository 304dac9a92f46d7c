/** `POST /v1/portal-sessions`: a new session of Stripe's customer portal for every click. The address is never kept. */

import { Hono } from 'hono';
import { z } from 'zod';
import type { PortalFlow, PortalSessionRequest } from '@billhook/widget/contract';
import type { Authenticated } from '../auth.ts';
import type { SubscriptionFacts } from '../../billing/facts.ts';
import { mayOpen } from '../../billing/judge/portal.ts';
import { describeCause } from '../../log.ts';
import { BillhookError } from '../../problem.ts';
import type { AccountView } from '../../accounts/view.ts';
import { stripeLocale } from '../../stripe/locale.ts';
import { idField, readBody, type RequestSchema } from '../read-body.ts';
import { customerOf, localeField, openVisit, returnUrlField, returnUrlOf, seenField } from '../open-visit.ts';
import { readIntroduced } from '../read-first.ts';
import type { RouteContext } from '../route-context.ts';
import type { PortalFeatures } from '../../billing/policy.ts';

const portalSessionRequest = z.strictObject({
  flow: z
    .enum(['payment_method_update', 'subscription_cancel', 'subscription_update', 'subscription_pause'])
    .optional(),
  subscription: idField.optional(),
  returnUrl: returnUrlField,
  completionUrl: returnUrlField,
  locale: localeField,
  seen: seenField,
}) satisfies RequestSchema<PortalSessionRequest>;

export function portalRoute(parts: RouteContext) {
  const { allow, config, gateway, portals } = parts;
  return new Hono<Authenticated>().post('/', allow('billing:manage'), async (c) => {
    const { caller } = c.var;
    const { host, account } = caller;
    const request = await readBody(c, portalSessionRequest);
    const { flow, locale, seen } = request;
    const returnUrl = returnUrlOf(c.var.host, request.returnUrl);
    const completionUrl = returnUrlOf(c.var.host, request.completionUrl ?? returnUrl, 'completionUrl');
    const reading = await readIntroduced(parts, caller);
    const record = customerOf(reading);
    const { configuration, features, ruleFailure } = reading.portal;
    if (ruleFailure) {
      const cause = describeCause(ruleFailure.cause);
      config.log.warn('portal.rule_failed', { host, account, configuration: ruleFailure.use, cause });
    }

    const about = subscriptionMeant(reading, request.subscription);
    requireOpen(flow, about, features);
    const stays = request.completionUrl === undefined && flow === 'payment_method_update' && hasToPay(reading);
    const url = await portals.use(c.var.host, configuration, async (portal) => {
      // The configuration at Stripe may allow less than the host's: none of the plans may be one to switch to.
      requireOpen(flow, about, portal.features);
      return await gateway.openPortal({
        customer: record.customer,
        configuration: portal.id,
        returnUrl,
        locale: locale === undefined ? null : stripeLocale(locale, 'portal'),
        flow:
          flow === undefined
            ? null
            : {
                type: flow,
                subscription: flow === 'payment_method_update' ? null : (about?.id ?? null),
                completionUrl: stays ? null : completionUrl,
              },
      });
    });
    return c.json(await openVisit(parts, caller, record, 'portal', seen, url));
  });
}

/**
 * The subscription that a request is about: the one it names, else the only one that is not over.
 *
 * @throws {BillhookError} `field_invalid` when it names one that is not the account's.
 */
function subscriptionMeant({ portal, snapshot }: AccountView, key: string | undefined): SubscriptionFacts | null {
  const { subscriptions } = portal;
  if (key === undefined) return subscriptions.length === 1 ? (subscriptions[0]?.facts ?? null) : null;
  // One that is over is still shown, so its key is no mistake; there is only nothing that can be done about it.
  if (!snapshot.subscriptions.some((shown) => shown.key === key)) {
    throw new BillhookError('field_invalid', {
      field: 'subscription',
      detail: 'subscription must be the key of one of the account’s subscriptions.',
    });
  }
  return subscriptions.find((each) => each.key === key)?.facts ?? null;
}

/** @throws {BillhookError} `portal_flow_unavailable` */
function requireOpen(flow: PortalFlow | undefined, about: SubscriptionFacts | null, features: PortalFeatures): void {
  if (flow !== undefined && !mayOpen(flow, about, features)) throw new BillhookError('portal_flow_unavailable');
}

/** A new card pays no open invoice (L11): an account that owes lands on the portal's home, where it can be paid. */
function hasToPay({ invoiceToPay, snapshot }: AccountView): boolean {
  return invoiceToPay !== null && snapshot.payment.problem !== null;
}
