/**
 * An ordinary business on a ledger, day by day, through the store's own operations: renewals with their events, failed and
 * late payments, visits to the portal with their rechecks, changed seats, sign-ups, cancellations, deletions, introductions
 * that are refused, notices, the jobs. Its clock is a parameter, and a day costs what its work costs.
 */

import { noticesBetween } from '../../server/src/billing/notices.ts';
import type { Claim } from '../../server/src/ledger/customers.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { day, hour, minute } from '../server/fixtures/facts.ts';
import { factsOf, summaryOf, type Client } from './business-client.ts';

const host = 'acme';
const leaseMs = 45_000;
/** As many as a worker claims, a reconciliation raises, and an outbox takes at a time. */
const atOnce = 64;
/** Whatever happens to so many customers is synced together. */
const together = 16;

/** The events of a paid renewal; the last names no customer. */
const renewalEvents = [
  'invoice.created',
  'customer.subscription.updated',
  'payment_intent.succeeded',
  'invoice.finalized',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice_payment.paid',
] as const;

/** A share of all, by the day. */
const perDay = {
  visits: 1 / 60,
  seatChanges: 1 / 90,
  signUps: 0.02 / 30,
  cancellations: 0.02 / 30,
  deletions: 0.002 / 30,
  refusedIntroductions: 0.05 / 30,
  operatorsDecisions: 0.002 / 30,
} as const;
const failingRenewals = 0.04;
const givenUpNotices = 0.001;

export class Business {
  readonly #store: BillingStore;
  readonly #clients = new Map<string, Client>();
  readonly #living: Client[] = [];
  #seed: number;
  #events = 0;
  #visits = 0;
  /** Syncs that were written. */
  syncs = 0;

  constructor(store: BillingStore, seed: number) {
    this.#store = store;
    this.#seed = seed;
  }

  get living(): number {
    return this.#living.length;
  }

  /** With all that ever were. */
  get ever(): number {
    return this.#clients.size;
  }

  async open(customers: number, at: number): Promise<void> {
    while (this.living < customers) await this.#signUp(at);
    await this.#syncAll(at);
  }

  /** @param morning - its first moment */
  async live(morning: number, dayOfMonth: number): Promise<void> {
    await this.#reconcile(morning);
    const noon = morning + 12 * hour;
    for (const [index, client] of [...this.#living].entries()) {
      if (client.renewsOn === dayOfMonth) await this.#renew(client, noon);
      else if (client.status === 'pastDue' && this.#happens(1 / 3))
        await this.#change(client, noon, () => (client.status = 'active'));
      if (this.#happens(perDay.visits)) await this.#visit(client, noon);
      if (this.#happens(perDay.seatChanges)) await this.#change(client, noon, () => (client.seats = 1 + this.#upTo(9)));
      if (this.#happens(perDay.signUps)) await this.#signUp(noon);
      if (this.#happens(perDay.refusedIntroductions))
        await this.#store.noteIntroduction({ host, account: client.account }, 'cus_other', 'accountTaken', noon, noon);
      if (this.#happens(perDay.operatorsDecisions))
        await this.#store.changeLink({ host, account: client.account }, client.customer, false, noon);
      if (this.#happens(perDay.cancellations)) await this.#leave(client, noon, 'canceled');
      else if (this.#happens(perDay.deletions)) await this.#leave(client, noon, 'deleted');
      if (index % together === 0) await this.#syncAll(noon + minute);
    }
    await this.#syncAll(noon + 2 * minute);
    await this.#store.raiseRechecks(noon + 3 * minute);
    await this.#store.raiseRechecks(noon + 4 * minute);
    await this.#syncAll(noon + 5 * minute);
    await this.#resolve(noon + 6 * minute);
    await this.#tell(noon + 7 * minute);
    for (let each = 0; each < 24; each++) await this.#sweep(morning + each * hour);
  }

  async #renew(client: Client, at: number): Promise<void> {
    const fails = this.#happens(failingRenewals);
    await this.#change(client, at, () => {
      client.periodStart = at;
      client.renewals += 1;
      client.status = fails ? 'pastDue' : 'active';
    });
    await this.#arrive(client, at + minute, renewalEvents);
  }

  async #change(client: Client, at: number, change: () => void): Promise<void> {
    change();
    await this.#arrive(client, at, ['customer.subscription.updated']);
  }

  /** The page is looked at before, with its preview; a third changes something there. */
  async #visit(client: Client, at: number): Promise<void> {
    const { customer, account } = client;
    const ref = { host, account };
    const preview = await this.#store.claimPreview(customer, at, minute);
    if (preview) await this.#store.keepPreview(preview, null);
    const seen = (await this.#store.readAccount(ref)).revision;
    const id = `visit_${++this.#visits}`;
    await this.#store.openVisit({ ...ref, id, customer, kind: 'portal', seen, openedAt: at, expiresAt: at + day });
    const isChanged = this.#happens(1 / 3);
    if (isChanged) await this.#change(client, at, () => (client.seats = (client.seats % 9) + 1));
    await this.#store.returnVisit(id, 5_000, at + minute);
    const rechecks = [at + minute + 5_000, at + minute + 30_000];
    await this.#store.settleVisit(id, isChanged ? 'changed' : 'unchanged', isChanged ? [] : rechecks);
  }

  async #signUp(at: number): Promise<void> {
    const name = String(this.#clients.size + 1).padStart(8, '0');
    const [customer, account] = [`cus_${name}`, `team_${name}`];
    const ref = { host, account };
    await this.#store.intendCustomer(ref, at);
    await this.#store.lockCheckout(ref, name, 30_000, at);
    const returnUrl = 'https://app.acme.example/settings/billing';
    await this.#store.keepCheckout(ref, name, { session: `cs_live_${name}`, offer: 'team', returnUrl });
    await this.#store.unlockCheckout(ref, name);
    await this.#store.link(ref, customer, at);
    const client: Client = {
      customer,
      account,
      renewsOn: this.#upTo(30),
      status: 'active',
      seats: 1 + this.#upTo(9),
      renewals: 0,
      periodStart: at,
    };
    this.#clients.set(customer, client);
    this.#living.push(client);
    await this.#arrive(client, at, ['checkout.session.completed', 'customer.subscription.created', 'invoice.paid']);
  }

  async #leave(client: Client, at: number, status: 'canceled' | 'deleted'): Promise<void> {
    await this.#change(client, at, () => (client.status = status));
    this.#living.splice(this.#living.indexOf(client), 1);
  }

  async #arrive({ customer }: Client, at: number, types: readonly string[]): Promise<void> {
    const recorded = types.map((type) => {
      const event = `evt_1Q${String(++this.#events).padStart(22, '0')}`;
      const isThin = type === 'invoice_payment.paid';
      const subject = isThin ? { type: 'invoice_payment' as const, id: `inpay_${customer}` } : null;
      const of = { customer: isThin ? null : customer, subject, concerns: isThin ? 'subject' : 'customer' } as const;
      return this.#store.recordEvent({ event, type, livemode: true, ...of }, at);
    });
    await Promise.all(recorded);
  }

  /** Of each living customer, every day. */
  async #reconcile(at: number): Promise<void> {
    const turn = await this.#store.acquireJob('reconcile', 0, leaseMs, at);
    if (!turn) throw new Error('the reconciliation is not done');
    for (let after: string | null = null; ;) {
      const page = await this.#store.customersAfter(after, atOnce);
      const wanted = page
        .map(({ customer }) => customer)
        .filter((each) => this.#clients.get(each)?.status !== 'canceled');
      await this.#store.raiseTickets(wanted, 'reconcile', at);
      await this.#syncAll(at);
      await this.#store.renewJob(turn, { after }, leaseMs, at);
      after = page.at(-1)?.customer ?? null;
      if (after === null) break;
    }
    await this.#store.changesCausedBy('reconcile', at, 100);
    await this.#store.completeJob(turn, { looked: this.living }, at + minute);
  }

  async #sweep(at: number): Promise<void> {
    const turn = await this.#store.acquireJob('sweep', 0, leaseMs, at);
    if (turn) await this.#store.completeJob(turn, { found: 0, new: 0 }, at + 1_000);
  }

  async #syncAll(at: number): Promise<void> {
    for (;;) {
      const claims = await this.#store.claim(at, leaseMs, atOnce);
      if (claims.length === 0) return;
      for (const claim of claims) await this.#sync(claim, at);
    }
  }

  async #sync(claim: Claim, now: number): Promise<void> {
    const client = this.#clients.get(claim.customer);
    if (!client) throw new Error(`there is no ${claim.customer}`);
    const facts = factsOf(client);
    const isNews = JSON.stringify(claim.facts) !== JSON.stringify(facts);
    const times = { before: claim.fetchedAt ?? claim.linkedAt, after: now };
    const drafts = isNews ? noticesBetween(claim.facts, facts, times, () => 'Team') : [];
    const id = (fact: string) => `notice_${claim.customer}_${claim.claim}_${fact}`;
    const notices = drafts.map(({ fact, type, data }) => ({ id: id(fact), receiver: 'webhook' as const, type, data }));
    const access = { summary: summaryOf(client), from: null, id: id('access'), receivers: ['webhook'] as const };
    await this.#store.apply(claim, { facts, fetchedAt: now, nextChangeAt: null, now, notices, access });
    this.syncs += 1;
  }

  async #resolve(at: number): Promise<void> {
    for (;;) {
      const events = await this.#store.claimUnresolved(at, leaseMs, atOnce);
      if (events.length === 0) return;
      for (const { event, subject } of events) await this.#store.resolveEvent(event, subject.id.slice(6), at);
      await this.#syncAll(at);
    }
  }

  async #tell(at: number): Promise<void> {
    for (;;) {
      const claims = await this.#store.claimNotices({ host, receiver: 'webhook' }, at, leaseMs, atOnce);
      if (claims.length === 0) return;
      for (const claim of claims) {
        if (this.#happens(givenUpNotices)) await this.#store.noticeFailed(claim, 'timeout', null, at);
        else await this.#store.noticeDelivered(claim, at);
      }
    }
  }

  #happens(share: number): boolean {
    return this.#chance() < share;
  }

  #upTo(count: number): number {
    return Math.floor(this.#chance() * count);
  }

  #chance(): number {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return this.#seed / 2 ** 31;
  }
}
