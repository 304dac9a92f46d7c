/** The same histories on PostgreSQL, each in a schema of its own: fewer of them, because each step asks a real server. */

import { expect, it } from 'vitest';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { billhookLedger } from './billhook-ledger.ts';
import { play, runs, told } from './property.ts';

const some = Math.ceil(runs / 50);

it(
  `${some} histories on PostgreSQL end with the ledger equal to Stripe`,
  async () => {
    const database = await (await sharedPostgres()).createDatabase();
    let ledgers = 0;
    const open = billhookLedger(() => openPostgresStore(`${database}?schema=history_${ledgers++}`));
    const outcome = await play(open, some, true);
    process.stdout.write(`\n  PostgreSQL: ${told(outcome)}\n`);
    expect(outcome.broken).toBeNull();
  },
  3 * 60 * 60_000,
);
