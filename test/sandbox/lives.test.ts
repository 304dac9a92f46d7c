/**
 * Arithmetic to the last minor unit, over generated lives: `AMOUNTS=10000` (the nightly run) for all of them, `SEED=…` for
 * others. A failing life is shrunk to the smallest one that fails.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { billedFor, faultsOf, faultsOfCustomer, type InvoiceAmounts } from './books.ts';
import { live, lives, type Life } from './lives.ts';

const numRuns = Number(process.env['AMOUNTS'] ?? 150);
const seed = Number(process.env['SEED'] ?? 20261128);

/**
 * How far a line may be from the exact price of the time that went by, in minor units. With an amount A for a period (whole
 * units, for prices are), a share s ≤ 1 of it that is left, a discount d and r(x) for the nearest unit, |r(x) − x| ≤ ½:
 *
 * - a period’s line is A − r(d·A): ≤ ½ with a discount, exact without;
 * - a charge for the time that remains is r(s·(A − r(d·A))): ≤ s·½ + ½ ≤ 1 with a discount, ≤ ½ without;
 * - a credit in classic billing is the same expression: ≤ 1, ≤ ½;
 * - a credit in flexible billing is r(f·D), for the share f of the billed amounts D that it gives back. It takes f of their
 *   own error away again and adds ≤ ½; the rest of theirs, (1 − f) ≤ 1 of it, is counted with them.
 */
const allowanceOf = ({ discount }: Life): number => (discount === null ? 0.5 : 1);

test('each invoice’s lines sum to its total, and credit and debit conserve value', async () => {
  const seen = { lives: 0, invoices: 0, lines: 0, prorations: 0, credits: 0, told: 0, of: new Map<string, number>() };
  const began = performance.now();
  await fc.assert(
    fc.asyncProperty(lives, async (life) => {
      const { sandbox, customer, used } = await live(life);
      const { state } = sandbox;
      expect(faultsOfCustomer(state, customer)).toEqual([]);
      const billed = billedFor(state, customer);
      if (used !== null) {
        expect(Math.abs(billed.amount - used), `billed ${billed.amount}, used ${used}`).toBeLessThanOrEqual(
          allowanceOf(life) * billed.lines + 1e-6,
        );
        seen.told += 1;
      }
      count(life, state.invoices.of(customer));
      await sandbox.close();
    }),
    { numRuns, seed },
  );
  const took = Math.round((performance.now() - began) / 100) / 10;
  process.stdout.write(
    `${seen.lives} lives (seed ${seed}) in ${took} s: ${seen.invoices} invoices, ${seen.lines} lines, ${seen.prorations} prorations, ` +
      `${seen.credits} credits; ${seen.told} whole bills compared with the time; ${[...seen.of].map(([what, times]) => `${what} ${times}`).join(', ')}\n`,
  );
  expect(seen.prorations).toBeGreaterThan(seen.lives / 4);
  for (const kind of ['eur', 'jpy', 'kwd', 'classic', 'flexible', 'trial', 'discount', 'tax', 'quantity', 'mid-period'])
    expect(seen.of.get(kind), kind).toBeGreaterThan(0);

  function count(life: Life, invoices: readonly InvoiceAmounts[]): void {
    seen.lives += 1;
    seen.invoices += invoices.length;
    for (const { lines } of invoices as readonly (InvoiceAmounts & {
      lines: { data: readonly { parent?: object | null }[] };
    })[]) {
      seen.lines += lines.data.length;
      for (const line of lines.data) {
        const isProration = JSON.stringify(line.parent).includes('"proration":true');
        if (isProration) seen.prorations += 1;
        if (isProration && line.amount < 0) seen.credits += 1;
      }
    }
    const kinds = [
      life.currency,
      life.billingMode,
      ...(life.trialDays > 0 ? ['trial'] : []),
      ...(life.discount === null ? [] : ['discount']),
      ...(life.tax === null ? [] : ['tax']),
      ...(life.quantity > 1 ? ['quantity'] : []),
      ...(life.steps.some((each) => each.do === 'price' || each.do === 'quantity') ? ['mid-period'] : []),
    ];
    for (const kind of kinds) seen.of.set(kind, (seen.of.get(kind) ?? 0) + 1);
  }
});

describe('the books’ rules would say so', () => {
  const [line] = [{ amount: 100, discount_amounts: [], taxes: [] }];
  const invoice: InvoiceAmounts = {
    id: 'in_1',
    status: 'paid',
    total: 100,
    subtotal: 100,
    amount_due: 100,
    amount_paid: 100,
    amount_remaining: 0,
    starting_balance: 0,
    ending_balance: 0,
    lines: { has_more: false, data: line ? [line] : [] },
  };
  test.each<[string, Partial<InvoiceAmounts>]>([
    ['a line too little', { lines: { has_more: false, data: [] } }],
    [
      'a discount that no line has',
      { total: 90, amount_due: 90, amount_paid: 90, total_discount_amounts: [{ amount: 10 }] },
    ],
    [
      'a tax that no line has',
      { total: 110, amount_due: 110, amount_paid: 110, total_taxes: [{ amount: 10, tax_behavior: 'exclusive' }] },
    ],
    ['money that is neither paid nor owed', { amount_paid: 90 }],
    ['credit that came from nowhere', { amount_due: 40, amount_paid: 40, ending_balance: 0 }],
    ['half a cent', { total: 100.5 }],
  ])('%s', (_, change) => {
    expect(faultsOf(invoice)).toEqual([]);
    expect(faultsOf({ ...invoice, ...change })).not.toEqual([]);
  });
});

const evidence = join(import.meta.dirname, '../../../shared/stripe');
const hasEvidence = existsSync(join(evidence, 'recordings'));

describe(`the real amounts that Stripe answered${hasEvidence ? '' : ': skipped, because ../shared/stripe is not here'}`, () => {
  test.skipIf(!hasEvidence)('obey the same rules', () => {
    const invoices = ['recordings', 'events', 'fixtures'].flatMap((folder) => invoicesIn(join(evidence, folder)));
    process.stdout.write(`${invoices.length} real invoices\n`);
    expect(invoices.length).toBeGreaterThan(0);
    expect(invoices.flatMap((each) => faultsOf(each))).toEqual([]);
  });
});

/** Every invoice with its lines, however deep it lies, of the versions that write amounts as they are written now. */
function invoicesIn(folder: string): InvoiceAmounts[] {
  const found: InvoiceAmounts[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === 'string' && /^\s*[{[]/.test(value)) {
      try {
        walk(JSON.parse(value));
      } catch (cause) {
        if (!(cause instanceof SyntaxError)) throw cause;
      }
    }
    if (typeof value !== 'object' || value === null) return;
    const row = value as Record<string, unknown>;
    if (row['object'] === 'invoice' && 'lines' in row && 'parent' in row) found.push(row as unknown as InvoiceAmounts);
    for (const each of Object.values(value)) walk(each);
  };
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.json')) walk(JSON.parse(readFileSync(join(folder, name), 'utf8')));
  return found;
}
