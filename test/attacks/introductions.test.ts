/** A customer that Billhook made for one account is introduced by no other, whatever a host's token says. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { problemOf } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness();
});
afterAll(() => harness.close());

it('L16: an introduction of another account’s customer is refused, and its own is taken', async () => {
  const metadata = { billhook_host: 'acme', billhook_account: 'team_owner' };
  const { id: customer } = await harness.stripe.customers.create({ metadata });
  const thief = await harness.bff.call('/v1/billing', { account: 'team_thief', mint: { customer } });
  expect(await problemOf(thief)).toMatchObject({ status: 403, code: 'introduction_refused' });
  expect((await harness.bff.call('/v1/billing', { account: 'team_owner', mint: { customer } })).status).toBe(200);
  expect(JSON.stringify(harness.bff.rows())).not.toContain('team_thief');
});
