/** The timeline of an account that lived through something, from a running server's own ledger. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change } from '@billhook/widget/contract';
import { changeText } from '../../../server/src/cli/timeline/change-text.ts';
import { storyText, type StoryEntry } from '../../../server/src/cli/timeline/story.ts';
import { printTimeline } from '../../../server/src/cli/timeline/timeline.ts';
import { spanOf, spanText } from '../../../server/src/cli/time-text.ts';
import { startHostReceiver, type HostReceiver } from '../support/host-receiver.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

describe('billhook timeline', () => {
  let harness: BffHarness;
  let host: HostReceiver;

  beforeAll(async () => {
    host = await startHostReceiver();
    const secrets = [`whsec_${Buffer.alloc(32, 7).toString('base64')}`];
    harness = await startBffHarness({ host: { webhook: { url: host.url, secrets } } });
    await harness.bff.snapshot(harness.as('active'));
    const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.active });
    const opened = await harness.bff.call('/v1/portal-sessions', {
      ...harness.as('active'),
      body: { seen: (await harness.bff.snapshot(harness.as('active'))).revision },
    });
    expect(opened.status).toBe(200);
    const { visit } = (await opened.json()) as { visit: string };
    await harness.stripe.subscriptions.update(data[0]?.id ?? '', { cancel_at_period_end: true });
    await host.next();
    await harness.bff.call('/v1/visits/return', {
      ...harness.as('active'),
      headers: { prefer: 'wait=25' },
      body: { visit },
    });
  });
  afterAll(async () => {
    await harness.close();
    await host.close();
  });

  async function run(...args: string[]) {
    const said = { out: '', err: '' };
    const code = await printTimeline(args, harness.options, {
      stdout: { write: (text: string) => (said.out += text) },
      stderr: { write: (text: string) => (said.err += text) },
    });
    return { code, ...said };
  }

  it('B9: prints event, sync, change and notice, in that order and in words', async () => {
    const { code, out } = await run('team_active');
    expect(code).toBe(0);
    const customer = harness.customers.active;
    expect(out).toMatch(
      new RegExp(`^acme/team_active · ${customer} · revision \\d+\nending on \\w+, access full; as of`),
    );
    expect(out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m);
    // How a span is written has a test of its own.
    const span = String.raw`(?:\d+ min )?\d+(?:\.\d\d)? s`;
    const order = [
      /linked {3}to cus_/,
      new RegExp(`synced {3}because it was linked, ${span}: changed`),
      /changed {2}started \w+ {2}\(revision 1\)/,
      new RegExp(`visit {4}portal opened; back after ${span}, and something had changed`),
      /event {4}customer\.subscription\.updated {2}evt_\w+\n/,
      new RegExp(`synced {3}because a webhook came, ${span}: changed`),
      /changed {2}ends \d{4}-\d\d-\d\d {2}\(revision 2\)/,
      new RegExp(`notice {3}subscription\\.ending to the host’s webhook after ${span}\n`),
    ].map((line) => out.search(line));
    expect(order.filter((place) => place < 0)).toEqual([]);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('finds the account by its customer, with the same output', async () => {
    const [byAccount, byCustomer] = [await run('team_active', '--json'), await run(harness.customers.active, '--json')];
    const entries = ({ out }: { out: string }) => (JSON.parse(out) as { entries: object[] }).entries;
    expect(entries(byCustomer)).toEqual(entries(byAccount));
    expect(entries(byAccount)).toContainEqual(
      expect.objectContaining({ what: 'change', changes: [expect.objectContaining({ kind: 'ends' })] }),
    );
    expect(byAccount.out, 'digests and facts stay inside').not.toMatch(/Digest|"facts"|"before"/);
  });

  it('keeps to the requested time and number', async () => {
    expect((await run('team_active', '--limit', '1', '--json')).out.match(/"what"/g)).toHaveLength(1);
    expect((await run('team_active', '--since', '2999-01-01')).out).toContain('Nothing happened since 2999-01-01');
    expect((await run('team_active', '--since', '1d')).out).toContain('linked');
  });

  it('reports wrong arguments', async () => {
    expect(await run('team_nobody')).toMatchObject({ code: 1, err: expect.stringContaining('team_nobody') });
    expect(await run('cus_nobody')).toMatchObject({ code: 1, err: expect.stringContaining('cus_nobody') });
    for (const wrong of [
      [],
      ['a', 'b'],
      ['a', '--since', 'long ago'],
      ['a', '--host', 'other'],
      ['a', '--limit', '0'],
      ['a', '--odd'],
    ])
      expect(await run(...wrong), wrong.join(' ')).toMatchObject({ code: 2, err: expect.stringContaining('--since') });
    expect(await run('--help')).toMatchObject({ code: 0, err: '' });
  });
});

describe('words', () => {
  it.each<[Change, string]>([
    [{ kind: 'plan', from: 'Starter', to: null }, 'plan Starter → a plan without a name'],
    [
      { kind: 'price', from: { amount: 2900, currency: 'jpy' }, to: { amount: 2900, currency: 'eur' } },
      'price JPY 2900 → EUR 29.00',
    ],
    [{ kind: 'paid', paid: { amount: 1234, currency: 'kwd' } }, 'paid KWD 1.234'],
    [{ kind: 'charged', paid: { amount: 2900, currency: 'usd' } }, 'charged USD 29.00 at once'],
    [{ kind: 'quantity', from: 3, to: 5 }, 'quantity 3 → 5'],
    [{ kind: 'scheduled', plan: 'Team', at: '2026-12-01T00:00:00.000Z' }, 'Team from 2026-12-01 on'],
    [{ kind: 'ends', at: null }, 'ends at a time that is not known'],
  ])('%o', (change, text) => {
    expect(changeText(change)).toBe(text);
  });

  it('of failures, of late deliveries, and of abandoned notices', () => {
    const at = Date.UTC(2026, 10, 21, 11);
    const customer = 'cus_1';
    const story: StoryEntry[] = [
      { at, customer, what: 'event', event: 'evt_1', type: 'invoice.paid', via: 'sweep' },
      {
        at,
        customer,
        what: 'sync',
        cause: 'sweep',
        ticket: 2,
        claim: 2,
        endedAt: at + 10_000,
        outcome: 'stripe_unavailable',
      },
      { at, customer, what: 'sync', cause: 'sweep', ticket: 2, claim: 3, endedAt: at + 400, outcome: 'fenced' },
      { at: at + 90_000, customer, what: 'change', revision: 3, confirmedBy: 'sweep', changes: [] },
      {
        at: at + 90_000,
        customer,
        what: 'notice',
        type: 'payment.recovered',
        receiver: 'webhook',
        attempts: 8,
        settledAt: at + 95_000,
        outcome: 'webhook_refused',
      },
      {
        at: at + 90_000,
        customer,
        what: 'notice',
        type: 'payment.recovered',
        receiver: 'process',
        attempts: 0,
        settledAt: null,
        outcome: null,
      },
    ];
    expect(storyText(story)).toEqual([
      '',
      '2026-11-21 11:00:00 UTC',
      '  +0.00 s       event    invoice.paid  evt_1  (no webhook came; a sweep found it)',
      '  +0.40 s       synced   because a sweep found an event, 0.40 s: too late, a newer sync was first',
      '  +10 s         synced   because a sweep found an event, 10 s: failed [stripe_unavailable]',
      '',
      '2026-11-21 11:01:30 UTC',
      '  +0.00 s       changed  nothing that a person would see  (revision 3)',
      '  +0.00 s       notice   payment.recovered to the host’s process, not yet, 0 attempts',
      '  +5.00 s       notice   payment.recovered to the host’s webhook: given up after 5.00 s, 8 attempts [webhook_refused]',
    ]);
  });

  it('of spans', () => {
    expect([0, 412, 9_999, 59_400, 192_000, 3_600_000, 90_000_000, 900_000_000].map(spanText)).toEqual([
      '0.00 s',
      '0.41 s',
      '10.00 s',
      '59 s',
      '3 min 12 s',
      '1 h',
      '25 h',
      '10 days 10 h',
    ]);
    expect(['30m', '24h', '7d', '1 week', ''].map(spanOf)).toEqual([1_800_000, 86_400_000, 604_800_000, null, null]);
  });
});
