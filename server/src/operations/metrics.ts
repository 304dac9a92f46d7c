/**
 * Metrics for Prometheus. One registry a Billhook: two in one process must not count in one another's numbers. Labels
 * are closed lists (lanes, outcomes, codes): no account, no customer and no secret can become one.
 *
 * @see {@link https://prometheus.io/docs/practices/naming/ Prometheus: metric and label naming}
 */

import { readFileSync } from 'node:fs';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ProblemCode } from '@billhook/widget/contract';
import { priorities, type Priority } from '../stripe/request-budget.ts';
import { ledgerGauges, type WatchedLedger } from './ledger-gauges.ts';
import type { EventOutcome } from '../ledger/events.ts';
import type { Job } from '../ledger/jobs.ts';

export type SyncOutcome = 'changed' | 'unchanged' | 'fenced' | 'failed';

/** The counters, and the page that shows them. Times are milliseconds here, and seconds on the page. */
/** The labels that dashboards and alerts know. */
const outcomeLabels: Record<EventOutcome, string> = {
  queued: 'ticket',
  unresolved: 'open',
  ignored: 'closed',
  duplicate: 'duplicate',
};

export interface Metrics {
  /** A webhook was recorded. @param lagMs - from when Stripe made the event; `null` when it does not say. */
  webhookRecorded(outcome: EventOutcome, lagMs: number | null): void;
  webhookRefused(code: ProblemCode): void;
  /** A sync of a customer ended. @param code - why it failed. */
  synced(outcome: SyncOutcome, milliseconds: number, code?: string): void;
  /** Facts of a webhook's customer were applied, so long after the first event came. */
  applied(sinceReceivedMs: number): void;
  /** An event could not be resolved. */
  eventFailed(code: string): void;
  /** @param status - `null`: no answer came */
  stripeAnswered(priority: Priority, status: number | null): void;
  stripeAdmitted(priority: Priority, waitedMs: number): void;
  /**
   * The ledger differed from Stripe, and no event had told.
   *
   * @param kind - the class of the difference: one of a closed list
   * @param by - the job that found it
   */
  drift(kind: string, by: Job): void;
  /** A sweep found events that Stripe could not deliver and the ledger did not know. */
  swept(events: number): void;
  /** Names the ledger that is asked each time the page is read. */
  watch(ledger: WatchedLedger): void;
  /**
   * The page, in Prometheus's text format. Without an answer of the ledger its gauges stay as they were, and
   * `billhook_ledger_up` is 0.
   */
  page(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** Seconds: a webhook is there in one, Stripe retries for hours. */
const lagBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];
/** Seconds that something takes which a time limit of 10 s ends. */
const workBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * Starts counting at nothing.
 *
 * @example
 * ```ts
 * const metrics = createMetrics();
 * metrics.drift('state', 'reconcile');
 * const { text } = await metrics.page();
 * ```
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: L[] = []) =>
    new Histogram({ name, help, buckets, labelNames, registers });

  const build = new Gauge({
    name: 'billhook_build_info',
    help: 'Always 1; the version is in the label.',
    labelNames: ['version', 'node'],
    registers,
  });
  build.set({ version: ownVersion(), node: process.versions.node }, 1);

  const webhooks = counter('billhook_webhooks_total', 'Webhooks recorded, by what became of them.', ['outcome']);
  const refused = counter('billhook_webhooks_refused_total', 'Webhooks not taken, by the problem’s code.', ['code']);
  const delivery = histogram(
    'billhook_webhook_delivery_seconds',
    'From an event’s making at Stripe to its record; made in whole seconds.',
    lagBuckets,
  );
  const applied = histogram(
    'billhook_webhook_applied_seconds',
    'From the record of the first webhook that made a customer stale to its facts in the ledger.',
    lagBuckets,
  );
  const syncs = histogram('billhook_sync_seconds', 'How long a sync of a customer took.', workBuckets, ['outcome']);
  const syncFailures = counter('billhook_sync_failures_total', 'Looks at customers that failed.', ['code']);
  const hintFailures = counter('billhook_hint_failures_total', 'Events whose customer could not be fetched.', ['code']);
  const requests = counter('billhook_stripe_requests_total', 'Requests to Stripe; status "none": no answer.', [
    'lane',
    'status',
  ]);
  const waits = histogram(
    'billhook_stripe_budget_wait_seconds',
    'How long requests waited for the budget; clicks only where several come at once.',
    workBuckets,
    ['lane'],
  );
  const drift = counter('billhook_drift_total', 'Accounts that differed from Stripe unnoticed.', ['class', 'by']);
  const swept = counter('billhook_swept_events_total', 'Events that Stripe could not deliver, found by a sweep.', []);
  const gauges = ledgerGauges(registers);
  let ledger: WatchedLedger | null = null;

  // An alert on an increase needs the zero that it increased from; and a page that grows looks like a stranger's doing.
  for (const lane of priorities) waits.zero({ lane });
  for (const outcome of Object.values(outcomeLabels)) webhooks.inc({ outcome }, 0);
  for (const code of ['webhook_signature_invalid', 'webhook_livemode_mismatch', 'store_unavailable', 'internal'])
    refused.inc({ code }, 0);
  for (const priority of priorities) requests.inc({ lane: priority, status: '200' }, 0);

  return {
    webhookRecorded(outcome, lagMs) {
      webhooks.inc({ outcome: outcomeLabels[outcome] });
      // A clock that is behind Stripe's is no negative lag.
      if (lagMs !== null) delivery.observe(Math.max(0, lagMs) / 1000);
    },
    webhookRefused: (code) => refused.inc({ code }),
    synced(outcome, milliseconds, code) {
      syncs.observe({ outcome }, milliseconds / 1000);
      if (outcome === 'failed') syncFailures.inc({ code: code ?? 'internal' });
    },
    applied: (sinceReceivedMs) => applied.observe(Math.max(0, sinceReceivedMs) / 1000),
    eventFailed: (code) => hintFailures.inc({ code }),
    stripeAnswered: (priority, status) =>
      requests.inc({ lane: priority, status: status === null ? 'none' : String(status) }),
    stripeAdmitted: (priority, waitedMs) => waits.observe({ lane: priority }, Math.max(0, waitedMs) / 1000),
    drift: (kind, by) => drift.inc({ class: kind, by }),
    swept: (events) => swept.inc(events),
    watch(watched) {
      ledger = watched;
    },
    async page() {
      if (ledger) await gauges.update(ledger);
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
