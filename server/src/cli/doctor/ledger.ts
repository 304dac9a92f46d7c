/** Can the ledger be written, and is it kept up to date? */

import type { BillhookOptions, Config } from '../../config/config.ts';
import { openServices } from '../../services.ts';
import { describeCause } from '../../log.ts';
import type { ReconcileReport } from '../../background/reconcile-progress.ts';
import { type BillingStore } from '../../ledger/ledger.ts';
import { StripeFailure } from '../../stripe/failure.ts';
import { fail, ok, warn, type Diagnosis } from './diagnosis.ts';
import { spanText } from '../time-text.ts';
import { diagnoseLinks } from './links.ts';
import { LedgerNotReadyError, LedgerPinnedError, StoreUnavailableError } from '../../ledger/errors.ts';

const minute = 60_000;
const hour = 60 * minute;

export async function diagnoseLedger(config: Config, options: BillhookOptions): Promise<Diagnosis[]> {
  try {
    // Looking must not make one, least of all in the wrong place.
    const ledger = await openServices(options, { looking: true });
    try {
      await ledger.store.ping();
      return [
        ok('ledger', 'can be read and written'),
        ...(await diagnoseUpkeep(ledger.store, config.now())),
        ...(await diagnoseLinks(ledger.store)),
      ];
    } finally {
      await ledger.close();
    }
  } catch (cause) {
    if (cause instanceof LedgerPinnedError) {
      return [
        fail('ledger', cause.message, 'Use the key that this ledger belongs to, or another ledger for this key.'),
      ];
    }
    if (cause instanceof LedgerNotReadyError) {
      const file = isFile(config.database) ? config.database : 'DATABASE_URL';
      return [
        cause.because === 'missing'
          ? warn(
              'ledger',
              `there is none at ${file} yet`,
              'Start billhook serve, which makes it, or correct DATABASE_URL.',
            )
          : warn('ledger', 'is of an earlier version', 'Start billhook serve, which brings it up to date.'),
      ];
    }
    if (cause instanceof StoreUnavailableError) {
      return [
        fail(
          'ledger',
          `${cause.message}: ${describeCause(cause.cause)}`,
          'Correct DATABASE_URL, or make it readable and writable for this user.',
        ),
      ];
    }
    // A key that is refused has been said already.
    if (cause instanceof StripeFailure) return [];
    throw cause;
  }
}

const isFile = (database: string) => database !== ':memory:' && !/^postgres(?:ql)?:/.test(database);

/** How the sweeps, the reconciliations and the worker do. */
export async function diagnoseUpkeep(store: BillingStore, now: number): Promise<Diagnosis[]> {
  const [swept, reconciled, figures] = await Promise.all([
    store.lastReport('sweep'),
    store.lastReport('reconcile'),
    store.stats(now),
  ]);
  const found: Diagnosis[] = [];
  const ago = (at: number) => `${spanText(now - at)} ago`;

  if (!swept || now - swept.endedAt > 15 * minute) {
    found.push(
      warn(
        'sweep',
        swept ? `the last one was ${ago(swept.endedAt)}` : 'there was none yet',
        'Is a server running? It sweeps every five minutes, unless Stripe or the ledger is away.',
      ),
    );
  } else found.push(ok('sweep', `the last one was ${ago(swept.endedAt)}`));

  const report = reconciled?.report as ReconcileReport | undefined;
  // A customer that was never fetched before is no sign of a lost webhook.
  const lost = (report?.drift.count ?? 0) - (report?.drift.byClass.neverFetched ?? 0);
  if (!reconciled || !report || now - reconciled.endedAt > 48 * hour) {
    found.push(
      warn(
        'reconcile',
        reconciled ? `the last one was ${ago(reconciled.endedAt)}` : 'there was none yet',
        'Run billhook reconcile; a running server does it every day.',
      ),
    );
  } else if (report.unseen.length > 0) {
    found.push(
      warn(
        'reconcile',
        `${ago(reconciled.endedAt)}; ${report.unseen.length} customers could not be synced`,
        'Run billhook reconcile: it tells who, and why.',
      ),
    );
  } else if (lost > 0) {
    found.push(
      warn(
        'reconcile',
        `${ago(reconciled.endedAt)}; ${lost} accounts had drifted, and were put right`,
        'Webhooks get lost: see to the endpoint at Stripe and the way to this server.',
      ),
    );
  } else found.push(ok('reconcile', `${ago(reconciled.endedAt)}; nothing had drifted`));

  const stale = figures.oldestStaleSince;
  const failing = Object.entries(figures.failing).map(([code, count]) => `${count} [${code}]`);
  if (failing.length > 0) {
    found.push(
      warn(
        'customers',
        `the syncs of some fail: ${failing.join(', ')}`,
        'billhook reconcile names them; billhook timeline tells of one.',
      ),
    );
  } else if (stale !== null && now - stale > 5 * minute) {
    found.push(
      warn(
        'customers',
        `${figures.stale} wait for a sync, the longest for ${spanText(now - stale)}`,
        'Is a server running, and does Stripe answer?',
      ),
    );
  } else found.push(ok('customers', `${figures.customers}, and none waits long`));

  const notice = figures.oldestWaitingNoticeAt;
  if (notice !== null && now - notice > hour) {
    found.push(
      warn(
        'hosts',
        `${figures.waitingNotices} notices wait, the longest for ${spanText(now - notice)}`,
        'See to the host’s webhook: it does not take them.',
      ),
    );
  }
  return found;
}
