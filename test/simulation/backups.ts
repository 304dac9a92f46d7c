/** The ledger's file as an operator copies it and puts it back: by SQLite's own means, so that a copy is whole. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';

export class Backups {
  readonly #folder = mkdtempSync(join(tmpdir(), 'billhook-history-'));
  #lives = 0;
  #copies = 0;
  #copy: string | null = null;

  open(): BillingStore {
    return openSqliteStore(this.#file());
  }

  make(): void {
    const copy = join(this.#folder, `copy-${++this.#copies}.db`);
    const db = new Database(this.#file());
    db.prepare('VACUUM INTO ?').run(copy);
    db.close();
    if (this.#copy !== null) rmSync(this.#copy);
    this.#copy = copy;
  }

  /** Puts the copy in the ledger's place. `null` where none was made. */
  restore(): BillingStore | null {
    if (this.#copy === null) return null;
    this.#lives++;
    const copy = new Database(this.#copy);
    copy.prepare('VACUUM INTO ?').run(this.#file());
    copy.close();
    return this.open();
  }

  end(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #file(): string {
    return join(this.#folder, `ledger-${this.#lives}.db`);
  }
}
