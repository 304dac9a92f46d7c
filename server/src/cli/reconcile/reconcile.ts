/** `billhook reconcile`: compares everything with Stripe now, shows how far it is, and prints what had been wrong (L18). */

import { createHmac } from 'node:crypto';
import { Catalogue } from '../../background/catalogue.ts';
import type { BillhookOptions } from '../../config/config.ts';
import { openServices, type Services } from '../../services.ts';
import { reconcile } from '../../background/reconcile.ts';
import type { ReconcileReport } from '../../background/reconcile-progress.ts';
import { Waiters } from '../../background/waiters.ts';
import { Worker, type WorkerOptions } from '../../background/worker.ts';
import { showProgress, type Screen } from './progress.ts';
import { reportText } from './report.ts';
import { parse, type Output } from '../args.ts';
import { patiently, whileLimited } from '../patiently.ts';

export const reconcileUsage = `billhook reconcile [--json]

  Syncs every customer that could be wrong: those with a running subscription at Stripe or in the ledger, and those that
  were never fetched or fail. Differences are repaired and counted. A running server does the syncs; where there is none,
  this command does. It may be run at any time, stopped, run again, and run twice at once.

  --json    print the report as JSON

  The exit code is 0 when all customers were synced, 1 when one could not be, 2 when the command line is wrong.
`;

export interface ReconcileCommandOptions {
  /** Milliseconds that this process's turn is kept. Default: 30,000. */
  readonly leaseMs?: number;
  /** Milliseconds without any customer looked at, after which the command looks itself beside a server. Default: 15,000. */
  readonly quietMs?: number;
  /** Milliseconds that it waits at its end for customers with a failing fetch that may succeed. Default: 30,000. */
  readonly patienceMs?: number;
  /** Milliseconds between two looks at how far it is. Default: 200. */
  readonly pollMs?: number;
  /** Customers that are to be looked at, at a time. Default: 20. */
  readonly batch?: number;
  /** Of the worker that it has where no server works. */
  readonly worker?: WorkerOptions;
}

/** A server sweeps every five minutes: without a younger sweep there is none at work. */
const serverSignMs = 6 * 60_000;

/**
 * Reconciles, or waits for the process that does so already and takes over from it should it die.
 *
 * @param args - the arguments after `reconcile` on the command line
 * @returns The exit code.
 * @throws {StripeFailure} Stripe could not be asked; the progress is kept, and the next run goes on from there.
 */
export async function reconcileLedger(
  args: readonly string[],
  options: BillhookOptions,
  output: Output & { readonly stderr: Screen },
  {
    leaseMs = 30_000,
    quietMs = 15_000,
    patienceMs = 30_000,
    pollMs = 200,
    batch = 20,
    worker = {},
  }: ReconcileCommandOptions = {},
): Promise<number> {
  const flags = { json: { type: 'boolean', default: false } } as const;
  const parsed = parse(args, { name: 'reconcile', usage: reconcileUsage, options: flags }, output);
  if (parsed.exitCode !== null) return parsed.exitCode;
  const { json } = parsed.values;
  const ledger = await openServices(options);
  const helper = createHelper(ledger, worker);
  const progress = showProgress(output.stderr);
  try {
    await patiently(() => ledger.confirm(), whileLimited('billhook reconcile', output));
    const report = await reconciled();
    progress.end();
    output.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, ledger.config.now()));
    return report.unseen.length > 0 ? 1 : 0;
  } finally {
    progress.end();
    await helper.stop();
    await ledger.close();
  }

  async function reconciled(): Promise<ReconcileReport> {
    const { store, gateway, budget, config } = ledger;
    const { now } = config;
    const began = now();
    const { customers } = await store.stats(began);
    const isServed = await serverIsAtWork(ledger);
    const parts = { store, gateway, whenAvailable: budget.whenAvailable, now, wakeWorker: () => helper.wake() };
    for (let waits = false; ; waits = true) {
      // Before another turn: the one that was waited for has ended.
      const last = await store.lastReport('reconcile');
      if (last && last.endedAt >= began) return last.report as ReconcileReport;
      const lease = await store.acquireJob('reconcile', 0, leaseMs, now());
      if (lease) {
        const report = await reconcile(parts, lease, {
          leaseMs,
          pollMs,
          batch,
          patienceMs,
          signal: new AbortController().signal,
          onProgress: (step) => progress.show(step, customers),
          onQuiet: (lasting) => (lasting >= (isServed ? quietMs : 0) ? helper.start() : undefined),
        });
        if (report) return report;
      }
      if (!waits) progress.say('Another process is reconciling this ledger; waiting for its report.');
      // The process that reconciles may wait for syncs that no worker does: it may be another of these commands.
      if (!isServed) await helper.start();
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }
}

async function serverIsAtWork({ store, config }: Services): Promise<boolean> {
  const last = await store.lastReport('sweep');
  return last !== null && config.now() - last.startedAt < serverSignMs;
}

/** A worker of this process, for a ledger without a server. The claims' fences make it safe beside one that does. */
function createHelper({ config, store, gateway, metrics, confirm }: Services, options: WorkerOptions) {
  let worker: Worker | null = null;
  return {
    async start(): Promise<void> {
      if (worker) return;
      const catalogue = new Catalogue(config, store, gateway);
      const digest = (text: string) =>
        createHmac('sha256', store.digestKey).update(text).digest('base64url').slice(0, 22);
      const parts = { config, store, gateway, catalogue, digest, metrics, confirm, wakeOutbox: () => undefined };
      worker = new Worker(parts, new Waiters(), options);
      await catalogue.load();
      worker.startWithoutReclaim();
    },
    wake: () => worker?.wake(),
    stop: async () => await worker?.stop(),
  };
}
