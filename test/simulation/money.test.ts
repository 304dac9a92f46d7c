/**
 * The money table: Billhook's amounts over generated lives, beside Stripe's own invoices. The books are kept by sums
 * over the sandbox's invoices; nothing here shares a line with the reader of Stripe or the judge.
 */

import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { billhookLedger } from './billhook-ledger.ts';
import { livesOf, take, type Step } from './lives.ts';
import { PromptLedger } from './prompt-ledger.ts';
import { seed, usualSeed } from './property.ts';
import { wrongAmounts, type WrongAmount } from './wrong-amounts.ts';

/** Hours after which a renewal has come, and was charged. */
const month = 34 * 24;

const lives = livesOf({
  often: ['failingCard', 'workingCard', 'pay', 'plan', 'quantity'],
  runs: [
    // One renewal that fails, and is paid.
    ['failingCard', month, 'workingCard', 'pay'],
    // Two of them: the newest is paid alone, then the other one.
    ['failingCard', month, month, 'workingCard', 'pay', 'pay'],
    ['failingCard', 'plan', 'quantity', 'workingCard', 'pay'],
    ['failingCard', month, 'void', 'workingCard', month],
  ],
  minLength: 4,
  maxLength: 8,
  downOfFour: 0,
});

/** An invoice of a subscription, as it stands in Stripe's books. */
interface Entry {
  readonly id: string;
  readonly subscription: string;
  readonly isLiving: boolean;
  readonly isBehind: boolean;
  readonly status: string;
  readonly paid: number;
  readonly remaining: number;
  readonly page: string | null;
  readonly created: number;
  readonly finalized: number;
  readonly due: number;
  readonly isRenewal: boolean;
}

const over = ['canceled', 'incomplete_expired'];
const behind = ['past_due', 'unpaid'];

function entriesOf({ state }: StripeSandbox, customer: string): Entry[] {
  return state.invoices
    .of(customer, () => true)
    .flatMap((invoice) => {
      const named = invoice.parent?.subscription_details?.subscription;
      const subscription = typeof named === 'string' ? state.subscriptions.get(named) : undefined;
      if (!subscription) return [];
      return {
        id: invoice.id,
        subscription: subscription.id,
        isLiving: !over.includes(subscription.status),
        isBehind: behind.includes(subscription.status),
        status: invoice.status ?? '',
        paid: invoice.amount_paid,
        remaining: invoice.amount_remaining,
        page: invoice.hosted_invoice_url ?? null,
        created: invoice.created * 1000,
        finalized: (invoice.status_transitions.finalized_at ?? 0) * 1000,
        due: invoice.amount_due,
        isRenewal: invoice.billing_reason === 'subscription_cycle',
      };
    });
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, each) => total + each, 0);
const dueOf = (entries: readonly Entry[]) =>
  sum(entries.filter(({ isLiving, status }) => isLiving && status === 'open').map(({ remaining }) => remaining));

/** The paid part of the debt: of open invoices, and of the drafts of a subscription that is behind. */
function paidOf(before: readonly Entry[], after: readonly Entry[]): number {
  const owed = before.filter((each) => each.isLiving && (each.status === 'open' || isOwedDraft(each)));
  return sum(owed.map(({ id, paid }) => (after.find((each) => each.id === id)?.paid ?? paid) - paid));
}

const isOwedDraft = ({ status, isBehind }: Entry) => status === 'draft' && isBehind;

type Row = WrongAmount['row'];
class Table {
  readonly #rows = new Map<Row, { said: number; compared: number }>();
  readonly differences: string[] = [];

  compare(row: Row, said: number | null, books: number | null, life: readonly Step[], at: number): void {
    const counts = this.#rows.get(row) ?? { said: 0, compared: 0 };
    counts.compared++;
    if (said !== null && said !== 0) counts.said++;
    this.#rows.set(row, counts);
    if (said === books) return;
    this.differences.push(
      `${row}: said ${said}, by the books ${books}, after ${JSON.stringify(life.slice(0, at + 1))}`,
    );
  }

  said(row: Row): number {
    return this.#rows.get(row)?.said ?? 0;
  }

  toString(): string {
    return [...this.#rows]
      .map(([row, { said, compared }]) => {
        const wrong = this.differences.filter((each) => each.startsWith(`${row}:`)).length;
        return `  ${row.padEnd(10)} ${String(compared).padStart(6)} compared, ${String(said).padStart(6)} amounts said, ${wrong} differences\n`;
      })
      .join('');
  }
}

const ends = ['cancel', 'markUnpaid', 'leavePastDue'] as const;

/** @param end - of a subscription after its charges all failed, as the Dashboard says it */
async function lead(
  life: readonly Step[],
  end: (typeof ends)[number],
  table: Table,
  mutate?: WrongAmount['mutate'],
): Promise<void> {
  const ledger = await PromptLedger.open(billhookLedger(async () => openSqliteStore(':memory:'), mutate));
  const { stripe, customer } = ledger;
  stripe.sandbox.settings.dunning.finally = end;
  try {
    for (const [at, step] of life.entries()) {
      const next = await ledger.nextPayment();
      const [headline] = (await ledger.read()).snapshot.subscriptions;
      const before = entriesOf(stripe.sandbox, customer);
      const living = new Set(before.flatMap((each) => (each.isLiving ? each.subscription : [])));
      const credit = () => stripe.sandbox.state.customers.get(customer)?.balance ?? 0;
      const creditBefore = credit();
      const visit = await ledger.open();
      const heard = ledger.heard.length;
      await take(ledger, step);
      const after = entriesOf(stripe.sandbox, customer);
      const compare = (row: Row, said: number | null, books: number | null) =>
        table.compare(row, said, books, life, at);

      // Nothing but time has passed, and the announced day has come: the renewal's own invoice asks for the amount.
      // A preview counts the customer's credit of now whole: another subscription that renews first uses it up, or leaves some.
      const sharesCredit = living.size > 1 && (creditBefore !== 0 || credit() !== 0);
      // One that was behind may be canceled by its last failed attempt, before the day comes.
      const isOver = after.some((each) => keyOf(each.subscription) === headline?.key && !each.isLiving);
      if (next !== null && step.is === 'time' && Date.parse(next.at) <= ledger.now && !sharesCredit && !isOver) {
        // It is told by the day on which it will be made; from then on, by the hour in which it will be charged.
        const at = Date.parse(next.at);
        const made = after.filter(
          ({ isRenewal, created, finalized }) => isRenewal && [created, finalized].includes(at),
        );
        const own = made.find(({ subscription }) => keyOf(subscription) === headline?.key);
        compare('next', next.amount.amount, own?.due ?? null);
      }

      const said = await saidPaid(ledger, visit);
      if (said !== null) compare('said paid', said, paidOf(before, after));
      for (const { type, data } of ledger.heard.slice(heard)) {
        if (type !== 'payment.recovered') continue;
        const { subscription, paid, due } = data as Recovered;
        const own = (entries: readonly Entry[]) => entries.filter((each) => keyOf(each.subscription) === subscription);
        compare('recovered', paid?.amount ?? 0, paidOf(own(before), own(after)));
        compare('due', due?.amount ?? 0, dueOf(own(after)));
      }
      const { payment } = (await ledger.read()).snapshot;
      compare('due', payment.due?.amount ?? 0, dueOf(after));
      const page = await ledger.invoicePage();
      compare('button', payment.payNow?.amount ?? null, page === null ? null : await amountOn(stripe.sandbox, page));
    }
  } finally {
    await ledger.close();
  }
}

interface Recovered {
  readonly subscription: string;
  readonly paid: { readonly amount: number } | null;
  readonly due: { readonly amount: number } | null;
}

/** The page's own return. `null`: the visit is over, and nothing is said. */
async function saidPaid(ledger: PromptLedger, visit: string): Promise<number | null> {
  if (visit === '') return null;
  let answer = await ledger.return(visit);
  for (let asks = 0; answer.outcome === 'pending' && asks < 3; asks++) answer = await ledger.return(visit);
  if (answer.outcome === 'gone') return null;
  return sum(answer.changes.map((change) => (change.kind === 'paid' ? (change.paid?.amount ?? 0) : 0)));
}

/** As the snapshot's `key` is made. */
const keyOf = (id: string): string => createHash('sha256').update(id).digest('base64url').slice(0, 16);

/** The amount that Stripe's page asks for, in cents. */
async function amountOn({ app }: StripeSandbox, page: string): Promise<number> {
  const html = await (await app.request(page)).text();
  const [, printed] = /<p class="amount">([^<]*)<\/p>/.exec(html) ?? [];
  if (printed === undefined) throw new Error(`${page} shows no amount`);
  return Number(printed.replaceAll(/[^\d]/g, ''));
}

it('L36: what is said of money is what stands in Stripe’s books', async () => {
  const table = new Table();
  const began = performance.now();
  const many = fc.sample(lives, { seed, numRuns: Number(process.env['LIVES'] ?? 60) });
  for (const [index, life] of many.entries()) await lead(life, ends[index % ends.length] ?? 'cancel', table);
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(`\n  The money of ${many.length} lives (seed ${seed}) in ${seconds} s:\n${table.toString()}`);
  expect(table.differences).toEqual([]);
  // A table in which nothing is said proves nothing.
  for (const row of ['said paid', 'recovered', 'due', 'button', 'next'] as const) {
    expect(table.said(row)).toBeGreaterThanOrEqual(many.length / 20);
  }
}, 3_600_000);

/** As many lives as the normal run leads. */
const enough = 60;

it.each(wrongAmounts)('a ledger that is wrong is found out by its row: $row, $name', async (wrong) => {
  const { row, name, hidesFor = 0, mutate } = wrong;
  const table = new Table();
  const isFound = () => table.differences.some((each) => each.startsWith(`${row}:`));
  const many = fc.sample(lives, { seed, numRuns: enough });
  let led = seed === usualSeed ? hidesFor : 0;
  for (; led < many.length && !isFound(); led++) {
    await lead(many[led] ?? [], ends[led % ends.length] ?? 'cancel', table, mutate);
  }
  process.stdout.write(`\n  ${row}, ${name}: ${isFound() ? 'found in' : 'not found up to'} life ${led}\n`);
  expect(isFound(), `${enough} lives did not find it`).toBe(true);
});
