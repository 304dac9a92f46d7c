/** Reads from a verified event which customer, or which object, it concerns. Its content is not believed. */

import { CodedError } from '../coded-error.ts';
import type { Subject, StripeEvent } from '../ledger/events.ts';

/** Families of events that can change what is judged or shown. A later sibling counts without being listed. */
const families = [
  'checkout.session.',
  'customer.',
  'entitlements.active_entitlement_summary.',
  'invoice.',
  'invoice_payment.',
  // The next invoice asks for another amount.
  'invoiceitem.',
  'payment_intent.',
  'payment_method.',
  'subscription_schedule.',
  'setup_intent.succeeded',
  'charge.failed',
  'charge.succeeded',
  'charge.dispute.',
  'charge.refunded',
];
const catalogue = ['product.', 'price.'];

/** The body is not an event of Stripe's: no id or no type. */
export class NotAnEventError extends CodedError<'event_malformed'> {
  override readonly name = 'NotAnEventError';

  constructor(message: string, { cause }: ErrorOptions = {}) {
    super('event_malformed', message, { cause });
  }
}

/**
 * Reads the hint out of a verified event.
 *
 * @example
 * ```ts
 * readEvent({ id: 'evt_1', type: 'invoice.paid', livemode: false, data: { object: { object: 'invoice', customer: 'cus_1' } } });
 * // { event: 'evt_1', type: 'invoice.paid', livemode: false, concerns: 'customer', customer: 'cus_1', subject: null }
 * ```
 *
 * @param event - the parsed body, of any API version, snapshot or thin
 * @param own - the Stripe account that the ledger belongs to. An organization's destinations name it in every event;
 *   any other name is another account's. Default: unknown, and then no event is foreign.
 * @throws {NotAnEventError} `event_malformed`
 */
export function readEvent(event: unknown, own: string | null = null): StripeEvent {
  const id = text(field(event, 'id'));
  const fullType = text(field(event, 'type'));
  if (id === null || fullType === null) throw new NotAnEventError('an event needs an id and a type');
  // Thin events are named after the API they notify of: `v1.customer.subscription.updated`.
  const type = fullType.replace(/^v1\./, '');
  const livemode = field(event, 'livemode');
  const base = { event: id, type: fullType, livemode: typeof livemode === 'boolean' ? livemode : null };
  const closed = (concerns: 'foreign' | 'none'): StripeEvent => ({ ...base, concerns, customer: null, subject: null });

  const of = text(field(event, 'account')) ?? text(field(event, 'context'));
  // A context is a path, `org_1/acct_1`; its end names the event's account.
  // An account that is not known yet may be this one: the event raises a ticket where its customer is linked, and does
  // nothing where it is not. Closed as foreign it would be lost, for Stripe's next try is a duplicate.
  if (of !== null && own !== null && of.split('/').at(-1) !== own) return closed('foreign');

  const object = field(field(event, 'data'), 'object');
  const related = field(event, 'related_object');
  const subject = subjectOf(object) ?? subjectOf(related);

  if (catalogue.some((family) => type.startsWith(family))) {
    return subject ? { ...base, concerns: 'subject', customer: null, subject } : closed('none');
  }
  if (!families.some((family) => type.startsWith(family))) return closed('none');

  const customer =
    idOf(field(object, 'customer')) ??
    (subject?.type === 'customer' ? subject.id : null) ??
    // `payment_method.detached` names the customer only in what was before,
    idOf(field(field(field(event, 'data'), 'previous_attributes'), 'customer')) ??
    // and a thin event about what lies under a customer (a tax id) only in its address.
    customerIn(text(field(related, 'url')));
  if (customer !== null) return { ...base, concerns: 'customer', customer, subject };
  // OBJ-6: a customer of Accounts v2 may be named by its account alone.
  const account = idOf(field(object, 'customer_account'));
  if (account !== null)
    return { ...base, concerns: 'subject', customer: null, subject: { type: 'customer_account', id: account } };
  // A guest's payment says that it has no customer, and there may be thousands of them. An object that was detached (a
  // payment method) says so too.
  const isNobodys = field(object, 'customer') === null && subject?.type !== 'payment_method';
  return subject && !isNobodys ? { ...base, concerns: 'subject', customer: null, subject } : closed('none');
}

/** When Stripe made the event, in Unix milliseconds: seconds in a snapshot, a date in a thin one; `null` where it does not say. */
export function eventMadeAt(event: unknown): number | null {
  const created = field(event, 'created');
  const at = typeof created === 'number' ? created * 1000 : Date.parse(text(created) ?? '');
  return Number.isFinite(at) ? at : null;
}

function subjectOf(object: unknown): Subject | null {
  const id = text(field(object, 'id'));
  // Snapshot objects say what they are in `object`, a thin event's `related_object` in `type`.
  const type = text(field(object, 'object')) ?? text(field(object, 'type'));
  return id === null || type === null ? null : { type, id };
}

const customerIn = (url: string | null): string | null => /^\/v1\/customers\/(cus_\w+)\//.exec(url ?? '')?.[1] ?? null;

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

/** A name or an id of Stripe's: letters, digits and signs. Anything else could be no row of the ledger's, and is no event. */
const text = (value: unknown): string | null =>
  typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value) ? value : null;
const idOf = (value: unknown): string | null => text(value) ?? text(field(value, 'id'));
