/**
 * M32: a host's view of a catalogue at Stripe that changes under a subscription which goes on, as a table: the access document
 * and the notices of each step. One rule names its plan by product, the other by lookup key.
 */

import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Notice } from '@billhook/server';
import type { AccessAnswer } from '@billhook/widget/contract';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
const heard: Notice[] = [];
let hear: (() => void) | null = null;
const table: string[] = [];
const account = 'team_active';

beforeAll(async () => {
  harness = await startBffHarness({
    host: {
      plans: [
        { key: 'team', lookupKey: 'team_monthly', features: ['forecasts'] },
        { key: 'storage', lookupKey: 'storage', features: ['archive'], seats: false },
      ],
      entitlements: true,
    },
    onChange: (notice) => {
      if (notice.account !== account) return;
      heard.push(notice);
      hear?.();
    },
  });
  await harness.bff.snapshot(harness.as('active'));
});
afterAll(async () => {
  process.stdout.write(`\nstep | level, seats | plan ← lookup key | features | notices\n${table.join('\n')}\n`);
  await harness.close();
});

const access = () => harness.bff.billhook.access(account);

/** Waits for the access document, which the worker writes; the test's own time limit is the limit. */
async function accessWhen(isSo: (answer: AccessAnswer) => boolean): Promise<AccessAnswer> {
  await harness.sandbox.deliveries.settled();
  for (;;) {
    const answer = await access();
    if (isSo(answer) && !answer.stale) return answer;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The types of the notices since the last call, up to one of an access that is so. */
async function notices(isLast: (access: AccessAnswer) => boolean): Promise<string[]> {
  while (!heard.some(({ type, access: given }) => type === 'access.changed' && given !== null && isLast(given))) {
    await new Promise<void>((resolve) => {
      hear = resolve;
    });
  }
  return heard.splice(0).map(({ type }) => type);
}

async function bought() {
  const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.active });
  const [subscription] = data;
  const item = subscription?.items.data.find(({ price }) => price.unit_amount === 2_900);
  if (!subscription || !item) throw new Error('the seed has changed');
  return { subscription: subscription.id, item: item.id, price: item.price, product: String(item.price.product) };
}

/** A price tells nothing to those who bought it: its new name is seen at the account's next look. */
async function look(): Promise<void> {
  const { subscription } = await bought();
  await harness.stripe.subscriptions.update(subscription, { metadata: { looked: String(table.length) } });
}

const rowOf = ({ level, seats, plans, features }: AccessAnswer) => ({
  level,
  seats,
  plans: plans.flatMap(({ items }) => items.map(({ plan, lookupKey }) => `${plan} ← ${lookupKey}`)),
  features: features.length,
});

function note(step: string, answer: AccessAnswer, told: readonly string[]): void {
  const { level, seats, plans, features } = rowOf(answer);
  table.push(`${step} | ${level}, ${seats} | ${plans.join(' + ')} | ${features} | ${told.join(', ') || 'none'}`);
}

it('begins with a plan of the host’s own key', async () => {
  const answer = await accessWhen(({ level }) => level === 'full');
  heard.length = 0;
  note('at first', answer, []);
  expect(rowOf(answer)).toMatchObject({ level: 'full', plans: ['team ← team_monthly'], features: 1 });
});

it('a product that is renamed changes the page’s words, and nothing for the host', async () => {
  const before = rowOf(await access());
  const { product } = await bought();
  await harness.stripe.products.update(product, { name: 'Crew' });
  await harness.sandbox.deliveries.settled();
  // The page's name of the plan says that the renaming has come.
  while ((await harness.bff.snapshot({ account })).plan?.name !== 'Crew') await new Promise(setImmediate);
  const answer = await access();
  note(
    'product renamed',
    answer,
    heard.map(({ type }) => type),
  );
  expect(rowOf(answer)).toEqual(before);
});

it('a lookup key that moves to a new price leaves those who bought the old one their plan', async () => {
  const before = await access();
  const { product, price } = await bought();
  const dearer = await harness.stripe.prices.create({
    product,
    currency: price.currency,
    unit_amount: 3_900,
    recurring: { interval: 'month' },
    lookup_key: 'team_monthly',
    transfer_lookup_key: true,
  });
  expect(rowOf(await access())).toEqual(rowOf(before));
  await look();
  const answer = await accessWhen(({ plans }) => plans[0]?.items[0]?.lookupKey === null);
  note(
    'lookup key moved to a new price, next look',
    answer,
    heard.map(({ type }) => type),
  );
  expect(rowOf(answer)).toEqual({ ...rowOf(before), plans: ['team ← null'] });
  expect(answer.plans[0]?.items[0]?.price).not.toBe(dearer.id);
});

it('a price that gets a lookup key of its own is another plan, until a rule of the host’s names it', async () => {
  const { price } = await bought();
  await harness.stripe.prices.update(price.id, { lookup_key: 'team_2025' });
  await look();
  const answer = await accessWhen(({ plans }) => plans[0]?.items[0]?.lookupKey === 'team_2025');
  const told = await notices(({ level }) => level === 'none');
  note('price given the key team_2025, next look', answer, told);
  expect(rowOf(answer)).toMatchObject({ level: 'none', plans: ['team_2025 ← team_2025'], features: 0 });
  expect(told).toEqual(['access.changed']);

  await harness.stripe.prices.update(price.id, { lookup_key: 'team_monthly', transfer_lookup_key: true });
  await look();
  const back = await accessWhen(({ level }) => level === 'full');
  const restored = await notices(({ level }) => level === 'full');
  note('given its key back, next look', back, restored);
  expect(rowOf(back)).toMatchObject({ plans: ['team ← team_monthly'], features: 1 });
  expect(restored).toEqual(['access.changed']);
});

it('an add-on brings its own plan and feature, and no seats', async () => {
  const before = rowOf(await access());
  const { subscription } = await bought();
  const storage = await harness.stripe.products.create({ name: 'Storage' });
  const price = await harness.stripe.prices.create({
    product: storage.id,
    currency: 'eur',
    unit_amount: 500,
    recurring: { interval: 'month' },
    lookup_key: 'storage',
  });
  await harness.stripe.subscriptions.update(subscription, { items: [{ price: price.id, quantity: 3 }] });
  const answer = await accessWhen(({ plans }) => plans[0]?.items.length === 2);
  const told = await notices(({ features }) => features.includes('archive'));
  note('add-on bought', answer, told);
  expect(rowOf(answer)).toEqual({
    ...before,
    plans: ['team ← team_monthly', 'storage ← storage'],
    features: before.features + 1,
  });
  expect(told.at(-1)).toBe('access.changed');
});

it('12 entitlements are features, all of them', async () => {
  const before = rowOf(await access());
  const { subscription, item, product } = await bought();
  for (const index of Array.from({ length: 12 }).keys()) {
    const feature = await harness.stripe.entitlements.features.create({ lookup_key: `e${index}`, name: `${index}` });
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as in the Dashboard
    await harness.stripe.products.createFeature(product, { entitlement_feature: feature.id });
  }
  // Stripe gives them to a subscription that goes on when that changes.
  await harness.stripe.subscriptions.update(subscription, { items: [{ id: item, quantity: 7 }] });
  const answer = await accessWhen(({ features }) => features.length === before.features + 12);
  const told = await notices(({ features }) => features.length === 14);
  note('7 seats, and 12 entitlements of its product', answer, told);
  expect(rowOf(answer)).toEqual({ ...before, seats: 7, features: before.features + 12 });
  expect([told[0], told.at(-1)]).toEqual(['plan.changed', 'access.changed']);
});
