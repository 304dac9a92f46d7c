import { describe, expect, test } from 'vitest';
import type { Stripe } from 'stripe';
import {
  april,
  dayMs,
  hourMs,
  latestInvoice,
  monthlyPrice,
  seconds,
  startAt,
  subscribed,
  sandboxForEach,
} from './harness.ts';

const { harness, stripe } = sandboxForEach();

describe('changes', () => {
  const item = (subscription: Stripe.Subscription): string => subscription.items.data[0]?.id ?? '';

  test('SUB-9: always_invoice credits the unused time and charges the rest, at once', async () => {
    const { subscription } = await subscribed(stripe);
    const dearer = await monthlyPrice(stripe, 5900);
    await harness.sandbox.clock.advance(15.5 * dayMs);
    harness.newEvents();
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), price: dearer.id }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    const invoice = changed.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({ billing_reason: 'subscription_update', status: 'paid', total: 1500 });
    expect(invoice.lines.data.map((line) => [line.amount, line.description])).toEqual([
      [-1450, 'Unused time on Plan 2900 after 17 Mar 2026'],
      [2950, 'Remaining time on Plan 5900 after 17 Mar 2026'],
    ]);
    expect(changed.items.data[0]).toMatchObject({
      id: item(subscription),
      price: { id: dearer.id },
      current_period_end: seconds(april),
    });
    const event = harness.lastEvent('customer.subscription.updated').data.previous_attributes;
    expect(Object.keys(event ?? {}).toSorted()).toEqual(['items', 'latest_invoice', 'plan']);
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining(['customer.subscription.updated', 'invoice.created', 'invoice.finalized', 'invoice.paid']),
    );
  });

  test('SUB-9: month to year keeps the start and the anchor, and moves the end', async () => {
    const { subscription } = await subscribed(stripe);
    const yearly = await monthlyPrice(stripe, 29000, 'year');
    await harness.sandbox.clock.advance(10 * dayMs);
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), price: yearly.id }],
      proration_behavior: 'none',
    });
    expect(changed.billing_cycle_anchor).toBe(subscription.billing_cycle_anchor);
    expect(changed.items.data[0]).toMatchObject({
      current_period_start: seconds(startAt),
      current_period_end: seconds(Date.UTC(2027, 2, 1, 12)),
    });
    expect(changed.latest_invoice).toBe(subscription.latest_invoice);
  });

  test('SUB-9 SUB-11: by default a change waits for the next invoice', async () => {
    const { subscription } = await subscribed(stripe);
    await harness.sandbox.clock.advance(15.5 * dayMs);
    harness.newEvents();
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), quantity: 3 }],
    });
    expect(harness.newEvents()).toEqual([
      'customer.subscription.updated',
      'invoiceitem.created',
      'invoiceitem.created',
    ]);
    expect(changed.latest_invoice).toBe(subscription.latest_invoice);
    const before = harness.lastEvent('customer.subscription.updated').data.previous_attributes;
    expect(before).toMatchObject({ quantity: 1, items: { data: [{ quantity: 1 }] } });
    expect(Object.keys(before ?? {}).toSorted()).toEqual(['items', 'quantity']);
    await harness.sandbox.clock.advanceTo(april + hourMs);
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({ status: 'paid', total: 3 * 2900 + 2 * 1450 });
  });

  test('a downgrade now leaves credit, which the next invoice uses up', async () => {
    const { subscription, customer } = await subscribed(stripe, 'pm_card_visa', 2);
    await harness.sandbox.clock.advance(15.5 * dayMs);
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), quantity: 1 }],
      proration_behavior: 'always_invoice',
    });
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({
      total: -1450,
      amount_due: 0,
      status: 'paid',
      ending_balance: -1450,
    });
    expect((await stripe.customers.retrieve(customer.id)) as Stripe.Customer).toMatchObject({ balance: -1450 });
    await harness.sandbox.clock.advanceTo(april + hourMs);
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({
      total: 2900,
      amount_due: 1450,
      amount_paid: 1450,
      ending_balance: 0,
    });
    expect((await stripe.customers.retrieve(customer.id)) as Stripe.Customer).toMatchObject({ balance: 0 });
  });

  test('SUB-15: paused collection changes no status and makes no paused event', async () => {
    const { subscription } = await subscribed(stripe);
    harness.newEvents();
    await stripe.subscriptions.update(subscription.id, {
      pause_collection: { behavior: 'void', resumes_at: seconds(april + 10 * dayMs) },
    });
    expect(harness.newEvents()).toEqual(['customer.subscription.updated']);
    expect(harness.lastEvent('customer.subscription.updated').data.previous_attributes).toEqual({
      pause_collection: null,
    });
    await harness.sandbox.clock.advanceTo(april + dayMs);
    expect((await latestInvoice(stripe, subscription.id)).status).toBe('void');
    await harness.sandbox.clock.advanceTo(april + 11 * dayMs);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'active',
      pause_collection: null,
    });
  });
});

describe('cancel', () => {
  test('SUB-12: by API for the period’s end, undone, and carried out', async () => {
    const { subscription } = await subscribed(stripe);
    const ending = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    expect(ending).toMatchObject({
      status: 'active',
      cancel_at: seconds(april),
      cancel_at_period_end: true,
      canceled_at: seconds(startAt),
      cancellation_details: { reason: 'cancellation_requested' },
    });
    expect(harness.lastEvent('customer.subscription.updated').data.previous_attributes).toEqual({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    });
    const kept = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
    expect(kept).toMatchObject({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    });
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    harness.newEvents();
    await harness.sandbox.clock.advanceTo(april);
    expect(harness.newEvents()).toEqual(['customer.subscription.deleted']);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      ended_at: seconds(april),
    });
  });

  test('SUB-14: at once; over is over', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await harness.sandbox.clock.advance(dayMs);
    const canceled = await stripe.subscriptions.cancel(subscription.id);
    expect(canceled).toMatchObject({
      status: 'canceled',
      ended_at: seconds(startAt + dayMs),
      canceled_at: seconds(startAt),
      cancel_at: null,
      cancel_at_period_end: false,
      items: { data: [{ current_period_end: seconds(april) }] },
    });
    await expect(stripe.subscriptions.cancel(subscription.id)).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false })).rejects.toMatchObject({
      statusCode: 400,
    });
    await stripe.subscriptions.update(subscription.id, { metadata: { still: 'possible' } });
    const invoices = await stripe.invoices.list({ subscription: subscription.id });
    expect(invoices.data).toHaveLength(1);
  });

  test('SUB-14: a deleted customer takes its subscriptions along', async () => {
    const { customer, subscription } = await subscribed(stripe);
    harness.newEvents();
    await stripe.customers.del(customer.id);
    expect(harness.newEvents()).toEqual(['customer.subscription.deleted', 'customer.deleted']);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ id: customer.id, deleted: true });
    expect((await stripe.subscriptions.retrieve(subscription.id, { expand: ['customer'] })).customer).toMatchObject({
      deleted: true,
    });
  });
});
