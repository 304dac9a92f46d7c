/** Money as people read it. Amounts are integers of Stripe's minor units. */

/** Where Stripe's number of decimals differs from ISO 4217's. */
const decimalsAtStripe: Record<string, number> = { isk: 2, ugx: 2, huf: 2, twd: 2 };

/** @example formatMoney(2900, 'eur'); // '€29.00' */
export function formatMoney(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const decimals = decimalsAtStripe[currency] ?? format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount / 10 ** decimals);
}

/** @example formatInterval('month', 3); // 'every 3 months' */
export const formatInterval = (interval: string, count: number): string =>
  count === 1 ? interval : `every ${count} ${interval}s`;

/** @example formatDate(1767225600); // '1 January 2026' */
export const formatDate = (seconds: number): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(seconds * 1000);

/** As in Stripe's line descriptions: '1 Jan 2026'. */
export const formatShortDate = (seconds: number): string =>
  new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    seconds * 1000,
  );

/** @example formatDateTime(1767225600); // 'Thu, 1 January 2026 at 00:00:00 UTC' */
export const formatDateTime = (seconds: number): string =>
  `${new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'UTC' }).format(seconds * 1000)} UTC`;
