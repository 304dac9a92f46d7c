/**
 * A host that hears notices and asks nothing knows at any time what its account may use: each change of access, state and
 * plan is told, whatever made it, and nothing is told that has not changed.
 */

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import type { AccessSummary } from '../../server/src/billing/notice-types.ts';
import { billhookLedger } from './billhook-ledger.ts';
import type { ToldNotice } from './ledger-under-test.ts';
import { livesOf, take, type Step } from './lives.ts';
import { PromptLedger } from './prompt-ledger.ts';
import { seed } from './property.ts';

const lives = livesOf({
  often: ['subscribe', 'trial', 'failingCard', 'workingCard', 'pay'],
  minLength: 18,
  maxLength: 26,
  downOfFour: 1,
});

interface Books {
  changes: number;
  untold: number;
  unfounded: number;
  notices: number;
  /** By the states between which access changed. */
  readonly kinds: Map<string, number>;
  readonly faults: string[];
}

async function lead(life: readonly Step[], books: Books, open = () => openSqliteStore(':memory:')): Promise<void> {
  const ledger = await PromptLedger.open(billhookLedger(async () => open()));
  try {
    let known = (await ledger.read()).summary;
    for (const step of life) {
      const from = ledger.heard.length;
      await take(ledger, step);
      const now = (await ledger.read()).summary;
      compare(known, now, ledger.heard.slice(from), step, books);
      known = now;
    }
  } finally {
    await ledger.close();
  }
}

function compare(
  before: AccessSummary,
  after: AccessSummary,
  heard: readonly ToldNotice[],
  step: Step,
  books: Books,
): void {
  const told = heard.filter(({ type }) => type === 'access.changed').map(({ data }) => data as Told);
  const isChanged = JSON.stringify(before) !== JSON.stringify(after);
  books.notices += told.length;
  // Each begins where the one before ended: a change that was left out would break the chain.
  const chain = [{ to: before }, ...told];
  const isWhole = told.every(({ from }, at) => JSON.stringify(from) === JSON.stringify(chain[at]?.to));
  const isUntold = !isWhole || JSON.stringify(chain.at(-1)?.to) !== JSON.stringify(after);
  const isUnfounded = told.some(({ from, to }) => JSON.stringify(from) === JSON.stringify(to));
  if (isChanged) {
    books.changes++;
    const kind = `${before.state} ${before.level} → ${after.state} ${after.level}`;
    books.kinds.set(kind, (books.kinds.get(kind) ?? 0) + 1);
  }
  if (isUntold) books.untold++;
  if (isUnfounded) books.unfounded++;
  if (isUntold || isUnfounded) books.faults.push(JSON.stringify({ step, before, after, told }));
}

type Told = { readonly from: AccessSummary; readonly to: AccessSummary };

const emptyBooks = (): Books => ({ changes: 0, untold: 0, unfounded: 0, notices: 0, kinds: new Map(), faults: [] });

it('M27: of all changes of access, state and plan none is without a notice, and no notice without a change', async () => {
  const books = emptyBooks();
  const began = performance.now();
  const many = fc.sample(lives, { seed, numRuns: Number(process.env['LIVES'] ?? 20) });
  for (const life of many) await lead(life, books);
  const kinds = [...books.kinds].toSorted(([, a], [, b]) => b - a);
  process.stdout.write(
    `\n  ${many.length} lives (seed ${seed}) in ${Math.round((performance.now() - began) / 1000)} s: ${books.changes} changes of access, ${books.notices} notices of them, ` +
      `${books.untold} changes without a notice, ${books.unfounded} notices without a change\n` +
      kinds.map(([kind, count]) => `  ${String(count).padStart(5)}  ${kind}\n`).join(''),
  );
  expect(books.faults).toEqual([]);
  // Lives in which nothing changes prove nothing.
  expect(books.changes).toBeGreaterThanOrEqual(5 * many.length);
}, 3_600_000);

/** A ledger that tells nothing of what changes without a fetch. */
function deafToTime(): BillingStore {
  const store = openSqliteStore(':memory:');
  const raiseDue: BillingStore['raiseDue'] = (customer, wasDueAt, nextChangeAt, now) =>
    store.raiseDue(customer, wasDueAt, nextChangeAt, now);
  return { ...store, raiseDue };
}

it('a ledger that forgets what time alone changes is found out', async () => {
  const life: readonly Step[] = [
    { is: 'action', action: 'trial', n: 9 },
    { is: 'time', hours: 31 * 24, isDown: true },
  ];
  const [good, bad] = [emptyBooks(), emptyBooks()];
  await lead(life, good);
  await lead(life, bad, deafToTime);
  expect([good.changes, good.untold, bad.changes, bad.untold]).toEqual([2, 0, 2, 1]);
});
