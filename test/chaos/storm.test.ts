/** `kill -9` in a storm of webhooks and in the middle of commits: no answered event is lost, and no customer stays stale. */

import { afterEach, expect, it } from 'vitest';
import { hangMs, patienceMs } from '../support/patience.ts';
import { startStorm, type Storm } from './storm.ts';

/** `KILLS=50` every night. */
const kills = Number(process.env['KILLS'] ?? 5);

let storm: Storm | undefined;
afterEach(async () => {
  await storm?.close();
  storm = undefined;
});

it(
  `one process on a file, killed ${kills} times`,
  async () => {
    storm = await startStorm();
    for (let kill = 1; kill < kills; kill += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one death after the other
      await storm.killOne();
    }
    // The last one dies with customers claimed, and no event comes for them that would hide it.
    await storm.killOne('asked');
    expect(await storm.verdict('One process on SQLite')).toEqual({ lost: [], stuck: [], untrue: [] });
    expect(storm.proxies.answered.size).toBeGreaterThan(kills);
  },
  hangMs + kills * patienceMs,
);
