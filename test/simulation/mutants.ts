/**
 * Ledgers with one mistake each, of a kind that a change could well bring in to make the code simpler or faster. The
 * histories must tell each of them from the real one.
 */

import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { subscriptionOf } from '../../server/src/stripe/facts/invoice.ts';
import { StripeFailure } from '../../server/src/stripe/failure.ts';
import type { StripeGateway } from '../../server/src/stripe/gateway.ts';
import type { Mutation } from './billhook-ledger.ts';

export interface Mutant {
  readonly name: string;
  /** Its effect on a customer or a host. */
  readonly harm: string;
  /** How many histories of the usual seed it lives through, for sure: a run need not wait for them. Default: 0. */
  readonly hidesFor?: number;
  /** Called once a ledger; state that its processes share is in here. */
  readonly mutate: () => Mutation;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'the ticket is read after the fetch',
    harm: 'a hint that came during the fetch is taken for looked at',
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        async apply(claim, ...rest) {
          const record = await store.findAccount(claim);
          return await store.apply({ ...claim, ticket: record?.ticket ?? claim.ticket }, ...rest);
        },
      }),
    }),
  },
  {
    name: 'the event is recorded apart from the ticket',
    harm: 'a crash between the two, and Stripe’s next try is a duplicate that raises nothing',
    hidesFor: 8,
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        async recordEvent(hint, now, via) {
          const { customer } = hint;
          if (hint.concerns !== 'customer' || customer === null) return await store.recordEvent(hint, now, via);
          const outcome = await store.recordEvent({ ...hint, concerns: 'none', customer: null }, now, via);
          if (outcome === 'duplicate') return outcome;
          return (await store.raiseTicket(customer, 'webhook', now)) === null ? 'ignored' : 'queued';
        },
      }),
    }),
  },
  {
    name: 'the hint is closed apart from the ticket',
    harm: 'a crash between the two, and a thin event has raised nothing',
    hidesFor: 18,
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        async resolveEvent(event, customer, now) {
          await store.resolveEvent(event, null, now);
          if (customer !== null) await store.raiseTicket(customer, 'webhook', now);
          return null;
        },
      }),
    }),
  },
  {
    name: 'the answer comes before the commit',
    harm: 'a crash between the two, and Stripe never sends the event again',
    mutate: () => ({
      webhook: (route) => async (body, signature) => {
        void route(body, signature).catch(() => undefined);
        return 200;
      },
    }),
  },
  {
    name: 'a fence without the claim',
    harm: 'a worker whose lease ran out under a slow fetch writes what it saw over what was seen since',
    hidesFor: 32,
    mutate: () => {
      const newest = new Map<string, number>();
      return {
        store: (store) => ({
          ...methods(store),
          async claim(...args) {
            const claims = await store.claim(...args);
            for (const { customer, claim } of claims) newest.set(customer, Math.max(claim, newest.get(customer) ?? 0));
            return claims;
          },
          apply: (claim, ...rest) =>
            store.apply({ ...claim, claim: newest.get(claim.customer) ?? claim.claim }, ...rest),
        }),
      };
    },
  },
  {
    name: 'a return ends the lease of a look, and the newest claim alone may write',
    harm: 'tabs that come back faster than Stripe answers, and nothing is written for as long as they do',
    hidesFor: 34,
    mutate: () => {
      const newest = new Map<string, number>();
      let returned = false;
      return {
        store: (store) => ({
          ...methods(store),
          async returnVisit(...args) {
            returned = true;
            return await store.returnVisit(...args);
          },
          async claim(now, leaseMs, ...rest) {
            // As if every lease were over by now.
            const claims = await store.claim(returned ? now + leaseMs : now, leaseMs, ...rest);
            returned = false;
            for (const { customer, claim } of claims) newest.set(customer, Math.max(claim, newest.get(customer) ?? 0));
            return claims;
          },
          async apply(claim, fetched) {
            if (claim.claim === newest.get(claim.customer)) return await store.apply(claim, fetched);
            return { applied: false, changed: false, noticesWritten: 0 };
          },
        }),
      };
    },
  },
  {
    name: 'a return waits for the look under way',
    harm: 'what was done on Stripe’s page after that look began is not in the answer',
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        async returnVisit(id, everyMs, now) {
          const visit = await store.returnVisit(id, everyMs, now);
          return visit - 1;
        },
      }),
    }),
  },
  {
    name: 'a lease that never ends',
    harm: 'what a crashed worker had in hand is looked at by nobody',
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        claim: (now, _leaseMs, limit, only) => store.claim(now, Number.MAX_SAFE_INTEGER - now, limit, only),
      }),
    }),
  },
  {
    name: 'no slow poll behind the wakes',
    harm: 'what was left behind by a process that is gone, or was not heard of, is found by nobody',
    mutate: () => ({ pollMs: 2 ** 31 - 1 }),
  },
  {
    name: 'facts as fresh as the end of their fetch',
    harm: 'a moment that passed during the fetch counts as seen, and access is narrowed on facts from before it',
    mutate: () => ({
      store: (store, machine) => ({
        ...methods(store),
        apply: (claim, fetched) => store.apply(claim, { ...fetched, fetchedAt: machine.now() }),
      }),
    }),
  },
  {
    name: 'access narrowed on old facts',
    harm: 'the webhook of a payment is lost, the grace ends, and somebody who paid is locked out',
    mutate: () => ({
      readersStore: (store, now) => ({
        ...methods(store),
        changeCount: () => null,
        async readAccount(ref) {
          const { record, ...row } = await store.readAccount(ref);
          return { ...row, record: record && record.fetchedAt !== null ? { ...record, fetchedAt: now() } : record };
        },
      }),
    }),
  },
  {
    name: 'a kept document outlives the commits of its ledger',
    harm: 'a page shows what was true before the payment, and a guard refuses the customer who paid',
    mutate: () => ({ readersStore: (store) => ({ ...methods(store), changeCount: () => 1 }) }),
  },
  {
    name: 'duplicates told by type and second',
    harm: 'the second of two changes in one second is dropped',
    mutate: () => {
      const known = new Set<string>();
      return {
        webhook: (route) => async (body, signature) => {
          const { type, created } = parsed(body);
          const key = `${type} ${created}`;
          if (known.has(key)) return 200;
          const status = await route(body, signature);
          if (status === 200) known.add(key);
          return status;
        },
      };
    },
  },
  {
    name: 'L2, SUB-2: events put in order by `created`',
    harm: 'an event that was sent later and dated the same, or dated earlier, is dropped',
    mutate: () => {
      const newest = new Map<string, number>();
      return {
        webhook: (route) => async (body, signature) => {
          const { created, data } = parsed(body);
          const owner = data?.object.customer ?? data?.object.id ?? '';
          if (typeof created === 'number' && created <= (newest.get(owner) ?? 0)) return 200;
          const status = await route(body, signature);
          if (status === 200 && typeof created === 'number') newest.set(owner, created);
          return status;
        },
      };
    },
  },
  {
    name: 'giving up after three failures',
    harm: 'Stripe is down for a minute, and nobody looks again',
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        fail: (claim, code, nextAttemptAt, now) =>
          store.fail(claim, code, claim.attempts >= 2 ? Number.MAX_SAFE_INTEGER : nextAttemptAt, now),
      }),
    }),
  },
  {
    name: 'a 404 forgets',
    harm: 'the key of another Stripe account looks like everybody being gone',
    hidesFor: 62,
    mutate: () => ({
      gateway: (gateway) => ({
        ...gateway,
        fetchCustomer: async (customer) => {
          try {
            return await gateway.fetchCustomer(customer);
          } catch (cause) {
            if (!(cause instanceof StripeFailure) || cause.code !== 'stripe_customer_missing') throw cause;
            return { customer: { id: customer, deleted: true }, subscriptions: [], openInvoices: [] };
          }
        },
      }),
    }),
  },
  {
    name: 'hosts told apart from the facts',
    harm: 'a crash between the two, and the host never hears that somebody cancelled',
    mutate: () => ({
      store: (store, machine) => ({
        ...methods(store),
        async apply(claim, { notices = [], ...fetched }) {
          const applied = await store.apply(claim, fetched);
          if (!applied.applied || notices.length === 0) return applied;
          const { revision = 0 } = (await store.findAccount(claim)) ?? {};
          for (const { id, type, data } of notices) {
            await machine.tell({ id, type, data, account: claim.account, revision });
          }
          return { ...applied, noticesWritten: notices.length };
        },
      }),
    }),
  },
  {
    name: 'each process counts by its machine’s clock',
    harm: 'a look of one that is ahead is called fresher than it is, and leases and graces end by another hour',
    mutate: () => ({ clock: 'own' }),
  },
  {
    name: 'a restored ledger goes on with its former life',
    harm: 'what Stripe told after the backup was made is never asked for again',
    hidesFor: 44,
    mutate: () => ({ ignoresRestores: true }),
  },
  {
    name: 'the ETag of the other life is honoured',
    harm: 'a page that was open while a backup was restored shows what was, until the counters have passed it',
    hidesFor: 18,
    mutate: () => {
      const given = new Map<string, { readonly life: string; readonly counter: number }>();
      return {
        page: (route) => async (account, shown) => {
          const { etag, document } = await route(account, null);
          const [life = '', counter] = (document?.revision ?? '').split('.');
          const now = { life, counter: Number(counter) };
          const then = shown === null ? undefined : given.get(shown);
          const isOfOther = then !== undefined && then.life !== now.life && then.counter >= now.counter;
          if (shown !== null && (isOfOther || shown === etag)) return { etag: shown, document: null };
          given.set(etag, now);
          return { etag, document };
        },
      };
    },
  },
  {
    name: 'a one-off invoice counts with each subscription that owes',
    harm: 'the page asks for an invoice that no subscription is about, and twice where two are behind',
    mutate: () => ({
      gateway: (gateway, _now, stripe) => ({
        ...gateway,
        async fetchCustomer(customer, known) {
          const data = await gateway.fetchCustomer(customer, known);
          const owing = [...new Set(data.openInvoices.map(({ invoice }) => subscriptionOf(invoice)))];
          if (owing.length === 0) return data;
          const open = await stripe(`/v1/invoices?customer=${customer}&status=open&limit=100`);
          const counted = open
            .filter((invoice) => subscriptionOf(invoice) === null)
            .flatMap((invoice) =>
              owing.map((subscription) => ({
                invoice: { ...(invoice as object), parent: { subscription_details: { subscription } } },
                payments: [],
                charges: [],
              })),
            );
          return { ...data, openInvoices: [...data.openInvoices, ...counted] };
        },
      }),
    }),
  },
  {
    name: 'the latest invoice alone is owed',
    harm: 'two invoices are open, and the page asks for one',
    hidesFor: 52,
    mutate: () => ({
      snapshot: (snapshot, facts) => {
        const { due } = snapshot.payment;
        const newest = facts?.subscriptions.flatMap((each) => each.openInvoices.slice(-1)) ?? [];
        if (due === null || newest.length === 0) return snapshot;
        const amount = newest.reduce((sum, each) => sum + each.amountRemaining, 0);
        return { ...snapshot, payment: { ...snapshot.payment, due: { ...due, amount } } };
      },
    }),
  },
  {
    name: 'one look for everything that came within a second',
    harm: 'what changed after the look and within the second is not looked at',
    mutate: () => {
      const looks = new Map<
        string,
        { readonly at: number; readonly look: ReturnType<StripeGateway['fetchCustomer']> }
      >();
      return {
        gateway: (gateway, now) => ({
          ...gateway,
          async fetchCustomer(customer) {
            const last = looks.get(customer);
            if (last && now() - last.at < 1_000) return await last.look;
            const look = gateway.fetchCustomer(customer);
            look.catch(() => looks.delete(customer));
            looks.set(customer, { at: now(), look });
            return await look;
          },
        }),
      };
    },
  },
];

/** The store's methods as plain ones, to be replaced one by one. */
export function methods(store: BillingStore): BillingStore {
  const names = Object.keys(store) as (keyof BillingStore)[];
  return Object.fromEntries(names.map((name) => [name, store[name]])) as unknown as BillingStore;
}

interface Parsed {
  readonly type?: string;
  readonly created?: number | string;
  readonly data?: { readonly object: { readonly id?: string; readonly customer?: string | null } };
}

const parsed = (body: string): Parsed => JSON.parse(body) as Parsed;
