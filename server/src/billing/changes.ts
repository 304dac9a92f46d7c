/**
 * The news of a look, in terms that a person knows: the net difference between two looks at a customer, however many
 * events lay between them. Pure. A new period of the same plan is no difference: it is not of the person's doing.
 */

import type { Change, Money } from '@billhook/widget/contract';
import type { CustomerFacts, EarlierInvoice, InvoiceFacts, ItemFacts, SubscriptionFacts } from './facts.ts';
import { endOf, isEnding, isTerminal } from './judge/subscription.ts';
import { iso } from './judge/deadlines.ts';
import { listPrice } from './judge/list-price.ts';
import { planItem, sameItems, sameTerms } from './judge/plan.ts';
import { isOwn, ownItems, type Policy } from './policy.ts';

type ProductName = (id: string) => string | null;

interface Context {
  readonly plans: Policy['plans'];
  readonly productName: ProductName;
}

/** Most important first: something to do, something bought or lost, something that will be different, something put in order. */
const rank: Record<Change['kind'], number> = {
  paymentFailed: 0,
  started: 1,
  ended: 2,
  plan: 3,
  price: 4,
  quantity: 5,
  charged: 6,
  ends: 7,
  keeps: 8,
  scheduled: 9,
  paused: 10,
  resumed: 11,
  paid: 12,
  paymentMethod: 13,
  billingDetails: 14,
};

/**
 * @example
 * changesBetween(before, after, (id) => catalogue.productName(id));
 * // [{ kind: 'plan', from: 'Starter', to: 'Team' }]
 *
 * @param before - `null` where there was no customer yet: everything that lives now has started
 * @param plans - the host's: another product beside one of them is not the plan (L38). Default: all
 * @returns most important first, in a fixed order; the same facts give none
 */
export function changesBetween(
  before: CustomerFacts | null,
  after: CustomerFacts,
  productName: ProductName,
  plans: Policy['plans'] = 'all',
): Change[] {
  const context: Context = { plans, productName };
  const changes = [
    ...after.subscriptions.flatMap((now) => {
      const then = before?.subscriptions.find(({ id }) => id === now.id) ?? null;
      return then === null ? changesOfNew(now, context) : changesOfKnown(then, now, context);
    }),
    ...(before === null ? [] : goneWithCustomer(before, after)),
    ...(before === null ? [] : changesOfCustomer(before, after)),
  ];
  // Two subscriptions that changed alike are one news.
  const distinct = [...new Map(changes.map((change) => [JSON.stringify(change), change])).values()];
  return distinct.toSorted((a, b) => rank[a.kind] - rank[b.kind]);
}

function changesOfNew(now: SubscriptionFacts, context: Context): Change[] {
  if (isTerminal(now)) return [];
  if (now.status === 'incomplete') return now.latestInvoice?.payment === 'failed' ? [{ kind: 'paymentFailed' }] : [];
  const failed: Change[] = isBehind(now) ? [{ kind: 'paymentFailed' }] : [];
  return [{ kind: 'started', plan: nameOf(now, context) }, ...chargedSince(null, now), ...failed];
}

function changesOfKnown(then: SubscriptionFacts, now: SubscriptionFacts, context: Context): Change[] {
  // Terminal is terminal (L3): nothing that is written to an ended subscription later is news.
  if (isTerminal(then)) return [];
  const payments = [...paidBetween(then, now), ...failedBetween(then, now)];
  // Never finished, and given up: nothing was had that could end.
  if (isTerminal(now)) return then.status === 'incomplete' ? payments : [{ kind: 'ended' }, ...payments];
  if (then.status === 'incomplete') {
    // Its first invoice was owed, so the payment tells what was charged.
    const started: Change[] = now.status === 'incomplete' ? [] : [{ kind: 'started', plan: nameOf(now, context) }];
    return [...started, ...payments];
  }
  return [
    ...changesOfPlan(then, now, context),
    ...chargedSince(then, now),
    ...changesOfEnd(then, now),
    ...changesOfSchedule(then, now, context),
    ...changesOfPause(then, now),
    ...payments,
  ];
}

function changesOfPlan(then: SubscriptionFacts, now: SubscriptionFacts, context: Context): Change[] {
  const [was, is] = [isOwn(then, context.plans), isOwn(now, context.plans)];
  if (was !== is) return [is ? { kind: 'started', plan: nameOf(now, context) } : { kind: 'ended' }];
  const [from, to] = [itemOf(then, context), itemOf(now, context)];
  if (from === null || to === null) return [];
  const { productName } = context;
  const changes: Change[] = [];
  if (from.product !== to.product) {
    changes.push({ kind: 'plan', from: productName(from.product), to: productName(to.product) });
  } else if (!sameTerms(from, to)) {
    // The same plan at another price or another rhythm: monthly to yearly.
    changes.push({ kind: 'price', from: listPrice(from), to: listPrice(to) });
  }
  if (from.quantity !== null && to.quantity !== null && from.quantity !== to.quantity) {
    changes.push({ kind: 'quantity', from: from.quantity, to: to.quantity });
  }
  return changes;
}

/** Charged at once, by the purchase or by the change of plan: an invoice that was made for it, and is paid. */
const chargedFor = ['subscription_create', 'subscription_update'];

function chargedSince(then: SubscriptionFacts | null, { latestInvoice }: SubscriptionFacts): Change[] {
  if (latestInvoice === null || latestInvoice.amountPaid <= 0 || latestInvoice.status !== 'paid') return [];
  if (!chargedFor.includes(latestInvoice.billingReason ?? '')) return [];
  // One that was open is told as a payment.
  if (then !== null && invoiceNow(latestInvoice.id, then) !== null) return [];
  const { amountPaid: amount, currency } = latestInvoice;
  return [{ kind: 'charged', paid: { amount, currency } }];
}

function changesOfEnd(then: SubscriptionFacts, now: SubscriptionFacts): Change[] {
  if (!isEnding(now)) return isEnding(then) ? [{ kind: 'keeps' }] : [];
  if (isEnding(then) && endOf(then) === endOf(now)) return [];
  return [{ kind: 'ends', at: iso(endOf(now)) }];
}

function changesOfSchedule(then: SubscriptionFacts, now: SubscriptionFacts, context: Context): Change[] {
  const [planned, plans] = [upcoming(then), upcoming(now)];
  if (plans === null) {
    // A planned change that is gone and did not happen was taken back; one that happened is a change of plan.
    return planned !== null && sameItems(then.items, now.items) ? [{ kind: 'keeps' }] : [];
  }
  if (planned !== null && planned.at === plans.at && sameItems(planned.items, plans.items)) return [];
  const at = iso(plans.at);
  return at === null ? [] : [{ kind: 'scheduled', plan: nameOf(plans, context), at }];
}

function upcoming({ next, items }: SubscriptionFacts): SubscriptionFacts['next'] {
  return next === null || sameItems(items, next.items) ? null : next;
}

export function changesOfPause(then: SubscriptionFacts, now: SubscriptionFacts): Change[] {
  const paused = (facts: SubscriptionFacts) => facts.pause !== null || facts.status === 'paused';
  if (paused(then) && !paused(now)) return [{ kind: 'resumed' }];
  // Paused by a failed payment is a failure, and a trial that ended without a card is no choice (L25).
  const chosen = now.pausedBecause !== 'paymentFailed' && now.pausedBecause !== 'trialWithoutMethod';
  return !paused(then) && paused(now) && chosen ? [{ kind: 'paused' }] : [];
}

/**
 * The amount really paid of the invoices that were owed: by how much more of each one Stripe says is paid. An invoice that
 * is not shown any more, a voided one and a written-off one tell of no payment, and neither does being active again.
 */
export function paidBetween(then: SubscriptionFacts, now: SubscriptionFacts): Change[] {
  const sums = new Map<string, number>();
  for (const invoice of owedAt(then)) {
    const paid = (invoiceNow(invoice.id, now)?.amountPaid ?? invoice.amountPaid) - invoice.amountPaid;
    if (paid > 0) sums.set(invoice.currency, (sums.get(invoice.currency) ?? 0) + paid);
  }
  return [...sums].map(([currency, amount]): Change => ({ kind: 'paid', paid: { amount, currency } satisfies Money }));
}

/** Open invoices, and the drafts of a subscription that is behind: an invoice that becomes due while it is unpaid stays a draft. */
function owedAt(then: SubscriptionFacts): readonly InvoiceFacts[] {
  const { latestInvoice, openInvoices } = then;
  return isBehind(then) && latestInvoice?.status === 'draft' ? [...openInvoices, latestInvoice] : openInvoices;
}

/** An invoice as it was last seen. `null`: not at all, which says nothing about it. */
export function invoiceNow(id: string, now: SubscriptionFacts): EarlierInvoice | null {
  const { openInvoices, latestInvoice, earlierInvoices = [] } = now;
  return [...openInvoices, latestInvoice, ...earlierInvoices].find((each) => each?.id === id) ?? null;
}

function failedBetween(then: SubscriptionFacts, now: SubscriptionFacts): Change[] {
  if (isTerminal(now)) return [];
  if (!isBehind(then) && isBehind(now)) return [{ kind: 'paymentFailed' }];
  const failedAgain = now.openInvoices.some((invoice) => {
    const before = [...then.openInvoices, then.latestInvoice].find((each) => each?.id === invoice.id) ?? null;
    if (invoice.payment !== 'failed') return false;
    return before === null
      ? !isBehind(then)
      : before.payment !== 'failed' || invoice.attemptCount > before.attemptCount;
  });
  return failedAgain ? [{ kind: 'paymentFailed' }] : [];
}

export function isBehind(facts: SubscriptionFacts): boolean {
  return facts.status === 'past_due' || facts.status === 'unpaid' || facts.pausedBecause === 'paymentFailed';
}

/** A customer deleted at Stripe takes its subscriptions along; absence alone proves nothing. */
function goneWithCustomer(before: CustomerFacts, after: CustomerFacts): Change[] {
  if (!after.deleted || before.deleted) return [];
  const still = new Set(after.subscriptions.map(({ id }) => id));
  const gone = before.subscriptions.some(
    (each) => !isTerminal(each) && each.status !== 'incomplete' && !still.has(each.id),
  );
  return gone ? [{ kind: 'ended' }] : [];
}

function changesOfCustomer(before: CustomerFacts, after: CustomerFacts): Change[] {
  if (after.deleted) return [];
  const changes: Change[] = [];
  const replaced = after.subscriptions.some((now) => {
    const then = before.subscriptions.find(({ id }) => id === now.id);
    return then !== undefined && !isTerminal(now) && then.methodDigest !== now.methodDigest;
  });
  if (replaced || before.methodDigest !== after.methodDigest) changes.push({ kind: 'paymentMethod' });
  const [was, is] = [before.billingDetailsDigest, after.billingDetailsDigest];
  // `null` is not knowing, and learning something is not a change of it.
  if (was !== null && is !== null && was !== is) changes.push({ kind: 'billingDetails' });
  return changes;
}

const itemOf = (of: Pick<SubscriptionFacts, 'items'>, { plans }: Context): ItemFacts | null =>
  planItem(of.items, ownItems(of, plans));

function nameOf(of: Pick<SubscriptionFacts, 'items'>, context: Context): string | null {
  const item = itemOf(of, context);
  return item === null ? null : context.productName(item.product);
}
