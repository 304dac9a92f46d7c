/**
 * M32: a host's view of a catalogue at Stripe that changes under a subscription which goes on, as a table: the access document
 * and the notices of each step. One rule names its plan by product, the other by lookup key.
 */

import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AccessAnswer } from '@billhook/widget/contract';
import { followAccount, type FollowedAccount } from '../support/followed-account.ts';

let team: FollowedAccount;
const table: string[] = [];

beforeAll(async () => {
  team = await followAccount({
    plans: [
      { key: 'team', lookupKey: 'team_monthly', features: ['forecasts'] },
      { key: 'storage', lookupKey: 'storage', features: ['archive'], seats: false },
    ],
    entitlements: true,
  });
});
afterAll(async () => {
  process.stdout.write(`\nstep | level, seats | plan ← lookup key | features | notices\n${table.join('\n')}\n`);
  await team.close();
});

/** The types of the notices up to one of an access that is so. */
const told = async (isLast: (access: AccessAnswer) => boolean) => (await team.heardOf(isLast)).map(({ type }) => type);
const toldByNow = () => team.heard().map(({ type }) => type);

const rowOf = ({ level, seats, plans, features }: AccessAnswer) => ({
  level,
  seats,
  plans: plans.flatMap(({ items }) => items.map(({ plan, lookupKey }) => `${plan} ← ${lookupKey}`)),
  features: features.length,
});

function note(step: string, answer: AccessAnswer, types: readonly string[]): void {
  const { level, seats, plans, features } = rowOf(answer);
  table.push(`${step} | ${level}, ${seats} | ${plans.join(' + ')} | ${features} | ${types.join(', ') || 'none'}`);
}

it('begins with a plan of the host’s own key', async () => {
  const answer = await team.accessWhen(({ level }) => level === 'full');
  team.heard();
  note('at first', answer, []);
  expect(rowOf(answer)).toMatchObject({ level: 'full', plans: ['team ← team_monthly'], features: 1 });
});

it('a product that is renamed changes the page’s words, and nothing for the host', async () => {
  const before = rowOf(await team.access());
  const { product } = await team.bought();
  await team.harness.stripe.products.update(product, { name: 'Crew' });
  await team.harness.sandbox.deliveries.settled();
  // The page's name of the plan says that the renaming has come.
  while ((await team.harness.bff.snapshot({ account: team.account })).plan?.name !== 'Crew')
    await new Promise(setImmediate);
  const answer = await team.access();
  note('product renamed', answer, toldByNow());
  expect(rowOf(answer)).toEqual(before);
});

it('a lookup key that moves to a new price leaves those who bought the old one their plan', async () => {
  const before = await team.access();
  const { product, price } = await team.bought();
  const dearer = await team.harness.stripe.prices.create({
    product,
    currency: price.currency,
    unit_amount: 3_900,
    recurring: { interval: 'month' },
    lookup_key: 'team_monthly',
    transfer_lookup_key: true,
  });
  expect(rowOf(await team.access())).toEqual(rowOf(before));
  await team.look();
  const answer = await team.accessWhen(({ plans }) => plans[0]?.items[0]?.lookupKey === null);
  note('lookup key moved to a new price, next look', answer, toldByNow());
  expect(rowOf(answer)).toEqual({ ...rowOf(before), plans: ['team ← null'] });
  expect(answer.plans[0]?.items[0]?.price).not.toBe(dearer.id);
});

it('a lookup key that is renamed leaves those who bought the price their plan, early and late', async () => {
  const before = rowOf(await team.access());
  const { price } = await team.bought();
  for (const key of ['team_2025', 'team_2026']) {
    await team.harness.stripe.prices.update(price.id, { lookup_key: key });
    await team.look();
    const answer = await team.accessWhen(({ plans }) => plans[0]?.items[0]?.lookupKey === key);
    const types = toldByNow();
    note(`lookup key renamed to ${key}, next look`, answer, types);
    expect(rowOf(answer)).toEqual({ ...before, plans: [`team ← ${key}`] });
    expect(types, 'nothing has changed for the host').toEqual([]);
  }
  const { billhook } = team.harness.bff;
  expect(await billhook.link('team_late', team.harness.customers.trialing)).toBe('linked');
  const late = await billhook.access('team_late');
  note('an account of the same price that is linked after it', late, []);
  expect(rowOf(late)).toMatchObject({ level: 'full', plans: ['team ← team_2026'], features: 1 });

  await team.harness.stripe.prices.update(price.id, { lookup_key: 'team_monthly', transfer_lookup_key: true });
  await team.look();
  const back = await team.accessWhen(({ plans }) => plans[0]?.items[0]?.lookupKey === 'team_monthly');
  note('given its key back, next look', back, toldByNow());
  expect(rowOf(back)).toEqual({ ...before, plans: ['team ← team_monthly'] });
});

it('an add-on brings its own plan and feature, and no seats', async () => {
  const before = rowOf(await team.access());
  const { subscription } = await team.bought();
  const storage = await team.harness.stripe.products.create({ name: 'Storage' });
  const price = await team.harness.stripe.prices.create({
    product: storage.id,
    currency: 'eur',
    unit_amount: 500,
    recurring: { interval: 'month' },
    lookup_key: 'storage',
  });
  await team.harness.stripe.subscriptions.update(subscription.id, { items: [{ price: price.id, quantity: 3 }] });
  const answer = await team.accessWhen(({ plans }) => plans[0]?.items.length === 2);
  const types = await told(({ features }) => features.includes('archive'));
  note('add-on bought', answer, types);
  expect(rowOf(answer)).toEqual({
    ...before,
    plans: ['team ← team_monthly', 'storage ← storage'],
    features: before.features + 1,
  });
  expect(types.at(-1)).toBe('access.changed');
});

it('12 entitlements are features, all of them', async () => {
  const before = rowOf(await team.access());
  const { subscription, item, product } = await team.bought();
  for (const index of Array.from({ length: 12 }).keys()) {
    const feature = await team.harness.stripe.entitlements.features.create({
      lookup_key: `e${index}`,
      name: `${index}`,
    });
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as in the Dashboard
    await team.harness.stripe.products.createFeature(product, { entitlement_feature: feature.id });
  }
  // Stripe gives them to a subscription that goes on when that changes.
  await team.harness.stripe.subscriptions.update(subscription.id, { items: [{ id: item.id, quantity: 7 }] });
  const answer = await team.accessWhen(({ features }) => features.length === before.features + 12);
  const types = await told(({ features }) => features.length === 14);
  note('7 seats, and 12 entitlements of its product', answer, types);
  expect(rowOf(answer)).toEqual({ ...before, seats: 7, features: before.features + 12 });
  expect([types[0], types.at(-1)]).toEqual(['plan.changed', 'access.changed']);
});
