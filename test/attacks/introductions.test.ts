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
  const { introductions, ...rows } = harness.bff.rows();
  expect(JSON.stringify(rows), 'nothing is linked, opened or fetched for it').not.toContain('team_thief');
  expect(introductions, 'what the doctor tells').toMatchObject([{ account: 'team_thief', code: 'account_mismatch' }]);
});
