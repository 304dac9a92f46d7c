import type { CustomerFacts } from '../../server/src/billing/facts.ts';

/**
 * Facts as text, to be compared. What became of an invoice that was open is found out by looks, and differs by when they
 * were made: each finding is held against Stripe by a test of its own.
 */
export function contentOf(facts: CustomerFacts): string {
  return JSON.stringify(facts, (key, value: unknown) => (key === 'earlierInvoices' ? undefined : value));
}
