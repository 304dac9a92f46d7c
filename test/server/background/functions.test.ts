/** A server whose process is frozen between requests: work that a request causes, and a cron's. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillhookOptions } from '@billhook/server';
import type { AccessAnswer, UpkeepAnswer } from '@billhook/widget/contract';
import { frozenProcess, thawedByRequests } from '../../support/frozen-processes.ts';
import type { Databases } from '../../support/postgres.ts';
import { pgbouncerProgram, startPgbouncer, type Pgbouncer } from '../../support/pgbouncer.ts';
import { sharedPostgres } from '../../support/shared-postgres.ts';
import { problemOf, token } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';
import { freePort } from '../../support/free-port.ts';

const secret = 'the-secret-of-the-cron';
const functions = { background: 'none', upkeep: { secret } } as const;

let postgres: Databases;
beforeAll(async () => {
  postgres = await sharedPostgres();
});

describe('a server without a background', () => {
  let harness: BffHarness;
  const handed: Promise<void>[] = [];
  const told: string[] = [];
  beforeAll(async () => {
    harness = await startBffHarness({
      ...functions,
      database: await postgres.createDatabase(),
      waitUntil: (work) => void handed.push(work),
      onChange: ({ type }) => void told.push(type),
    });
    await harness.bff.snapshot(harness.as('active'));
    await Promise.all(handed.splice(0));
  });
  afterAll(() => harness.close());

  const upkeep = (authorization?: string, method = 'POST') =>
    harness.bff.billhook.fetch(
      new Request('https://billing.acme.example/v1/upkeep', {
        method,
        headers: authorization === undefined ? {} : { authorization },
      }),
    );
  const seats = async () => (await harness.bff.billhook.access('team_active')).seats;
  async function setSeats(quantity: number): Promise<void> {
    const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.active });
    const [item] = data[0]?.items.data ?? [];
    await harness.stripe.subscriptions.update(data[0]?.id ?? '', { items: [{ id: item?.id ?? '', quantity }] });
    await harness.sandbox.deliveries.settled();
  }

  it('hands to the platform what a webhook causes, the host’s notice included', async () => {
    await setSeats(11);
    expect(handed.length).toBeGreaterThan(0);
    await Promise.all(handed.splice(0));
    expect(await seats()).toBe(11);
    expect(told).toContain('plan.changed');
  });

  it('hands over the question for the next payment that a page causes', async () => {
    const first = await harness.bff.snapshot(harness.as('active'));
    expect(first.nextPaymentAwaited).toBe(true);
    await Promise.all(handed.splice(0));
    const { nextPayment } = await harness.bff.snapshot(harness.as('active'));
    // Eleven seats, and what their first days cost beside the former ones.
    expect(nextPayment?.amount.amount).toBeGreaterThan(31_900);
  });

  it('does at an upkeep what time asks for: events that no webhook brought', async () => {
    harness.sandbox.deliveries.settings.lose = 'noticed';
    await setSeats(12);
    harness.sandbox.deliveries.settings.lose = 'no';
    await Promise.all(handed.splice(0));
    expect(await seats()).toBe(11);
    const answer = await upkeep(`Bearer ${secret}`);
    expect([answer.status, (await answer.json()) as UpkeepAnswer]).toEqual([200, { done: true, stale: 0, notices: 0 }]);
    expect(await seats()).toBe(12);
    expect((await upkeep(`Bearer ${secret}`, 'GET')).status).toBe(200);
  });

  it('keeps others from it', async () => {
    expect(await problemOf(await upkeep())).toMatchObject({ status: 401, code: 'token_missing' });
    expect(await problemOf(await upkeep('Bearer another-secret-of-somebody'))).toMatchObject({ code: 'token_invalid' });
  });
});

it('has no upkeep where it has a background', async () => {
  const harness = await startBffHarness();
  try {
    const answer = await harness.bff.call('/v1/upkeep', { method: 'POST', token: null });
    expect(await problemOf(answer)).toMatchObject({ status: 404 });
  } finally {
    await harness.close();
  }
});

const ways = ['directly', 'through PgBouncer in transaction mode'] as const;
describe.each(ways)('processes that are frozen after each answer, %s', (way) => {
  const pooled = way !== 'directly';
  const missing = pooled && pgbouncerProgram === null ? 'pgbouncer is not on this machine' : false;

  it.skipIf(missing)('lose nothing, and are thawed with dead connections', async () => {
    const database = await postgres.createDatabase();
    const pgbouncer = pooled ? await startPgbouncer(database, 'transaction') : null;
    const world = await startFrozen(database, pgbouncer);
    try {
      await world.run();
    } finally {
      await world.close();
      await pgbouncer?.stop();
    }
  });
});

/** Two frozen processes behind a relay that thaws one for each request, and a Stripe that delivers to the relay. */
async function startFrozen(database: string, pgbouncer: Pgbouncer | null) {
  // Only for its sandbox, its customers and its options: its own server is out of the way.
  const harness = await startBffHarness();
  const options: BillhookOptions = {
    ...harness.options,
    ...functions,
    database: pgbouncer?.through(database) ?? database,
  };
  const program = [new URL('../support/function-process.ts', import.meta.url).pathname];
  const processes = await Promise.all(
    [await freePort(), await freePort()].map(async (port) => ({
      url: `http://127.0.0.1:${port}`,
      process: await frozenProcess({ PORT: String(port), OPTIONS: JSON.stringify(options) }, program),
    })),
  );
  const frozen = await thawedByRequests(() => processes);
  const { ask } = frozen;
  const { data: endpoints } = await harness.stripe.webhookEndpoints.list();
  await harness.stripe.webhookEndpoints.update(endpoints[0]?.id ?? '', { url: `${frozen.url}/v1/webhooks/stripe` });

  const access = async (account: string, customer: string) => {
    const bearer = await token({ account, customer, scope: ['access'] });
    const { status, body } = await ask('/v1/access', { headers: { authorization: `Bearer ${bearer}` } });
    expect([status, body]).toEqual([200, expect.any(String)]);
    return JSON.parse(body) as AccessAnswer;
  };
  const upkeepUntilDone = async () => {
    let calls = 0;
    for (let done = false; !done; calls += 1) {
      const { status, body } = await ask('/v1/upkeep', {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}` },
      });
      expect(status, body).toBe(200);
      ({ done } = JSON.parse(body) as UpkeepAnswer);
    }
    return calls;
  };

  async function run(): Promise<void> {
    const living = ['active', 'trialing', 'pastDue', 'ending'] as const;
    for (const situation of living) await access(`team_${situation}`, harness.customers[situation]);
    await upkeepUntilDone();
    let changes = 0;
    for (let round = 1; round <= 3; round += 1) {
      for (const situation of living) {
        const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers[situation] });
        const [item] = data[0]?.items.data ?? [];
        await harness.stripe.subscriptions.update(data[0]?.id ?? '', {
          items: [{ id: item?.id ?? '', quantity: 10 * round + changes }],
        });
        changes += 1;
      }
      await harness.sandbox.deliveries.settled();
      // While they are frozen their connections die, as after a night.
      if (round === 2) await postgres.cutConnections(database);
    }
    const calls = await upkeepUntilDone();
    const divergent: string[] = [];
    for (const situation of living) {
      const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers[situation] });
      const quantity = data[0]?.items.data[0]?.quantity;
      const { plans } = await access(`team_${situation}`, harness.customers[situation]);
      if (plans[0]?.quantity !== quantity)
        divergent.push(`${situation}: ${plans[0]?.quantity} is ${quantity} at Stripe`);
    }
    process.stdout.write(`frozen: ${changes} changes, ${frozen.answered} answers, ${calls} upkeeps at the end\n`);
    expect(divergent).toEqual([]);
  }

  return {
    run,
    async close() {
      await frozen.close();
      for (const { process: each } of processes) each.child.kill('SIGKILL');
      await Promise.all(processes.map(({ process: each }) => each.ended));
      await harness.close();
    },
  };
}
