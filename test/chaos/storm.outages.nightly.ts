/** The database of three processes is restarted, and their connections are cut, in the middle of the storm. */

import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../support/postgres.ts';
import { startStorm, type Storm } from './storm.ts';

let postgres: Postgres;
let storm: Storm | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  await storm?.close();
  storm = undefined;
});
afterAll(() => postgres.stop());

it('webhooks during a database outage are refused and redelivered, and all facts are fresh afterwards', async () => {
  storm = await startStorm({ processes: 3, database: await postgres.createDatabase() });
  const { proxies, database } = storm;
  for (let round = 0; round < 5; round += 1) {
    /* oxlint-disable no-await-in-loop -- one day after the other */
    await Promise.all([storm.changes(20), postgres.cutConnections(database)]);
    await postgres.halt();
    const refusedBefore = proxies.statuses.get(503) ?? 0;
    await storm.changes(6);
    expect(proxies.statuses.get(503) ?? 0, 'nobody may promise to keep what cannot be written').toBeGreaterThan(
      refusedBefore,
    );
    await Promise.all([storm.changes(20), postgres.start()]);
    await storm.killOne();
    await Promise.all([storm.changes(20), postgres.restart()]);
    /* oxlint-enable no-await-in-loop */
  }
  expect(await storm.verdict('Three processes on a PostgreSQL that comes and goes')).toEqual({
    lost: [],
    stuck: [],
    untrue: [],
  });
});
