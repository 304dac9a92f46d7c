/**
 * Pages that stay open, whatever becomes of the ledger and its processes: each asks with the ETag of what it shows. After
 * every answer it shows what a page would that was opened in that moment.
 */

import type { BillingSnapshot } from '@billhook/widget/contract';
import { BrokenPromise } from './broken-promise.ts';
import type { LedgerProcess, Seen } from './ledger-under-test.ts';

interface Shown {
  readonly etag: string;
  readonly document: BillingSnapshot;
}

export class Pages {
  readonly #shown = new Map<string, Shown>();
  /** Answers that a page had the document already. */
  kept = 0;

  /**
   * @param seen - read of the account in the same moment
   * @throws {BrokenPromise}
   */
  async ask(account: string, process: LedgerProcess, seen: Seen): Promise<void> {
    // A page that waits for the first facts of its customer is held.
    if (seen.customer !== null && seen.facts === null) return;
    const before = this.#shown.get(account) ?? null;
    const { etag, document } = await process.page(account, before?.etag ?? null);
    if (document !== null) this.#shown.set(account, { etag, document });
    else this.kept++;
    const shown = document ?? before?.document ?? null;
    const [is, wanted] = [textOf(shown), textOf(seen.document)];
    if (is !== wanted) throw new BrokenPromise(`an open page shows what was, and not what is:\n${is}\n${wanted}`);
  }
}

/** Looking again and finding the same is no change. */
const textOf = (document: BillingSnapshot | null): string => JSON.stringify({ ...document, asOf: undefined });
