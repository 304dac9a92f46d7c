/** The scheduler's own behaviour around its jobs, on a real ledger. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scheduler, type SchedulerParts } from '../../../server/src/background/scheduler.ts';
import { StripeObjectMalformed } from '../../../server/src/stripe/facts/json.ts';
import { LedgerPinnedError, StoreUnavailableError } from '../../../server/src/ledger/errors.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { logRecorder } from '../../support/log-recorder.ts';

describe('a job that fails', () => {
  let store: BillingStore;
  let scheduler: Scheduler | undefined;
  beforeEach(() => void (store = openSqliteStore(':memory:')));
  afterEach(async () => {
    await scheduler?.stop();
    await store.close();
  });

  it.each([
    ['ledger_pinned', new LedgerPinnedError('it belongs to another')],
    ['stripe_object_malformed', new StripeObjectMalformed('subscription', 'id')],
    ['store_unavailable', new StoreUnavailableError('locked')],
    ['internal', new TypeError('x')],
  ])('is logged with its error’s code: %s', async (code, cause) => {
    const log = logRecorder();
    const parts = { store, log, now: () => 1, confirm: () => Promise.reject(cause) } as unknown as SchedulerParts;
    scheduler = new Scheduler(parts);
    scheduler.start();
    const { level, fields } = await log.line(({ what }) => what === 'sweep.failed');
    expect({ level, code: fields.code }).toEqual({ level: 'error', code });
  });
});
