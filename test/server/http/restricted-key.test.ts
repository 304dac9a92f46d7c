/** KEY-1: the permissions that the guide lists are enough for everything that a server does. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { neededPermissions } from '../../../server/src/stripe/permissions.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness({ host: { offers: [{ id: 'team', price: 'team_monthly' }] } }, (sandbox) =>
    sandbox.addRestrictedKey(neededPermissions.map(({ name }) => name)),
  );
});
afterAll(() => harness.close());

/** The next payment's preview counts as writing, and its row is left out (`next-payment.test.ts`). */
const preview = '/v1/invoices/create_preview';
const refused = () => harness.sandbox.requests.list().filter(({ status, path }) => status === 403 && path !== preview);
/** Terms of coupons are asked for once, and left out (`discounts.test.ts`). */
const coupons = expect.objectContaining({
  method: 'GET',
  path: expect.stringMatching(/^\/v1\/coupons\/\w+$/),
});

it('reads every customer, opens the portal for each, and sells', async () => {
  for (const situation of Object.keys(harness.customers) as (keyof BffHarness['customers'])[]) {
    const who = harness.as(situation);
    // oxlint-disable-next-line no-await-in-loop -- one customer after the other
    const snapshot = await harness.bff.snapshot(who);
    expect(snapshot.state, situation).not.toBe('unknown');
    // oxlint-disable-next-line no-await-in-loop -- as above
    const opened = await harness.bff.call('/v1/portal-sessions', { ...who, body: { seen: null } });
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(opened.status, `${situation}: ${await opened.clone().text()}`).toBe(200);
  }
  const { offers } = await harness.bff.snapshot({ account: 'team_new' });
  const body = { offer: offers[0]?.id, seen: null };
  expect((await harness.bff.call('/v1/checkout-sessions', { account: 'team_new', body })).status).toBe(200);
  await harness.sandbox.deliveries.settled();
  expect(refused()).toEqual([coupons]);
});
