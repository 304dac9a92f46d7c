/**
 * Stored facts that this program can read. A ledger may hold those of a former version, or a damaged row: what lacks a part
 * that the judge relies on is unknown, and fetched anew, for half of it would be worse than nothing. Pure.
 */

import type { CustomerFacts } from './facts.ts';

type Parts = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isObject = (value: unknown): value is Parts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const all =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const has =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(checks).every(([name, check]) => check(value[name]));

const isItem = has({ price: isText, product: isText, lookupKey: orNull(isText), currency: isText });
const isInvoice = has({ id: isText, status: isText, currency: isText, amountRemaining: isNumber, created: isNumber });
const isSubscription = has({
  id: isText,
  status: isText,
  created: isNumber,
  items: all(isItem),
  currentPeriodEnd: orNull(isNumber),
  cancelAt: orNull(isNumber),
  trialEnd: orNull(isNumber),
  pause: orNull(isObject),
  latestInvoice: orNull(isInvoice),
  openInvoices: all(isInvoice),
  next: orNull(has({ at: isNumber, items: all(isItem) })),
});

const isCustomer = has({ subscriptions: all(isSubscription) });

/** The same facts; `null` where they cannot be read. */
export const legibleFacts = (stored: unknown): CustomerFacts | null =>
  isCustomer(stored) ? (stored as CustomerFacts) : null;
