/**
 * B14: the storm over functions, which are frozen after each answer and called by a cron, and over PgBouncer in both of its modes.
 * Each night in every way, with more deaths.
 */

import { afterEach, describe, expect, it } from 'vitest';
import { hangMs, patienceMs } from '../support/patience.ts';
import { pgbouncerModes, pgbouncerProgram, startPgbouncer, type Pgbouncer } from '../support/pgbouncer.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { startStorm, type Storm } from './storm.ts';

/** `KILLS=50` every night; else functions alone, once directly and once behind the pooler's harder mode. */
const isNight = process.env['KILLS'] !== undefined;
const kills = isNight ? Math.ceil(Number(process.env['KILLS']) / 5) : 1;

const missing = pgbouncerProgram === null ? 'pgbouncer is not on this machine' : false;
const ways = [
  { name: 'two functions', frozen: true, mode: null },
  ...pgbouncerModes.flatMap((mode) =>
    [true, false].map((frozen) => ({
      name: `two ${frozen ? 'functions' : 'servers'} behind PgBouncer in ${mode} mode`,
      frozen,
      mode,
    })),
  ),
];

let storm: Storm | undefined;
let pgbouncer: Pgbouncer | undefined;
afterEach(async () => {
  await storm?.close();
  await pgbouncer?.stop();
  storm = undefined;
  pgbouncer = undefined;
});

const tried = ways.filter(({ frozen, mode }) => isNight || (frozen && mode !== 'session'));

describe.each(tried)('$name', ({ name, frozen, mode }) => {
  it.skipIf(mode !== null && missing)(
    `lose nothing, killed ${kills} times`,
    async () => {
      const database = await (await sharedPostgres()).createDatabase();
      if (mode !== null) pgbouncer = await startPgbouncer(database, mode);
      const through = (address: string) => pgbouncer?.through(address) ?? address;
      storm = await startStorm({ processes: 2, database, frozen, through });
      // oxlint-disable-next-line no-await-in-loop -- one death after the other
      for (let kill = 0; kill < kills; kill += 1) await storm.killOne();
      await storm.changes(12);
      expect(await storm.verdict(name)).toEqual({ lost: [], stuck: [], untrue: [] });
      expect(storm.proxies.answered.size).toBeGreaterThan(12);
    },
    hangMs + kills * patienceMs,
  );
});
