/**
 * The card over whole lives: every state that a subscription comes into has words, a way out or the reason why there is
 * none, and each amount that is printed is the one that Stripe's own page prints. `CARDS=500` for so many lives (the
 * nightly run), `SEED=…` for others.
 */

import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenedVisit } from '@billhook/widget/contract';
import type { SeededCustomers } from '../../demo/stripe-sandbox/index.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';
import { snapshots } from '../widget/snapshots.ts';
import { billhookLedger } from './billhook-ledger.ts';
import { CardTable, places, roles, states, type Opened } from './card-table.ts';
import { livesOf, take, type Step } from './lives.ts';
import { PromptLedger } from './prompt-ledger.ts';
import { seed } from './property.ts';
import { amountsIn, StripesPages } from './stripe-pages.ts';

const many = Number(process.env['CARDS'] ?? 20);
const month = 34 * 24;
const table = new CardTable();

const lives = livesOf({
  often: ['failingCard', 'workingCard', 'pay', 'plan', 'quantity', 'cancelInPortal', 'pause', 'resume', 'trial'],
  runs: [
    ['failingCard', month, 'workingCard', 'pay'],
    ['failingCard', month, month, 'workingCard', 'pay', 'pay'],
    ['pauseCollection', month, 'resumeCollection'],
    ['cancelInPortal', month, 'checkout'],
    ['detachCard', 'trial', 14 * 24],
  ],
  minLength: 5,
  maxLength: 10,
  downOfFour: 0,
});

/** Three hosts, and three ends of charges that all fail. */
const hosts = [
  { finally: 'cancel', policy: {} },
  { finally: 'markUnpaid', policy: { afterGrace: 'none', pausedAccess: 'none' } },
  { finally: 'leavePastDue', policy: { freePlan: { name: 'Free', access: 'readOnly' }, pausedAccess: 'full' } },
] as const;
const offers = [
  { id: 'small', price: 'small', trialDays: 14 },
  { id: 'large', price: 'large', recommended: true },
  { id: 'yearly', price: 'yearly' },
];

async function lead(life: readonly Step[], { finally: end, policy }: (typeof hosts)[number]): Promise<void> {
  const store = async () => openSqliteStore(':memory:');
  const ledger = await PromptLedger.open(billhookLedger(store, undefined, 'servers', { offers, policy }));
  const { stripe, customer } = ledger;
  stripe.sandbox.settings.dunning.finally = end;
  stripe.sandbox.savePortalSettings();
  const pages = new StripesPages(stripe.sandbox);
  try {
    for (const [at, step] of life.entries()) {
      // The next payment is asked for where a page is open.
      await ledger.nextPayment();
      const before = await ledger.read();
      const hadCredit = hasCredit(ledger);
      await take(ledger, step);
      const after = JSON.stringify(life.slice(0, at + 1));
      await ledger.nextPayment();
      for (const role of roles) {
        const { snapshot } = await ledger.read(role === 'manager');
        const opened: Opened = { snapshot, now: ledger.now, after };
        if (role === 'reader') table.add(opened, null);
        else {
          const page = await ledger.invoicePage();
          table.add(opened, {
            at: await pages.moneyOf(customer),
            page: page === null ? null : await pages.invoice(page),
          });
        }
      }
      // A preview counts the customer's credit whole, and another subscription that renews first uses it up.
      const mayBeUsed = before.snapshot.subscriptions.length > 1 && (hadCredit || hasCredit(ledger));
      if (step.is === 'time' && !mayBeUsed) await renewed(before.snapshot, pages, ledger, after);
    }
  } finally {
    await ledger.close();
  }
}

const hasCredit = ({ stripe, customer }: PromptLedger): boolean =>
  (stripe.sandbox.state.customers.get(customer)?.balance ?? 0) !== 0;

/** Nothing but time has passed, and the announced day has come: the renewal's page asks for the amount of the row. */
async function renewed(
  { nextPayment }: Opened['snapshot'],
  pages: StripesPages,
  { stripe, customer, now }: PromptLedger,
  after: string,
): Promise<void> {
  if (!nextPayment || Date.parse(nextPayment.at) > now) return;
  const { state } = stripe.sandbox;
  const at = Date.parse(nextPayment.at);
  const [made] = state.invoices.of(
    customer,
    ({ billing_reason: why, created, status_transitions: moved }) =>
      why === 'subscription_cycle' && [created, moved.finalized_at].includes(at / 1000),
  );
  if (!made?.hosted_invoice_url) return;
  const { amount } = await pages.invoice(made.hosted_invoice_url);
  table.compare('next payment', nextPayment.amount.amount, amount, (what) =>
    table.faults.push(`${what}, after ${after}`),
  );
}

describe('the card', () => {
  afterAll(() => {
    const compared = places.map((place) => `${place} ${table.compared(place)}`).join(', ');
    process.stdout.write(
      `\n  The card of ${many} lives (seed ${seed}) and of all seeded workspaces:\n${table.toString()}`,
    );
    process.stdout.write(`  amounts compared with Stripe’s pages: ${compared}\n`);
  });

  describe('of every seeded workspace', () => {
    let harness: BffHarness;
    beforeAll(async () => {
      const sold = ['starter_monthly', 'team_monthly', 'business_yearly'].map((price) => ({ id: price, price }));
      harness = await startBffHarness({
        host: { offers: sold, policy: { freePlan: { name: 'Free', access: 'readOnly' } } },
      });
    });
    afterAll(() => harness.close());

    it('says what Stripe’s pages say', async () => {
      const pages = new StripesPages(harness.sandbox);
      for (const who of [null, ...Object.keys(harness.customers)] as (keyof SeededCustomers | null)[]) {
        const call = who === null ? { account: 'team_none' } : harness.as(who);
        const customer = who === null ? '' : harness.customers[who];
        const mint = 'mint' in call ? call.mint : {};
        for (const scope of [['billing:read', 'billing:manage'], ['billing:read']] as const) {
          const asked = { ...call, mint: { ...mint, scope } };
          let snapshot = (await (await harness.bff.settled(asked)).json()) as Opened['snapshot'];
          while (['none', 'ended'].includes(snapshot.state) && snapshot.offers.length < 3)
            snapshot = await harness.bff.snapshot(asked);
          const opened = { snapshot, now: Date.now(), after: `the life of ${who ?? 'a newcomer'}` };
          if (scope.length === 1) {
            table.add(opened, null);
            continue;
          }
          const open = (path: string, body: object) =>
            harness.bff.call(path, { ...asked, body: { seen: snapshot.revision, ...body } });
          const answer = await open('/v1/invoice-sessions', {});
          const page = answer.status === 200 ? await pages.invoice(((await answer.json()) as OpenedVisit).url) : null;
          table.add(opened, { at: await pages.moneyOf(customer), page });
          for (const { id, plan } of snapshot.offers) {
            const { url } = (await (await open('/v1/checkout-sessions', { offer: id })).json()) as OpenedVisit;
            const { today } = await pages.checkout(url);
            const fault = (what: string) => table.faults.push(`${id}, ${who}: ${what}`);
            table.compare('offer', plan.price?.amount ?? null, today, fault);
          }
        }
      }
      expect(table.faults).toEqual([]);
    });
  });

  it('L36: over generated lives, every state and role has words, a way out, and Stripe’s amounts', async () => {
    for (const [index, life] of fc.sample(lives, { seed, numRuns: many }).entries())
      await lead(life, hosts[index % hosts.length] ?? hosts[0]);
    table.add({ snapshot: snapshots.unknown, now: 0, after: 'nothing' }, null);
    table.add({ snapshot: { ...snapshots.unknown, mayManage: false }, now: 0, after: 'nothing' }, null);
    expect(table.faults).toEqual([]);
  }, 3_600_000);

  it('no state and no role is missing, and an amount was compared in each place', () => {
    const missing = states.flatMap((state) =>
      roles.filter((role) => !table.seen(state, role)).map((role) => `${state}, ${role}`),
    );
    expect(missing).toEqual([]);
    expect(places.filter((place) => table.compared(place) === 0)).toEqual([]);
  });

  it('reads amounts as they are printed', () => {
    expect(amountsIn('€1,145.00, ¥9,000 and $58')).toEqual([114_500, 9000, 5800]);
  });
});
