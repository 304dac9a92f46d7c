/**
 * A host that only receives notices. These, each once and in the order in which it first came, must be enough to know the
 * state of its accounts: so no net change was left out, sent late, or sent in the wrong order.
 */

import type { CustomerFacts, SubscriptionFacts } from '../../server/src/billing/facts.ts';
import { isBehind } from '../../server/src/billing/changes.ts';
import { iso } from '../../server/src/billing/judge/deadlines.ts';
import { unpaidInvoices } from '../../server/src/billing/judge/payment.ts';
import { endOf, isLeaving, isTerminal, keyOf } from '../../server/src/billing/judge/subscription.ts';
import type { Seen, ToldNotice } from './ledger-under-test.ts';
import { BrokenPromise } from './broken-promise.ts';

/** A subscription as the ledger saw it first: no notice is due for anything before. */
interface FirstSight {
  readonly facts: SubscriptionFacts;
  /** It was there at the first look at its customer. */
  readonly old: boolean;
  hasLived: boolean;
}

export class NoticeObserver {
  readonly #told = new Map<string, ToldNotice[]>();
  readonly #ids = new Set<string>();
  readonly #seenCustomers = new Set<string>();
  readonly #subscriptions = new Map<string, FirstSight>();
  #outOfOrder: string | null = null;
  /** Notices that came, repeated ones included. */
  received = 0;

  receive(notice: ToldNotice): void {
    this.received++;
    if (this.#ids.has(notice.id)) return;
    this.#ids.add(notice.id);
    const told = this.#of(notice.account);
    const last = told.at(-1);
    if (last && last.revision > notice.revision) {
      this.#outOfOrder = `${notice.type} of revision ${notice.revision} after ${last.type} of ${last.revision}`;
    }
    told.push(notice);
  }

  /** Takes a view of the ledger, to know which changes need a notice. */
  observe({ customer, facts }: Seen): void {
    if (customer === null || facts === null) return;
    for (const each of facts.subscriptions) {
      let sight = this.#subscriptions.get(each.id);
      if (!sight) {
        sight = { facts: each, old: !this.#seenCustomers.has(customer), hasLived: false };
        this.#subscriptions.set(each.id, sight);
      }
      if (isAlive(each)) sight.hasLived = true;
    }
    this.#seenCustomers.add(customer);
  }

  /** @throws {BrokenPromise} */
  mustBeInOrder(): void {
    if (this.#outOfOrder !== null) throw new BrokenPromise(`told out of order: ${this.#outOfOrder}`);
  }

  /**
   * After rest: the notices amount to these facts.
   *
   * @throws {BrokenPromise}
   */
  mustKnow(account: string, facts: CustomerFacts): void {
    for (const each of facts.subscriptions) {
      const sight = this.#subscriptions.get(each.id);
      if (!sight?.hasLived) continue;
      const told = this.#of(account).filter(({ data }) => Reflect.get(data, 'subscription') === keyOf(each.id));
      const missing = missingNotice(each, sight, told);
      if (missing !== null) {
        const types = told.map(({ type }) => type).join(', ');
        throw new BrokenPromise(`the host was not told: ${missing}, of ${each.id}; it heard: ${types}`);
      }
    }
  }

  #of(account: string): ToldNotice[] {
    let told = this.#told.get(account);
    if (!told) this.#told.set(account, (told = []));
    return told;
  }
}

function missingNotice(now: SubscriptionFacts, { facts: first, old }: FirstSight, told: readonly ToldNotice[]) {
  const wasTold = (type: string) => told.some((notice) => notice.type === type);
  if (!old && !wasTold('subscription.started')) return 'it started';
  if (isTerminal(now)) return wasTold('subscription.ended') ? null : 'it ended';
  const word = told.findLast(({ type }) => type === 'subscription.ending' || type === 'subscription.kept');
  const knownEnd = word ? (Reflect.get(word.data, 'endsAt') ?? null) : endText(first);
  if (knownEnd !== endText(now)) return `it ends ${endText(now)}, not ${knownEnd}`;
  // A debt that was dropped before the first sync need not be paid by any customer, though the status may stay behind.
  const owes = isBehind(now) && unpaidInvoices(now).length > 0;
  if (owes && !(old && isBehind(first)) && !wasTold('payment.failed')) return 'a payment failed';
  const plan = told.findLast(({ type }) => type === 'plan.changed' || type === 'subscription.started');
  const knownQuantity = plan ? quantityTold(plan) : first.items[0]?.quantity;
  if (knownQuantity !== now.items[0]?.quantity) return `it is for ${now.items[0]?.quantity}, not ${knownQuantity}`;
  return null;
}

function quantityTold({ type, data }: ToldNotice): unknown {
  const plan: unknown = Reflect.get(data, type === 'plan.changed' ? 'to' : 'plan');
  return typeof plan === 'object' && plan !== null ? Reflect.get(plan, 'quantity') : undefined;
}

const endText = (facts: SubscriptionFacts): string | null => (isLeaving(facts) ? iso(endOf(facts)) : null);

/** An unfinished first payment is shown only on the page where it is made. */
const isAlive = (facts: SubscriptionFacts): boolean => !isTerminal(facts) && facts.status !== 'incomplete';
