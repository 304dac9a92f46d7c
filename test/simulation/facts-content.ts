import type { CustomerFacts } from '../../server/src/billing/facts.ts';

/**
 * Facts as text, to be compared. The fate of an open invoice is found by syncs, and differs by their moments: each such
 * finding is compared with Stripe by a test of its own.
 */
export function contentOf(facts: CustomerFacts): string {
  return JSON.stringify(facts, (key, value: unknown) => (key === 'earlierInvoices' ? undefined : value));
}
