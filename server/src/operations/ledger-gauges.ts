/** Gauges of the ledger: asked once a page, and never kept. */

import { Gauge, type Registry } from 'prom-client';
import { describeCause, type Log } from '../log.ts';
import type { JobStore } from '../ledger/jobs.ts';
import type { HistoryStore } from '../ledger/history.ts';

export interface WatchedLedger {
  readonly store: HistoryStore & Pick<JobStore, 'lastReport'>;
  readonly now: () => number;
  readonly log: Log;
  /** How many polls are held now. */
  readonly waiting: () => number;
}

export interface LedgerGauges {
  update(ledger: WatchedLedger): Promise<void>;
}

export function ledgerGauges(registers: Registry[]): LedgerGauges {
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const up = gauge('billhook_ledger_up', 'Whether the ledger answered when this page was made.');
  const customers = gauge('billhook_customers', 'Linked customers that are not deleted.');
  const stale = gauge('billhook_customers_stale', 'Customers with an event that no sync has followed yet.');
  const oldestStale = gauge('billhook_customers_oldest_stale_seconds', 'For how long the oldest of them is stale.');
  const failing = gauge('billhook_customers_failing', 'Stale customers whose last sync failed.', ['code']);
  const openHints = gauge('billhook_hints_open', 'Events whose customer is not found yet.');
  const oldestHint = gauge('billhook_hints_oldest_open_seconds', 'How old the oldest of them is.');
  const outbox = gauge('billhook_outbox_waiting', 'Notices that are not delivered yet.');
  const oldestNotice = gauge('billhook_outbox_oldest_waiting_seconds', 'How old the oldest of them is.');
  const waiting = gauge('billhook_polls_waiting', 'Requests held in this process until something changes.');
  const jobEnded = gauge('billhook_job_last_end_timestamp_seconds', 'When the job was last done; 0: never.', ['job']);

  return {
    async update({ store, now, log, waiting: held }) {
      waiting.set(held());
      try {
        const figures = await store.stats(now());
        const age = (since: number | null) => (since === null ? 0 : Math.max(0, now() - since) / 1000);
        customers.set(figures.customers);
        stale.set(figures.stale);
        oldestStale.set(age(figures.oldestStaleSince));
        failing.reset();
        for (const [code, count] of Object.entries(figures.failing)) failing.set({ code }, count);
        openHints.set(figures.openHints);
        oldestHint.set(age(figures.oldestOpenHintAt));
        outbox.set(figures.waitingNotices);
        oldestNotice.set(age(figures.oldestWaitingNoticeAt));
        for (const job of ['sweep', 'reconcile'] as const) {
          // oxlint-disable-next-line no-await-in-loop -- two of them
          jobEnded.set({ job }, ((await store.lastReport(job))?.endedAt ?? 0) / 1000);
        }
        up.set(1);
      } catch (cause) {
        log.warn('metrics.ledger_silent', { cause: describeCause(cause) });
        up.set(0);
      }
    },
  };
}
