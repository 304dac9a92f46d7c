/**
 * Three BFFs as tutorials write them, for the comparison only: one row a customer, written by the webhook handler. They
 * verify signatures and tokens; their faults are in the handler.
 */

import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { jwtVerify, SignJWT } from 'jose';
import type { Server } from 'node:http';
import { Stripe } from 'stripe';
import { listening } from '../support/listening.ts';
import { webhookPath, type Contender, type StripeAccess } from './contender.ts';

/** The columns that tutorials add to their table of users. */
interface Row {
  readonly status: string;
  readonly plan: string | null;
  readonly quantity: number | undefined;
  /** Unix seconds. */
  readonly paidUntil: number;
  /** Unix seconds: when the event was made that the row was written from. */
  readonly written: number;
}

/**
 * - `event's object`: writes the object that the event carries.
 * - `newest event`: the same, and ignores events older than the row.
 * - `fetches`: asks Stripe for the event's subscription, and writes the answer.
 */
export const strategies = ['event’s object', 'newest event', 'fetches'] as const;
export type Strategy = (typeof strategies)[number];

const key = new TextEncoder().encode('a-secret-of-a-naive-host-of-more-than-32-bytes');

export async function startNaive(strategy: Strategy, access: StripeAccess): Promise<Contender> {
  const { hostname: host, port } = new URL(access.apiUrl);
  const stripe = new Stripe(access.secretKey, { host, port, protocol: 'http', telemetry: false });
  const rows = new Map<string, Row>();

  async function handle(event: Stripe.Event): Promise<void> {
    if (!event.type.startsWith('customer.subscription.')) return;
    const carried = event.data.object as Stripe.Subscription;
    const customer = String(carried.customer);
    const known = rows.get(customer);
    if (strategy === 'newest event' && known && known.written > event.created) return;
    const subscription = strategy === 'fetches' ? await stripe.subscriptions.retrieve(carried.id) : carried;
    const item = subscription.items.data[0];
    const lookupKey = item?.price.lookup_key ?? '';
    rows.set(customer, {
      status: subscription.status,
      plan: access.plans.includes(lookupKey) ? lookupKey : null,
      quantity: item?.quantity,
      paidUntil: Number(item?.current_period_end),
      written: event.created,
    });
  }

  const app = new Hono();
  app.post(webhookPath, async (c) => {
    const signature = c.req.header('stripe-signature') ?? '';
    await handle(stripe.webhooks.constructEvent(await c.req.text(), signature, access.webhookSecret));
    return c.json({ received: true });
  });
  app.get('/v1/access', async (c) => {
    const { payload } = await jwtVerify(c.req.header('authorization')?.replace('Bearer ', '') ?? '', key);
    const row = rows.get(String(payload['customer']));
    const isPaid =
      row !== undefined && ['active', 'trialing', 'past_due'].includes(row.status) && row.paidUntil * 1000 > Date.now();
    const { plan = null, quantity = null } = row ?? {};
    const access = { level: isPaid ? 'full' : 'none' };
    return c.json({ plans: row ? [{ listed: plan !== null, access, items: [{ plan, quantity }] }] : [] });
  });
  app.onError((_cause, c) => c.text('', 500));

  return {
    name: strategy,
    settlesMs: 0,
    token: async (account, customer) =>
      await new SignJWT({ customer }).setProtectedHeader({ alg: 'HS256' }).setSubject(account).sign(key),
    ...(await listening(createAdaptorServer(app) as Server)),
  };
}
