/** The tests of the tests: each ledger with one thing wrong is told from the real one, in no more histories than a run has. */

import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { billhookLedger } from './billhook-ledger.ts';
import { mutants } from './mutants.ts';
import { play, seed, usualSeed } from './property.ts';

/** As many as the normal run lives through, also where the nightly one does more. */
const enough = 250;

describe(`a ledger that is wrong is found out (seed ${seed})`, () => {
  it.each(mutants)('$name: $harm', async ({ name, hidesFor = 0, mutate }) => {
    const { lived, broken } = await play(
      billhookLedger(async () => openSqliteStore(':memory:'), mutate),
      enough,
      false,
      seed === usualSeed ? hidesFor : 0,
    );
    process.stdout.write(`\n  ${name}: found in history ${lived}: ${broken?.split('\n')[0]}\n`);
    expect(broken, `${enough} histories did not find it`).not.toBeNull();
  });
});
