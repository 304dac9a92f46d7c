/** The duties of every `BillingStore`, as tests: run against each implementation, with a ledger of its own for each test. */

import { describe } from 'vitest';
import { accessToldContract } from './access-told.ts';
import { atomicContract } from './atomic.ts';
import { claimsContract } from './claims.ts';
import { clocksContract } from './clocks.ts';
import { hintsContract } from './events.ts';
import { ledgerContract } from './ledger.ts';
import { heardContract } from './heard.ts';
import { linkingContract } from './linking.ts';
import { linksContract } from './links.ts';
import { livesContract } from './lives.ts';
import { outboxContract } from './outbox.ts';
import { previewsContract } from './previews.ts';
import { purchasesContract } from './purchases.ts';
import { processesContract } from './processes.ts';
import { contractHarness, type LedgerUnderTest } from './harness.ts';
import { trailContract } from './history.ts';
import { upkeepContract } from './upkeep.ts';
import { visitsContract } from './visits.ts';

/**
 * @param sharedByProcesses - several processes may work on one ledger, so a start must not end the others' leases
 * @param hears - commits are told to those who follow them. Default: true; a pooler that lends sessions lets none listen.
 */
export function billingStoreContract(
  name: string,
  sharedByProcesses: boolean,
  makeLedger: () => Promise<LedgerUnderTest>,
  hears = true,
): void {
  describe(`BillingStore contract: ${name}`, () => {
    const harness = contractHarness(sharedByProcesses, makeLedger);
    linkingContract(harness);
    linksContract(harness);
    hintsContract(harness);
    claimsContract(harness);
    clocksContract(harness);
    outboxContract(harness);
    accessToldContract(harness);
    previewsContract(harness);
    purchasesContract(harness);
    visitsContract(harness);
    upkeepContract(harness);
    trailContract(harness);
    ledgerContract(harness);
    livesContract(harness);
    atomicContract(harness);
    processesContract(harness, hears);
    if (sharedByProcesses && hears) heardContract(harness);
  });
}
