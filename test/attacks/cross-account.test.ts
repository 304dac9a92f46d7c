/**
 * Two accounts, each with everything of the other's that can be seen over a shoulder: ids in every place of every request.
 * Nothing of the other account is answered, and Stripe is asked to open nothing for its customer. On both ledgers.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillingSnapshot, OpenedVisit } from '@billhook/widget/contract';
import type { CallInit } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { randomOf, report, share, tally, type Random } from './corpus.ts';

const calls = share(1_200, 120);

interface Side {
  readonly as: CallInit & { readonly account: string };
  readonly customer: string;
  /** Ids that a request may name. */
  readonly ids: readonly string[];
  /** Text that only the account itself may read. */
  readonly secrets: readonly string[];
}

describe.each([
  ['SQLite', async () => ({})],
  ['PostgreSQL', async () => ({ database: await (await sharedPostgres()).createDatabase() })],
] as const)('on %s', (store, options) => {
  let harness: BffHarness;
  let sides: readonly [Side, Side];
  beforeAll(async () => {
    harness = await startBffHarness({
      host: { offers: [{ id: 'team', price: 'team_monthly' }] },
      ...(await options()),
    });
    sides = [await sideOf('pastDue'), await sideOf('ending')];
  });
  afterAll(() => harness.close());

  async function sideOf(situation: 'pastDue' | 'ending'): Promise<Side> {
    const as = harness.as(situation);
    const snapshot: BillingSnapshot = await harness.bff.snapshot(as);
    const opened = await harness.bff.call('/v1/portal-sessions', { ...as, body: { seen: null } });
    const { url, visit } = (await opened.json()) as OpenedVisit;
    const customer = harness.customers[situation];
    const [invoices, subscriptions] = await Promise.all([
      harness.stripe.invoices.list({ customer }),
      harness.stripe.subscriptions.list({ customer, status: 'all' }),
    ]);
    const keys = snapshot.subscriptions.map(({ key }) => key);
    const atStripe = [...invoices.data, ...subscriptions.data].map(({ id }) => id ?? '');
    const pages = invoices.data.flatMap(({ hosted_invoice_url: page }) => page ?? []);
    return {
      as,
      customer,
      ids: [customer, as.account, visit, snapshot.revision, ...keys, ...atStripe].filter(Boolean),
      secrets: [customer, url, ...keys, ...atStripe, ...pages].filter((secret) => secret.length > 8),
    };
  }

  const fields = [
    'seen',
    'flow',
    'subscription',
    'returnUrl',
    'completionUrl',
    'locale',
    'offer',
    'visit',
    'customer',
    'account',
    'sub',
    'host',
    'invoice',
  ];
  const paths = [
    '/v1/billing',
    '/v1/access',
    '/v1/portal-sessions',
    '/v1/checkout-sessions',
    '/v1/invoice-sessions',
    '/v1/visits/return',
  ];
  const honest: Readonly<Record<string, object>> = {
    '/v1/portal-sessions': { seen: null },
    '/v1/checkout-sessions': { seen: null, offer: 'team' },
    '/v1/invoice-sessions': { seen: null },
    '/v1/visits/return': {},
  };

  /** A request of one account with the other one's ids somewhere. */
  function attack(random: Random, thief: Side, victim: Side): readonly [path: string, init: CallInit] {
    const id = () => random.pick(victim.ids);
    const path = random.pick(paths);
    const body = honest[path];
    const swapped = Object.fromEntries(Array.from({ length: random.below(3) }, () => [random.pick(fields), id()]));
    const visit = path === '/v1/visits/return' ? { visit: id() } : {};
    const query = random.below(3) === 0 ? `?${random.pick(fields)}=${encodeURIComponent(id())}` : '';
    const named = random.pick([
      'x-account',
      'x-customer',
      'if-none-match',
      'prefer',
      'cookie',
      'x-forwarded-for',
      'x-billhook-account',
    ]);
    const headers = random.below(2) === 0 ? { [named]: id() } : {};
    const mint = random.below(4) === 0 ? { customer: victim.customer } : thief.as.mint;
    const scope = ['billing:read', 'billing:manage', 'access'] as const;
    return [
      path + query,
      {
        ...thief.as,
        mint: { ...mint, scope },
        headers,
        ...(body === undefined ? {} : { body: { ...body, ...visit, ...swapped } }),
      },
    ];
  }

  it.each([0, 1] as const)(
    `L16: ${calls} calls with the other account’s ids read and open nothing of it (%i)`,
    async (side) => {
      const [thief, victim] = side === 0 ? sides : [sides[1], sides[0]];
      const random = randomOf(`${store} ${side}`);
      const { counts, add } = tally();
      let leaks = 0;
      harness.sandbox.requests.clear();
      for (let made = 0; made < calls; made += 1) {
        const [path, init] = attack(random, thief, victim);
        const answer = await harness.bff.call(path, init);
        add(String(answer.status));
        const text = `${await answer.text()} ${JSON.stringify([...answer.headers])}`;
        const told = JSON.stringify(init);
        // An error may name the field that was sent, never a secret that was not.
        const leaked = victim.secrets.filter((secret) => text.includes(secret) && !told.includes(secret));
        leaks += leaked.length;
        expect(leaked, `${path} ${told}`).toEqual([]);
        if (answer.status === 200) for (const secret of victim.secrets) expect(text, path).not.toContain(secret);
        expect(answer.status, path).toBeLessThan(500);
      }
      const openings = harness.sandbox.requests.list({ method: 'POST', path: /sessions$/ });
      const opened = openings.filter(({ params }) => Reflect.get(params ?? {}, 'customer') === victim.customer).length;
      report(`cross-account on ${store}, side ${side}`, {
        calls,
        leaks,
        'opened for the other': opened,
        'opened for themselves': openings.length,
        ...counts,
      });
      expect([leaks, opened]).toEqual([0, 0]);
      // The attempts were real: requests without a mistake are answered.
      expect(counts['200']).toBeGreaterThan(calls / 20);
      expect(openings.length).toBeGreaterThan(0);
    },
  );
});
