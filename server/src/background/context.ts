/** The context that the parts of the worker share. */

import type { Metrics } from '../operations/metrics.ts';
import type { SyncParts } from './sync.ts';

export interface WorkerParts extends SyncParts {
  readonly metrics: Pick<Metrics, 'applied' | 'eventFailed' | 'synced'>;
  /** Makes sure that the ledger is the key's, should Stripe have been out of reach at the start. */
  readonly confirm: () => Promise<void>;
  /** Notices were written. */
  readonly wakeOutbox: () => void;
}
