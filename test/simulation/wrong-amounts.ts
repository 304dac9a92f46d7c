/** Ledgers that say one amount wrong, each as a change could well bring it in, and the row of the money table that tells. */

import { mutants, methods } from './mutants.ts';
import type { Mutation } from './billhook-ledger.ts';

export interface WrongAmount {
  readonly row: 'said paid' | 'recovered' | 'due' | 'button' | 'next';
  readonly name: string;
  /** How many lives of the usual seed it lives through, for sure: a run need not wait for them. Default: 0. */
  readonly hidesFor?: number;
  readonly mutate: () => Mutation;
}

type Invoice = Readonly<Record<string, unknown>>;

const voidedAsPaid = (invoice: unknown): unknown => {
  if (typeof invoice !== 'object' || invoice === null) return invoice;
  const { status, amount_due: due } = invoice as Invoice;
  return status === 'void' ? { ...invoice, amount_paid: due } : invoice;
};

export const wrongAmounts: readonly WrongAmount[] = [
  {
    row: 'said paid',
    name: 'an invoice that was voided counts as paid',
    hidesFor: 6,
    mutate: () => ({
      gateway: (gateway) => ({
        ...gateway,
        async fetchCustomer(...asked) {
          const data = await gateway.fetchCustomer(...asked);
          const subscriptions = (data.subscriptions as readonly Invoice[]).map((each) => ({
            ...each,
            latest_invoice: voidedAsPaid(each['latest_invoice']),
          }));
          return { ...data, subscriptions, earlierInvoices: (data.earlierInvoices ?? []).map(voidedAsPaid) };
        },
      }),
    }),
  },
  {
    row: 'said paid',
    name: 'a return is compared with an older look than the page showed',
    hidesFor: 3,
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        openVisit: (visit) => store.openVisit({ ...visit, seen: Math.max(0, visit.seen - 1) }),
      }),
    }),
  },
  {
    row: 'recovered',
    name: 'with one invoice paid, all that was owed is',
    hidesFor: 20,
    mutate: () => ({
      store: (store) => ({
        ...methods(store),
        apply: (claim, { notices = [], ...fetched }) =>
          store.apply(claim, {
            ...fetched,
            notices: notices.map((notice) => {
              const { paid, due } = notice.data as {
                paid?: { amount: number } | null;
                due?: { amount: number } | null;
              };
              if (notice.type !== 'payment.recovered' || paid == null || due == null) return notice;
              return { ...notice, data: { ...notice.data, paid: { ...paid, amount: paid.amount + due.amount } } };
            }),
          }),
      }),
    }),
  },
  {
    row: 'due',
    name: 'the latest invoice alone is owed',
    hidesFor: 20,
    mutate: () => mutants.find(({ name }) => name === 'the latest invoice alone is owed')?.mutate() ?? {},
  },
  {
    row: 'button',
    name: 'the button names the whole debt',
    hidesFor: 9,
    mutate: () => ({
      snapshot: (snapshot) => {
        const { due, payNow } = snapshot.payment;
        if (due === null || payNow == null) return snapshot;
        return { ...snapshot, payment: { ...snapshot.payment, payNow: due } };
      },
    }),
  },
  {
    row: 'next',
    name: 'the customer’s credit is left out',
    hidesFor: 2,
    mutate: () => ({
      gateway: (gateway) => ({
        ...gateway,
        async previewInvoice(...asked) {
          const preview = (await gateway.previewInvoice(...asked)) as Invoice;
          return { ...preview, amount_due: preview['total'] };
        },
      }),
    }),
  },
];
