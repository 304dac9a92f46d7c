/** Telling hosts over real HTTP, from a real ledger, with a clock of the test's own. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillhookOptions, LogFields, Notice } from '@billhook/server';
import { readConfig } from '../../../server/src/config/config.ts';
import { Outbox, retryAfterMs, type OutboxOptions } from '../../../server/src/background/outbox.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { factsWith } from '../../contract/harness.ts';
import { holdTimeLimits } from '../../support/time-limits.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { day, hour, noon } from '../fixtures/facts.ts';
import { isSignedWith, startHostReceiver, type HostReceiver } from '../support/host-receiver.ts';
import type { OutboxEntry } from '../../../server/src/ledger/outbox.ts';

const webhookSecret = (fill: number) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
const quickSecret = webhookSecret(3);
const secrets = [1, 2].map(webhookSecret);

let folder: string;
let store: BillingStore;
let receiver: HostReceiver;
let now: number;
const outboxes: Outbox[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-outbox-'));
  store = openSqliteStore(join(folder, 'ledger.db'));
  receiver = await startHostReceiver();
  now = noon;
});
afterEach(async () => {
  await receiver.close();
  for (const outbox of outboxes.splice(0)) await outbox.stop();
  await store.close();
  await rm(folder, { recursive: true });
});

/** The operator's log, to be awaited line by line. */
function watch() {
  const lines: { what: string; fields: LogFields }[] = [];
  let seen = 0;
  let wake: (() => void) | null = null;
  const say = (what: string, fields: LogFields = {}) => {
    lines.push({ what, fields });
    wake?.();
  };
  return {
    log: { info: say, warn: say, error: say },
    lines,
    async next() {
      while (lines[seen] === undefined) await new Promise<void>((resolve) => (wake = resolve));
      return lines[seen++] as (typeof lines)[number];
    },
  };
}

type HostOptions = BillhookOptions['hosts'][number];

/** The access of every account in these tests. */
const access = { level: 'full', plans: [], features: [] } as unknown as Notice['access'];
const accessNow = async () => access;

/** An outbox that polls only when it is woken, with a back-off without jitter. */
async function outboxOf(
  change: Partial<BillhookOptions> = {},
  options: OutboxOptions = {},
  hosts: Partial<HostOptions>[] = [{ webhook: { url: receiver.url, secrets } }],
) {
  const { log, next, lines } = watch();
  const config = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
    hosts: hosts.map((host) => ({
      id: 'acme',
      secrets: [hostSecret],
      origins: [origin],
      returnUrl: `${origin}/billing`,
      ...host,
    })),
    now: () => now,
    log,
    ...change,
  });
  const outbox = new Outbox(config, store, accessNow, { pollMs: 2 ** 30, random: () => 0.5, ...options });
  outboxes.push(outbox);
  outbox.start();
  return { outbox, next, lines };
}

/** Writes notices as a sync does. */
async function write(ids: readonly string[], account = 'team_1', change: Partial<OutboxEntry> = {}, host = 'acme') {
  const customer = `cus_${host}_${account}`;
  await store.link({ host, account }, customer, now);
  await store.raiseTicket(customer, 'webhook', now);
  const claim = (await store.claim(now, 60_000, 100)).find((each) => each.customer === customer);
  if (!claim) throw new Error('nothing was stale');
  const data = { subscription: 'S', plan: null };
  const entries = ids.map((id): OutboxEntry => ({
    id,
    receiver: 'webhook',
    type: 'subscription.kept',
    data,
    ...change,
  }));
  await store.apply(claim, { facts: factsWith(), fetchedAt: now, nextChangeAt: null, now, notices: entries });
}

/** Looks once, to the end of what it finds. */
async function lookOnce(outbox: Outbox) {
  await outbox.stop();
  outbox.start();
  await outbox.stop();
  outbox.start();
}

describe('a webhook', () => {
  it('is a signed document that a host can verify with either secret', async () => {
    const { outbox, next } = await outboxOf();
    await write(['n1']);
    now += 5_000;
    outbox.wake();
    const delivery = await receiver.next();
    expect(JSON.parse(delivery.body)).toEqual({
      id: 'n1',
      type: 'subscription.kept',
      timestamp: new Date(noon).toISOString(),
      host: 'acme',
      account: 'team_1',
      revision: `${store.epoch}.1`,
      access,
      data: { subscription: 'S', plan: null },
    });
    expect(delivery).toMatchObject({
      path: '/billing-hook',
      headers: {
        'webhook-id': 'n1',
        'webhook-timestamp': String((noon + 5_000) / 1000),
        'content-type': 'application/json',
      },
    });
    for (const secret of secrets) expect(isSignedWith(secret, delivery)).toBe(true);
    expect(isSignedWith(`whsec_${Buffer.alloc(32, 3).toString('base64')}`, delivery)).toBe(false);
    expect(isSignedWith(secrets[0] ?? '', { ...delivery, body: delivery.body.replace('team_1', 'team_2') })).toBe(
      false,
    );
    expect(await next()).toEqual({
      what: 'notice.delivered',
      fields: { host: 'acme', account: 'team_1', type: 'subscription.kept', notice: 'n1', attempts: 1 },
    });
  });

  it('is sent once when it was accepted', async () => {
    const { outbox, next } = await outboxOf();
    await write(['n1']);
    outbox.wake();
    await next();
    now += day;
    await lookOnce(outbox);
    expect(receiver.deliveries).toHaveLength(1);
  });

  it.each([
    ['500', 500, 'webhook_refused', 500],
    ['404', 404, 'webhook_refused', 404],
    ['410', 410, 'webhook_refused', 410],
    ['a redirect, which is not followed', 'redirect', 'webhook_redirected', 302],
    ['a cut connection', 'cut', 'webhook_unreachable', undefined],
    ['no answer in time', 'hang', 'webhook_timeout', undefined],
  ] as const)(
    'answered with %s is sent again, under the same id, with a new signature',
    async (_, answer, code, status) => {
      const limits = holdTimeLimits();
      const { outbox, next } = await outboxOf();
      receiver.answer(answer);
      await write(['n1']);
      outbox.wake();
      const first = await receiver.next();
      expect(limits.set).toEqual([10_000]);
      if (answer === 'hang') limits.pass();
      const { what, fields } = await next();
      expect([what, fields.code, fields.status]).toEqual(['notice.failed', code, status]);
      expect(JSON.stringify(fields), 'an address in the log').not.toContain('127.0.0.1:');

      now += 4_999;
      await lookOnce(outbox);
      expect(receiver.deliveries).toHaveLength(1);
      now += 1;
      outbox.wake();
      const second = await receiver.next();
      expect(second.path).toBe('/billing-hook');
      expect(second.body).toBe(first.body);
      expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
      expect(second.headers['webhook-timestamp']).not.toBe(first.headers['webhook-timestamp']);
      expect(isSignedWith(secrets[0] ?? '', second)).toBe(true);
      expect(await next()).toMatchObject({ what: 'notice.delivered', fields: { attempts: 2 } });
      expect(receiver.deliveries).toHaveLength(2);
    },
  );

  it('to a host that refuses connections is sent again', async () => {
    const { outbox, next } = await outboxOf();
    await receiver.close();
    await write(['n1']);
    outbox.wake();
    expect(await next()).toMatchObject({ what: 'notice.failed', fields: { code: 'webhook_unreachable' } });
  });

  it('keeps the order of an account, and lets other accounts pass', async () => {
    const { outbox, next } = await outboxOf();
    receiver.answer(500);
    await write(['a1', 'a2']);
    await write(['b1'], 'team_2');
    outbox.wake();
    for (const _ of ['a1 failed', 'b1 delivered']) await next();
    await lookOnce(outbox);
    expect(receiver.deliveries.map(({ notice }) => notice.id).toSorted()).toEqual(['a1', 'b1']);
    now += 5_000;
    outbox.wake();
    for (const _ of ['a1 delivered', 'a2 delivered']) await next();
    expect(receiver.deliveries.slice(2).map(({ notice }) => notice.id)).toEqual(['a1', 'a2']);
  });

  it('is given up after three days, with a log line, and blocks no other notice', async () => {
    const { outbox, next } = await outboxOf();
    receiver.answer(...Array.from({ length: 200 }, () => 503));
    await write(['n1', 'n2']);
    let line: Awaited<ReturnType<typeof next>>;
    do {
      outbox.wake();
      line = await next();
      if (line.what === 'notice.failed') now += retryAfterMs(line.fields.attempts ?? 0, () => 0.5);
    } while (line.what === 'notice.failed');
    expect(line).toMatchObject({
      what: 'notice.given_up',
      fields: { notice: 'n1', code: 'webhook_refused', status: 503, host: 'acme', account: 'team_1' },
    });
    expect(now - noon).toBeGreaterThan(71 * hour);
    expect(now - noon).toBeLessThanOrEqual(72 * hour);
    // The one behind it was not tried yet: it gets its own tries.
    expect(await next()).toMatchObject({ what: 'notice.failed', fields: { notice: 'n2', attempts: 1 } });
  });

  it('that waited for days is still tried several times', async () => {
    await write(['n1']);
    now += 10 * day;
    receiver.answer(...Array.from({ length: 7 }, () => 503));
    const { outbox, next } = await outboxOf();
    for (let attempt = 1; attempt <= 7; attempt++) {
      expect(await next()).toMatchObject({ what: 'notice.failed', fields: { attempts: attempt } });
      now += hour;
      outbox.wake();
    }
    expect(await next()).toMatchObject({ what: 'notice.delivered', fields: { attempts: 8 } });
  });

  it('is found without a wake', async () => {
    const { next } = await outboxOf({}, { pollMs: 5 });
    await write(['n1']);
    expect(await next()).toMatchObject({ what: 'notice.delivered' });
  });

  it('of a host that hangs does not block another host’s', async () => {
    const [hanging, quick] = [
      { id: 'hanging', webhook: { url: receiver.url, secrets } },
      { id: 'quick', secrets: [`${hostSecret}-of-its-own`], webhook: { url: receiver.url, secrets: [quickSecret] } },
    ];
    let release: (status: number) => void = () => undefined;
    const held = new Promise<number>((resolve) => (release = resolve));
    const { outbox, next } = await outboxOf({}, { concurrency: 2 }, [hanging, quick]);
    for (const account of ['1', '2', '3']) await write([`h${account}`], account, {}, 'hanging');
    receiver.answer(held, held);
    outbox.wake();
    for (const _ of ['h1', 'h2']) await receiver.next();
    await write(['q1'], '1', {}, 'quick');
    outbox.wake();
    expect(await next()).toMatchObject({ what: 'notice.delivered', fields: { host: 'quick' } });
    expect(receiver.deliveries, 'two at a time').toHaveLength(3);
    release(204);
    for (const _ of ['h1', 'h2', 'h3']) expect((await next()).what).toBe('notice.delivered');
  });
});

describe('stopping and starting', () => {
  it('waits for deliveries under way, and claims no more', async () => {
    const { outbox, lines } = await outboxOf();
    let release: (status: number) => void = () => undefined;
    receiver.answer(new Promise<number>((resolve) => (release = resolve)));
    await write(['n1', 'n2']);
    outbox.wake();
    await receiver.next();
    const stopped = outbox.stop();
    release(204);
    await stopped;
    expect(lines).toMatchObject([{ what: 'notice.delivered', fields: { notice: 'n1' } }]);
    expect(receiver.deliveries).toHaveLength(1);

    const { next: nextOfSecond } = await outboxOf();
    expect(await nextOfSecond()).toMatchObject({ what: 'notice.delivered', fields: { notice: 'n2', attempts: 1 } });
    expect(receiver.deliveries).toHaveLength(2);
  });

  it('delivers a notice again, under the same id, after a crash between claim and delivery', async () => {
    await write(['n1']);
    // The process dies here: it has taken the notice, and perhaps the host has it.
    await store.claimNotices({ host: 'acme', receiver: 'webhook' }, now, 60_000, 1);
    await store.close();
    store = openSqliteStore(join(folder, 'ledger.db'));
    await store.releaseLeases();
    const { next } = await outboxOf();
    expect(await next()).toMatchObject({ what: 'notice.delivered', fields: { notice: 'n1', attempts: 2 } });
    expect((await receiver.next()).headers['webhook-id']).toBe('n1');
  });
});

describe('onChange', () => {
  const toProcess = { receiver: 'process' } as const;

  it('gets the same document, and is awaited before the account’s next one', async () => {
    const heard: Notice[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const onChange = async (notice: Notice) => {
      heard.push(notice);
      if (heard.length === 1) await held;
    };
    const { outbox, next } = await outboxOf({ onChange }, {}, [{}]);
    await write(['n1', 'n2'], 'team_1', toProcess);
    await write(['m1'], 'team_2', toProcess);
    outbox.wake();
    expect(await next()).toMatchObject({ what: 'notice.delivered', fields: { notice: 'm1' } });
    expect(heard.map(({ id }) => id)).toEqual(['n1', 'm1']);
    expect(heard[0]).toEqual({
      id: 'n1',
      type: 'subscription.kept',
      timestamp: new Date(noon).toISOString(),
      host: 'acme',
      account: 'team_1',
      revision: `${store.epoch}.1`,
      access,
      data: { subscription: 'S', plan: null },
    });
    release();
    expect([await next(), await next()].map(({ fields }) => fields.notice)).toEqual(['n1', 'n2']);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no mail today')), 'on_change_failed'],
    [
      'throws at once',
      () => {
        throw new Error('no mail today');
      },
      'on_change_failed',
    ],
    ['never ends', () => new Promise<void>(() => undefined), 'on_change_timeout'],
  ] as const)('that %s is called again', async (_, fails, code) => {
    const heard: string[] = [];
    const onChange = ({ id }: Notice) => {
      heard.push(id);
      if (heard.length === 1) return fails();
      return undefined;
    };
    const { outbox, next } = await outboxOf(
      { onChange },
      { onChangeLimitMs: code === 'on_change_timeout' ? 20 : 30_000 },
      [{}],
    );
    await write(['n1'], 'team_1', toProcess);
    outbox.wake();
    expect(await next()).toMatchObject({ what: 'notice.failed', fields: { code } });
    now += 5_000;
    outbox.wake();
    expect(await next()).toMatchObject({ what: 'notice.delivered', fields: { attempts: 2 } });
    expect(heard).toEqual(['n1', 'n1']);
  });

  it('and the webhook get each notice independently', async () => {
    const heard: string[] = [];
    const { outbox, next } = await outboxOf({ onChange: ({ id }) => void heard.push(id) });
    receiver.answer(500);
    await write(['n1'], 'team_1', toProcess);
    now += 1;
    await write(['n1', 'n2']);
    outbox.wake();
    const said = [await next(), await next()].map(({ what }) => what);
    expect(said.toSorted()).toEqual(['notice.delivered', 'notice.failed']);
    now += 5_000;
    outbox.wake();
    for (const _ of ['n1', 'n2']) expect((await next()).what).toBe('notice.delivered');
    expect(heard, 'the webhook’s failure is nothing to it').toEqual(['n1']);
    expect(receiver.deliveries.map(({ notice }) => notice.id)).toEqual(['n1', 'n1', 'n2']);
  });
});

describe('the back-off', () => {
  it('doubles from five seconds to an hour, give or take a quarter', () => {
    const middle = () => 0.5;
    expect([1, 2, 3, 10, 11, 99].map((attempts) => retryAfterMs(attempts, middle) / 1000)).toEqual([
      5, 10, 20, 2_560, 3_600, 3_600,
    ]);
    expect(retryAfterMs(1, () => 0)).toBe(3_750);
    expect(retryAfterMs(1, () => 1)).toBe(6_250);
  });
});
