/** Rows that cannot be read whole: one that is damaged, or of another version, stops no read of many. */

import { describe, expect, it } from 'vitest';
import { hasIllegibleFacts, isLiving } from '../../server/src/ledger/customers.ts';
import { causedChangesOf, pricesOf, productOf, recordOf, type Row } from '../../server/src/ledger/rows.ts';
import { timelineOf } from '../../server/src/ledger/timeline.ts';
import { acme, factsWith, t0 } from './harness.ts';

const damaged = '{"deleted":fal';
const legible = JSON.stringify(factsWith());
const at = { ...acme, customer: 'cus_1', at: t0, revision: 1, confirmed_by: 'link' };
const customer = (own: Row) => recordOf({ ...acme, customer: 'cus_1', fetched_at: t0, ...own });

describe('a customer', () => {
  it('whose facts are damaged is known, and its facts are not', () => {
    const record = customer({ facts: damaged });
    expect(record).toMatchObject({ customer: 'cus_1', facts: null, fetchedAt: t0 });
    expect(hasIllegibleFacts(record)).toBe(true);
  });

  it('has no damaged facts before any were fetched, nor where they can be read', () => {
    expect(hasIllegibleFacts(customer({ facts: null, fetched_at: null }))).toBe(false);
    expect(hasIllegibleFacts(customer({ facts: legible }))).toBe(false);
  });

  it('is living until its facts say that it is deleted', () => {
    expect(isLiving(null)).toBe(false);
    expect(isLiving(customer({ facts: null, fetched_at: null }))).toBe(true);
    expect(isLiving(customer({ facts: legible }))).toBe(true);
    expect(isLiving(customer({ facts: JSON.stringify(factsWith({ deleted: true })) }))).toBe(false);
  });

  it('that is deleted is not stale, whatever a former version left in its row', () => {
    expect(customer({ stale_since: t0, deleted_at: t0 }).staleSince).toBeNull();
    expect(customer({ stale_since: t0, deleted_at: null }).staleSince).toBe(t0);
  });

  it('whose preview is damaged has none', () => {
    expect(customer({ preview: damaged, preview_ticket: 3 }).preview).toMatchObject({ ticket: 3, invoice: null });
  });
});

it('a price that is damaged is left out, for it is asked for anew', () => {
  const price = { price: 'price_1' };
  expect(pricesOf([{ facts: damaged }, { facts: JSON.stringify(price) }])).toEqual([price]);
});

it('a product whose metadata or words are damaged counts as never asked for them', () => {
  const product = { id: 'prod_1', name: 'Team' };
  expect(productOf({ ...product, metadata: damaged, words: damaged })).toEqual({
    ...product,
    metadata: null,
    words: null,
  });
});

it('a change to facts that are damaged is left out: there is nothing to compare', () => {
  const changes = [
    { ...at, before: null, facts: damaged },
    { ...at, before: damaged, facts: legible },
  ];
  const readable = { ...acme, customer: 'cus_1', at: t0, revision: 1, before: null, after: factsWith() };
  expect(causedChangesOf(changes)).toEqual([readable]);
  const rows = { customers: [], decisions: [], visits: [], events: [], syncs: [], notices: [], revisions: changes };
  expect(timelineOf(rows, t0, 10)).toMatchObject([{ what: 'change', before: null, after: factsWith() }]);
});
