/** KEY-1: the permissions that the guide lists are enough for everything that a server does. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { neededPermissions } from '../../../server/src/stripe/permissions.ts';
import { setStage, type Stage } from '../support/with-sandbox.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage({ host: { offers: [{ id: 'team', price: 'team_monthly' }] } }, (sandbox) =>
    sandbox.addRestrictedKey(neededPermissions.map(({ name }) => name)),
  );
});
afterAll(() => stage.close());

const refused = () => stage.sandbox.requests.list().filter(({ status }) => status === 403);

it('reads every customer, opens the portal for each, and sells', async () => {
  for (const situation of Object.keys(stage.customers) as (keyof Stage['customers'])[]) {
    const who = stage.as(situation);
    // oxlint-disable-next-line no-await-in-loop -- one customer after the other
    const snapshot = await stage.bff.snapshot(who);
    expect(snapshot.state, situation).not.toBe('unknown');
    // oxlint-disable-next-line no-await-in-loop -- as above
    const opened = await stage.bff.call('/v1/portal-sessions', { ...who, body: { seen: null } });
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(opened.status, `${situation}: ${await opened.clone().text()}`).toBe(200);
  }
  const { offers } = await stage.bff.snapshot({ account: 'team_new' });
  const body = { offer: offers[0]?.id, seen: null };
  expect((await stage.bff.call('/v1/checkout-sessions', { account: 'team_new', body })).status).toBe(200);
  await stage.sandbox.deliveries.settled();
  expect(refused()).toEqual([]);
});
