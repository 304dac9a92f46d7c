/** The access document for a backend: over HTTP, in the process and in the notices, from a real ledger and the sandbox. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccessAnswer } from '@billhook/widget/contract';
import { origin, hostSecret, problemOf, startBff } from '../support/bff.ts';
import { followAccount, type FollowedAccount } from '../support/followed-account.ts';
import type { BffHarness } from '../support/with-sandbox.ts';

let team: FollowedAccount;
let harness: BffHarness;
let account: string;

beforeAll(async () => {
  team = await followAccount({
    plans: [
      { key: 'team', lookupKey: 'team_monthly', features: ['forecasts'] },
      { key: 'starter', lookupKey: 'starter_monthly' },
      { key: 'storage', lookupKey: 'storage', features: ['archive'], seats: false },
    ],
    metadata: ['tier'],
    entitlements: true,
  });
  ({ harness, account } = team);
});
afterAll(() => team.close());

const mint = { scope: ['access'] as const };
async function ask(headers: Record<string, string> = {}): Promise<Response> {
  return await harness.bff.call('/v1/access', { account, mint, headers });
}
const access = async () => (await (await ask()).json()) as AccessAnswer;

describe('M32: the access document', () => {
  it('is the same over HTTP and in the process', async () => {
    const { item, product } = await team.bought();
    const answer = await access();
    expect(answer).toMatchObject({
      account,
      level: 'full',
      plans: [{ state: 'active', listed: true, items: [{ plan: 'team', product, price: item.price.id }] }],
      features: ['forecasts'],
      seats: item.quantity,
    });
    expect(await harness.bff.billhook.access(account)).toEqual(answer);
    expect(await harness.bff.billhook.access({ host: 'acme', account })).toEqual(answer);
  });

  it('keeps its keys when the product is renamed, and has a bought add-on, its metadata and 12 entitlements', async () => {
    const { subscription, item, product } = await team.bought();
    await harness.stripe.products.update(product, { name: 'Crew', metadata: { tier: 'gold', margin: '0.8' } });
    expect(
      (await team.accessWhen(({ plans }) => plans[0]?.items[0]?.metadata['tier'] === 'gold')).plans[0]?.items,
    ).toMatchObject([{ plan: 'team', metadata: { tier: 'gold' } }]);

    for (const index of Array.from({ length: 12 }).keys()) {
      const feature = await harness.stripe.entitlements.features.create({
        lookup_key: `feature-${10 + index}`,
        name: `${index}`,
      });
      await harness.stripe.products.createFeature(product, { entitlement_feature: feature.id });
    }
    const storage = await harness.stripe.products.create({ name: 'Storage' });
    const price = await harness.stripe.prices.create({
      product: storage.id,
      currency: 'eur',
      unit_amount: 500,
      recurring: { interval: 'month' },
      lookup_key: 'storage',
      metadata: { tier: 'cold' },
    });
    team.heard();
    await harness.stripe.subscriptions.update(subscription.id, {
      items: [
        { id: item.id, quantity: 7 },
        { price: price.id, quantity: 3 },
      ],
    });
    const answer = await team.accessWhen(({ features, seats }) => features.length === 14 && seats === 7);
    process.stdout.write(`\nafter a renaming, an add-on and 12 entitlements: ${JSON.stringify(answer, null, 1)}\n`);
    expect(answer.plans).toMatchObject([
      {
        quantity: 7,
        items: [
          { plan: 'team', quantity: 7, metadata: { tier: 'gold' } },
          { plan: 'storage', quantity: 3, metadata: { tier: 'cold' } },
        ],
      },
    ]);
    expect(answer.features.filter((feature) => feature.startsWith('feature-'))).toHaveLength(12);

    const [notice] = await team.heardOf(({ seats }) => seats === 7);
    expect(notice).toMatchObject({ type: 'plan.changed', account });
    expect(notice?.access).toMatchObject({
      account,
      level: 'full',
      plans: [{ items: [{ plan: 'team' }, { plan: 'storage' }] }],
    });
  });

  it('may be cached by the backend for seconds, and is a 304 when it did not change', async () => {
    const first = await ask();
    expect(first.headers.get('cache-control')).toMatch(/^private, max-age=(?:[1-9]|10)$/);
    const again = await ask({ 'if-none-match': first.headers.get('etag') ?? '' });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const unknown = await harness.bff.call('/v1/access', { account: 'team_stranger', mint });
    expect(unknown.headers.get('cache-control'), 'what is not known yet').toBe('private, max-age=1');
    const page = await harness.bff.call('/v1/billing', { account });
    expect(page.headers.get('cache-control'), 'a page keeps nothing').toBe('no-store');
  });

  it('has Stripe’s ids, which no page gets', async () => {
    const { product } = await team.bought();
    expect(await problemOf(await harness.bff.call('/v1/access', { account }))).toMatchObject({ code: 'scope_missing' });
    expect(JSON.stringify(await harness.bff.snapshot({ account }))).not.toContain(product);
  });

  it('in the process needs an account, and a host where there are several', async () => {
    const { billhook } = harness.bff;
    await expect(billhook.access('')).rejects.toMatchObject({ code: 'field_invalid', field: 'account' });
    await expect(billhook.access({ host: 'nobody', account })).rejects.toMatchObject({
      code: 'field_invalid',
      field: 'host',
    });
  });

  it('links in the process, once, and returns a reason otherwise', async () => {
    const { billhook } = harness.bff;
    expect(await billhook.link('team_ending', harness.customers.ending)).toBe('linked');
    expect(await billhook.link('team_ending', harness.customers.ending)).toBe('alreadyLinked');
    expect(await billhook.access('team_ending'), 'waits for the first facts').toMatchObject({
      level: 'full',
      reason: 'ending',
    });
    await expect(billhook.link('team_2', harness.customers.ending)).rejects.toMatchObject({
      code: 'introduction_refused',
      message: 'The customer pays for another account: one customer has one account.',
    });
    await expect(billhook.link('team_3', 'cus_nobody')).rejects.toMatchObject({ code: 'stripe_customer_missing' });
  });
});

describe('a backend’s requests', () => {
  it('are counted apart from a page’s', async () => {
    const bff = await startBff({}, { limits: { asksPerMinute: 2, accessPerMinute: 5 } });
    try {
      const statuses = [];
      for (const path of ['/v1/billing', '/v1/billing', '/v1/billing']) statuses.push((await bff.call(path)).status);
      for (const _ of Array.from({ length: 6 })) statuses.push((await bff.call('/v1/access', { mint })).status);
      expect(statuses).toEqual([200, 200, 429, 200, 200, 200, 200, 200, 429]);
    } finally {
      await bff.close();
    }
  });

  it('are answered in the process for the named one of several hosts', async () => {
    const one = { origins: [origin], returnUrl: `${origin}/billing` };
    const bff = await startBff(
      {},
      {
        hosts: [
          { id: 'acme', secrets: [hostSecret], ...one },
          { id: 'other', secrets: [`another-${hostSecret}`], ...one },
        ],
      },
    );
    try {
      await expect(bff.billhook.access('team_1')).rejects.toMatchObject({ message: 'host must be one of acme, other' });
      expect(await bff.billhook.access({ host: 'other', account: 'team_1' })).toMatchObject({ level: 'unknown' });
    } finally {
      await bff.close();
    }
  });
});
