/** M2, L16: no token reads or opens anything of another account, by any ids. Over all routes, every id swapped. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillingSnapshot, OpenedVisit } from '@billhook/widget/contract';
import type { CallInit } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
let victim: CallInit & { readonly account: string };
let thief: CallInit & { readonly account: string };
/** Everything that the thief could have seen over a shoulder, and must never be given. */
let theirs: {
  readonly customer: string;
  readonly visit: string;
  readonly key: string;
  readonly secrets: readonly string[];
};

beforeAll(async () => {
  harness = await startBffHarness({ host: { offers: [{ id: 'team', price: 'team_monthly' }] } });
  victim = harness.as('pastDue');
  thief = harness.as('ending');
  const snapshot: BillingSnapshot = await harness.bff.snapshot(victim);
  await harness.bff.snapshot(thief);
  const opened = await harness.bff.call('/v1/portal-sessions', { ...victim, body: { seen: null } });
  const { url, visit } = (await opened.json()) as OpenedVisit;
  const customer = harness.customers.pastDue;
  const invoices = await harness.stripe.invoices.list({ customer });
  theirs = {
    customer,
    visit,
    key: snapshot.subscriptions[0]?.key ?? '',
    secrets: [
      customer,
      url,
      '14500',
      ...invoices.data.flatMap(({ id, hosted_invoice_url: page }) => [id ?? '', page ?? '']),
    ],
  };
});
afterAll(() => harness.close());

/** Which customers Stripe was asked to open something for. */
const openedFor = () =>
  harness.sandbox.requests
    .list({ method: 'POST' })
    .map(({ params }) => Reflect.get(params ?? {}, 'customer') as unknown)
    .filter((customer) => customer !== undefined);

const bodies = () => ({
  '/v1/portal-sessions': [
    { seen: null },
    { seen: null, flow: 'payment_method_update' },
    { seen: null, flow: 'subscription_cancel' },
    { seen: null, flow: 'subscription_cancel', subscription: theirs.key },
    { seen: null, customer: theirs.customer },
    { seen: null, account: victim.account },
  ],
  '/v1/invoice-sessions': [{ seen: null }, { seen: null, customer: theirs.customer }],
  '/v1/checkout-sessions': [
    { seen: null, offer: 'team' },
    { seen: null, offer: 'team', customer: theirs.customer },
  ],
  '/v1/visits/return': [{ visit: theirs.visit }],
});

describe('an attacker with a token of their own', () => {
  it.each(['their own', 'the victim’s customer introduced'])(
    'and %s reads nothing of another account, over all routes',
    async (kind) => {
      const mint = kind === 'their own' ? thief.mint : { customer: theirs.customer };
      const as = { ...thief, mint: { ...mint, scope: ['billing:read', 'billing:manage', 'access'] as const } };
      harness.sandbox.requests.clear();
      const answers: Response[] = [];
      for (const path of ['/v1/billing', '/v1/access', `/v1/billing?account=${victim.account}`]) {
        answers.push(await harness.bff.call(path, as));
        answers.push(await harness.bff.call(path, { ...as, headers: { 'x-account': victim.account } }));
      }
      for (const [path, all] of Object.entries(bodies())) {
        for (const body of all) answers.push(await harness.bff.call(path, { ...as, body }));
      }
      for (const answer of answers) {
        const text = await answer.text();
        for (const secret of theirs.secrets) expect(text, `${answer.status}`).not.toContain(secret);
      }
      expect(openedFor().filter((customer) => customer === theirs.customer)).toEqual([]);
      // The tries were real: their own billing was read and opened.
      expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(5);
      expect(openedFor()).toContain(harness.customers.ending);
    },
  );

  it('and no customer at all cannot take another account’s by introducing it', async () => {
    const stranger = { account: 'team_stranger', mint: { customer: theirs.customer } };
    for (const [path, all] of Object.entries(bodies())) {
      for (const body of all) {
        const answer = await harness.bff.call(path, { ...stranger, body });
        expect(answer.status, `${path} ${JSON.stringify(body)}`).toBeGreaterThanOrEqual(400);
      }
    }
    expect((await harness.bff.call('/v1/billing', stranger)).status).toBe(403);
  });
});
