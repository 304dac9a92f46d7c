/** M21: every event that may matter, in every shape it may come in, finds its customer at Stripe; nothing else does. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { problemOf, startBff } from '../support/bff.ts';
import { logRecorder } from '../../support/log-recorder.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

const log = logRecorder();
let harness: BffHarness;
let secret: string;
let customer: string;
/** By what Stripe calls the object: one that exists, and belongs to `customer`. */
let objects: Record<string, string>;
let made = 0;

beforeAll(async () => {
  // One sweep at its start, and no other: later requests to Stripe come from the test's own events.
  harness = await startBffHarness({ log, metrics: 'open', jobs: { pollMs: 2 ** 30 } });
  await log.line(({ what }) => what === 'sweep.done');
  secret = harness.options.stripe.webhookSecrets[0] ?? '';
  customer = harness.customers.pastDue;
  await harness.bff.snapshot(harness.as('pastDue'));
  const { stripe, sandbox } = harness;
  const [subscription] = (await stripe.subscriptions.list({ customer })).data;
  const [invoice] = (await stripe.invoices.list({ customer, status: 'open', expand: ['data.payments'] })).data;
  const [payment] = invoice?.payments?.data ?? [];
  const [price] = (await stripe.prices.list({ lookup_keys: ['team_monthly'] })).data;
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer,
    line_items: [{ price: String(price?.id), quantity: 1 }],
    success_url: 'https://app.acme.example/',
  });
  const schedule = await stripe.subscriptionSchedules.create({ from_subscription: String(subscription?.id) });
  const item = await stripe.invoiceItems.create({ customer, currency: 'eur', amount: 500 });
  const [charge] = (await stripe.charges.list({ customer })).data;
  const [method] = (await stripe.customers.listPaymentMethods(customer)).data;
  objects = {
    customer,
    subscription: String(subscription?.id),
    subscription_schedule: schedule.id,
    invoice: String(invoice?.id),
    invoice_payment: String(payment?.id),
    invoiceitem: item.id,
    payment_intent: String(payment?.payment.payment_intent),
    payment_method: String(method?.id),
    charge: String(charge?.id),
    'checkout.session': session.id,
    product: String(price?.product),
    price: String(price?.id),
    tax_id: 'txi_1',
  };
  await sandbox.deliveries.settled();
  // From here on only the test's own deliveries.
  sandbox.deliveries.settings.lose = 'silently';
  await resolved();
});
afterAll(() => harness.close());
afterEach(() => harness.sandbox.faults.clear());

interface EventRow {
  readonly event: string;
  readonly customer: string | null;
  readonly closed_at: number | null;
}
const rows = () => (harness.bff.rows()['events'] ?? []) as EventRow[];
const rowOf = (event: string) => rows().find((row) => row.event === event);
/** No hint is open, and no customer stale. */
async function resolved(): Promise<void> {
  for (;;) {
    const customers = (harness.bff.rows()['customers'] ?? []) as { ticket: number; synced_ticket: number }[];
    const stale = customers.some((row) => row.synced_ticket < row.ticket);
    if (!stale && rows().every((row) => row.closed_at !== null)) return;
    await nextTurn();
  }
}

const base = (type: string) => ({
  id: `evt_made_${(made += 1)}`,
  object: 'event',
  api_version: '2020-08-27',
  created: Math.floor(Date.now() / 1000),
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type,
});
const snapshotEvent = (type: string, object: object, more: object = {}) => ({
  ...base(type),
  data: { object, ...more },
});
const thinEvent = (type: string, related: object | null, more: object = {}) => ({
  id: `evt_test_made_${(made += 1)}`,
  object: 'v2.core.event',
  created: new Date().toISOString(),
  livemode: false,
  context: null,
  related_object: related,
  type: `v1.${type}`,
  ...more,
});
async function deliver(event: { readonly id: string }): Promise<string> {
  const response = await harness.bff.deliver(event, { secret });
  expect(response.status, await response.clone().text()).toBe(200);
  return ((await response.json()) as { outcome: string }).outcome;
}
const asked = () => harness.sandbox.requests.list().map(({ method, path }) => `${method} ${path}`);

const handled: readonly (readonly [object: string, types: readonly string[]])[] = [
  [
    'checkout.session',
    ['completed', 'async_payment_succeeded', 'async_payment_failed', 'expired'].map((of) => `checkout.session.${of}`),
  ],
  [
    'subscription',
    [
      'created',
      'updated',
      'deleted',
      'paused',
      'resumed',
      'pending_update_applied',
      'pending_update_expired',
      'trial_will_end',
    ].map((of) => `customer.subscription.${of}`),
  ],
  [
    'invoice',
    [
      'paid',
      'payment_succeeded',
      'payment_failed',
      'payment_action_required',
      'finalized',
      'finalization_failed',
      'voided',
      'marked_uncollectible',
      'overdue',
      'updated',
    ].map((of) => `invoice.${of}`),
  ],
  ['customer', ['customer.updated', 'customer.deleted']],
  ['tax_id', ['created', 'updated', 'deleted'].map((of) => `customer.tax_id.${of}`)],
  ['payment_intent', ['payment_intent.processing']],
  ['invoice_payment', ['invoice_payment.paid']],
  ['invoiceitem', ['invoiceitem.created', 'invoiceitem.deleted']],
  ['payment_method', ['attached', 'detached', 'updated', 'automatically_updated'].map((of) => `payment_method.${of}`)],
  [
    'subscription_schedule',
    ['aborted', 'canceled', 'completed', 'created', 'expiring', 'released', 'updated'].map(
      (of) => `subscription_schedule.${of}`,
    ),
  ],
  ['charge', ['charge.failed', 'charge.succeeded']],
];
const types = handled.flatMap(([object, names]) => names.map((type) => [type, object] as const));

describe('every event of M21 raises its customer’s ticket', () => {
  it.each(types)('%s, as a snapshot: with the customer’s id, and with the customer in it', async (type, object) => {
    const own = object === 'customer' ? {} : { customer };
    const id = objects[object];
    expect(await deliver(snapshotEvent(type, { id, object, ...own }))).toBe('queued');
    const expanded = object === 'customer' ? {} : { customer: { id: customer, object: 'customer', deleted: true } };
    expect(await deliver(snapshotEvent(type, { id, object, ...expanded }))).toBe('queued');
  });

  it('as a thin event, once its customer was fetched from Stripe', async () => {
    const events = types.map(([type, object]) => {
      const id = objects[object];
      // As Stripe addresses it: a tax id lies under its customer.
      const url = object === 'tax_id' ? `/v1/customers/${customer}/tax_ids/${id}` : `/v1/${object}s/${id}`;
      return thinEvent(type, { id, type: object, url });
    });
    for (const event of events) expect(['unresolved', 'queued']).toContain(await deliver(event));
    await resolved();
    const found = rows();
    for (const { id, type } of events) {
      expect(found.find((row) => row.event === id)?.customer, type).toBe(customer);
    }
  });

  it('as a snapshot that does not name the customer', async () => {
    const silent = handled.filter(([object]) => object !== 'customer' && object !== 'tax_id');
    const events = silent.map(([object, [type]]) => snapshotEvent(String(type), { id: objects[object], object }));
    for (const event of events) expect(await deliver(event)).toBe('unresolved');
    await resolved();
    for (const { id, type } of events) expect(rowOf(id)?.customer, type).toBe(customer);
  });

  it('of the sandbox’s whole history: each as a thin event resolves to the customer that its snapshot names', async () => {
    const ofType = new Map<string, number>();
    const history = harness.sandbox.state.events.list().filter(({ type }) => {
      ofType.set(type, (ofType.get(type) ?? 0) + 1);
      return (ofType.get(type) ?? 0) <= 2;
    });
    expect(ofType.size).toBeGreaterThan(15);
    const outcomes = new Map<string, [thin: string, snapshot: string]>();
    for (const event of history) {
      const { object, id } = event.data.object as { object: string; id: string };
      const thin = thinEvent(event.type, { id, type: object, url: `/v1/${object}s/${id}` });
      const snapshot = { ...event, id: `${event.id}_again` };
      await deliver(thin);
      await deliver(snapshot);
      outcomes.set(event.type, [thin.id, snapshot.id]);
    }
    await resolved();
    const found = new Map(rows().map((row) => [row.event, row.customer]));
    for (const [type, [thin, snapshot]] of outcomes) {
      // A detached method names its customer only in the snapshot; a deleted object cannot be fetched, nor can a discount,
      // whose subscription or customer has an event of its own.
      if (/^payment_method\.|^customer\.discount\.|\.deleted$/.test(type)) continue;
      expect(found.get(thin), type).toBe(found.get(snapshot));
    }
  });
});

describe('an event without a linked customer', () => {
  it('of a connected account is recorded as ignored, without a request to Stripe', async () => {
    harness.sandbox.requests.clear();
    const event = {
      ...snapshotEvent('invoice.paid', { id: 'in_1', object: 'invoice', customer }),
      account: 'acct_other',
    };
    const thin = thinEvent('invoice.paid', { id: 'in_1', type: 'invoice' }, { context: 'org_1/acct_other' });
    expect(await deliver(event)).toBe('ignored');
    expect(await deliver(thin)).toBe('ignored');
    expect(await deliver(event)).toBe('duplicate');
    expect(rowOf(event.id)).toMatchObject({ customer: null });
    await resolved();
    expect(asked()).toEqual([]);
  });

  it('is told from one that an organization’s destination says is our own', async () => {
    const { id: own } = await harness.stripe.accounts.retrieveCurrent();
    const related = { id: objects['subscription'], type: 'subscription' };
    const event = thinEvent('customer.subscription.updated', related, { context: `org_1/${own}` });
    expect(await deliver(event)).toBe('unresolved');
    await resolved();
    expect(rowOf(event.id)?.customer).toBe(customer);
  });

  it.each([
    ['of a type that nobody judges', () => snapshotEvent('payout.paid', { id: 'po_1', object: 'payout' })],
    [
      'of a guest, who has none',
      () => snapshotEvent('payment_intent.succeeded', { id: 'pi_1', object: 'payment_intent', customer: null }),
    ],
    ['that is thin, and about nothing', () => thinEvent('customer.subscription.updated', null)],
    ['that is thin, and about something without an id', () => thinEvent('invoice.paid', { type: 'invoice' })],
    [
      'of a customer that nobody linked',
      () => snapshotEvent('customer.updated', { id: 'cus_stranger', object: 'customer' }),
    ],
  ])('%s is recorded as ignored', async (_, event) => {
    harness.sandbox.requests.clear();
    expect(await deliver(event())).toBe('ignored');
    expect(asked()).toEqual([]);
  });

  it('with a subject that Stripe does not know is resolved after the request', async () => {
    const event = thinEvent('invoice.paid', { id: 'in_nobody', type: 'invoice', url: '/v1/invoices/in_nobody' });
    expect(await deliver(event)).toBe('unresolved');
    await resolved();
    expect(rowOf(event.id)).toMatchObject({ customer: null, closed_at: expect.any(Number) });
    expect(log.lines).toContainEqual(
      expect.objectContaining({ what: 'hint.of_nobody', fields: { event: event.id, type: 'invoice' } }),
    );
  });

  it('with a failing request stays unresolved and is tried again', async () => {
    harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions/' });
    const related = { id: objects['subscription'], type: 'subscription' };
    const event = thinEvent('customer.subscription.updated', related);
    expect(await deliver(event)).toBe('unresolved');
    await log.line(({ what, fields }) => what === 'hint.failed' && fields.event === event.id);
    expect(rowOf(event.id)).toMatchObject({ closed_at: null });
    await resolved();
    expect(rowOf(event.id)?.customer).toBe(customer);
  });
});

describe('the catalogue', () => {
  it('is refreshed by a product’s new name without fetching a customer, and long polls are answered', async () => {
    const { sandbox, stripe, bff, as } = harness;
    const etag = (await bff.call('/v1/billing', as('pastDue'))).headers.get('etag') ?? '';
    await resolved();
    await stripe.products.update(String(objects['product']), { name: 'Team of the future' });
    sandbox.requests.clear();
    const held = bff.call('/v1/billing', { ...as('pastDue'), headers: { 'if-none-match': etag, prefer: 'wait=25' } });
    await deliver(snapshotEvent('product.updated', { id: objects['product'], object: 'product' }));
    expect(await (await held).json()).toMatchObject({ plan: { name: 'Team of the future' } });
    await deliver(thinEvent('price.updated', { id: objects['price'], type: 'price' }));
    await resolved();
    expect(new Set(asked())).toEqual(
      new Set(['GET /v1/products', 'GET /v1/prices', `GET /v1/prices/${objects['price']}`]),
    );
  });
});

describe('a webhook is refused', () => {
  const metric = async (name: string) => {
    const page = await harness.bff.billhook.metrics();
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(page)?.[1]);
  };

  it('L19: when it is of the other mode: logged as an error, counted, and not recorded', async () => {
    const name = 'billhook_webhooks_refused_total\\{code="webhook_livemode_mismatch"\\}';
    const before = await metric(name);
    const event = { ...snapshotEvent('invoice.paid', { id: 'in_1', object: 'invoice', customer }), livemode: true };
    const response = await harness.bff.deliver(event, { secret });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'webhook_livemode_mismatch' });
    expect(rowOf(event.id)).toBeUndefined();
    expect(log.lines.at(-2)).toMatchObject({ level: 'error', what: 'webhook.livemode_mismatch' });
    expect(await metric(name)).toBe(before + 1);
  });

  it('when it is signed but no event', async () => {
    for (const body of ['null', '"evt_1"', '{}', '{"id":"evt_1"}', 'not json']) {
      const response = await harness.bff.deliver(null, { secret, body });
      expect(await problemOf(response), body).toMatchObject({ status: 400, code: 'body_malformed' });
    }
  });
});

it('L23: several secrets are good at once, and no other', async () => {
  const rolling = await startBff();
  try {
    const event = () => snapshotEvent('payout.paid', { id: 'po_1', object: 'payout' });
    for (const good of rolling.options.stripe.webhookSecrets) {
      expect((await rolling.deliver(event(), { secret: good })).status).toBe(200);
    }
    const refused = await rolling.deliver(event(), { secret: 'whsec_nobodys' });
    expect(await problemOf(refused)).toMatchObject({ status: 400, code: 'webhook_signature_invalid' });
  } finally {
    await rolling.close();
  }
});
