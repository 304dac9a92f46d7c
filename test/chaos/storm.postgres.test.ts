/** Several processes on one PostgreSQL in the same storm: each may die at any moment, and what one of them hears all know. */

import { afterEach, expect, it } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { sharedPostgres } from '../support/shared-postgres.ts';
import type { Payer } from './storm-customers.ts';
import { hangMs, patienceMs } from '../support/patience.ts';
import { stuck } from './ledger-audit.ts';
import { startStorm, type Storm } from './storm.ts';

/** `KILLS=50 PROCESSES=3` every night. */
const processes = Number(process.env['PROCESSES'] ?? 2);
const kills = process.env['KILLS'] === undefined ? 2 : Math.ceil(Number(process.env['KILLS']) / 2);

/** A page that shows its next payment: an amount that comes while it waits would be news too. */
async function settled(of: Storm, payer: Payer): Promise<Response> {
  for (let headers = {}; ;) {
    // oxlint-disable-next-line no-await-in-loop -- one poll after the other
    const response = await of.read(0, payer, headers);
    if (response.status === 304) continue;
    // oxlint-disable-next-line no-await-in-loop -- as above
    const { nextPaymentAwaited } = (await response.clone().json()) as BillingSnapshot;
    if (nextPaymentAwaited !== true) return response;
    headers = { prefer: 'wait=25', 'if-none-match': response.headers.get('etag') ?? '' };
  }
}

let storm: Storm | undefined;
afterEach(async () => {
  await storm?.close();
  storm = undefined;
});

it(
  `${processes} processes on one database: ${kills} killed, and who waits at one is woken by what another hears`,
  async () => {
    storm = await startStorm({ processes, database: await (await sharedPostgres()).createDatabase() });
    for (let kill = 1; kill < kills; kill += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one death after the other
      await storm.killOne();
    }
    await storm.killOne('asked');
    expect(await storm.verdict(`${processes} processes on PostgreSQL`)).toEqual({ lost: [], stuck: [], untrue: [] });

    // The webhook comes to the last process alone; the page waits at the first.
    const { proxies, sandbox, payers } = storm;
    const payer = payers.at(-1) as Payer;
    const bystander = payers.at(-2) as Payer;
    const [before, seen] = await Promise.all([settled(storm, payer), settled(storm, bystander)]);
    const { endsAt } = (await before.json()) as BillingSnapshot;
    proxies.targets = proxies.targets.slice(-1);
    const held = storm.read(0, payer, { prefer: 'wait=25', 'if-none-match': before.headers.get('etag') ?? '' });
    await storm.cancelAtPeriodEnd(payer, endsAt === null);
    await sandbox.deliveries.settled();
    expect(await stuck(storm.database)).toEqual([]);
    // Without a wake the page sees the news as well, when its time is up: after one that came later, when the news was in
    // the ledger already, and has nothing to see.
    const etag = seen.headers.get('etag') ?? '';
    const patient = storm.read(0, bystander, { prefer: 'wait=15', 'if-none-match': etag });
    const answer = await Promise.race([held, patient]);
    expect(answer.status, 'who had nothing to see was answered first').toBe(200);
    expect(((await answer.json()) as BillingSnapshot).endsAt === null).toBe(endsAt !== null);
    // Its server ends before it: that it is cut off is no news.
    patient.catch(() => undefined);
  },
  hangMs + kills * patienceMs,
);
