import type { CustomerFacts } from '../../server/src/billing/facts.ts';

const found = new Set(['earlierInvoices', 'hadFormerTrial']);

/**
 * Facts as text, to be compared. The fate of an open invoice, and a former trial, are found by syncs, and differ by their
 * moments: each such finding has a test of its own.
 */
export function contentOf(facts: CustomerFacts): string {
  return JSON.stringify(facts, (key, value: unknown) => (found.has(key) ? undefined : value));
}
