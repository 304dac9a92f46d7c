/** `billhook reconcile` as a process of its own, to be killed: `node reconcile-process.ts '{ "options": …, "leaseMs": … }'`. */

import type { BillhookOptions } from '@billhook/server';
import { reconcileLedger, type ReconcileCommandOptions } from '../../../server/src/cli/reconcile/reconcile.ts';

const { options, ...rest } = JSON.parse(process.argv[2] ?? '') as {
  options: BillhookOptions;
} & ReconcileCommandOptions;
process.exitCode = await reconcileLedger(['--json'], options, process, rest);
