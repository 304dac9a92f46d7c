/** The list price of an item. */

import type { Money } from '@billhook/widget/contract';
import type { ItemFacts } from '../facts.ts';

/** List price × quantity, in whole minor units. Stripe's minor units pass through: ¥2,900 is 2900, $29 is 2900 (L22). */
export function listPrice(item: ItemFacts): Money | null {
  if (item.metered || item.unitAmount === null) return null;
  // Fractions of a cent count once multiplied: 0.5¢ × 1000 is $5, not $10 or nothing.
  const amount = Math.round(item.unitAmount * (item.quantity ?? 1)) + 0;
  return Number.isSafeInteger(amount) ? { amount, currency: item.currency } : null;
}
