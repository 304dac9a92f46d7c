/** Fields that Stripe keeps and only shows to a request that expands them. */

const hidden: Readonly<Record<string, readonly string[]>> = { price: ['tiers'], coupon: ['applies_to'] };

/** Takes the hidden fields out of `value` and of everything in it. Changes `value`: hand over a copy. */
export function hideFields<T>(value: T): T {
  if (Array.isArray(value)) for (const entry of value) hideFields(entry);
  else if (typeof value === 'object' && value !== null) {
    const record = value as Record<string, unknown>;
    for (const field of hidden[String(record['object'])] ?? []) delete record[field];
    for (const entry of Object.values(record)) hideFields(entry);
  }
  return value;
}
