/** The log's line on every link to Stripe: the person, the purpose, and never the address itself, which is a key. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Log, LogFields } from '@billhook/server';
import type { BillingSnapshot, OpenedVisit } from '@billhook/widget/contract';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

interface Line {
  readonly event: string;
  readonly fields: LogFields;
}

const lines: Line[] = [];
const note = (event: string, fields: LogFields = {}) => void lines.push({ event, fields });
const log: Log = { info: note, warn: note, error: note };

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness({ log, host: { offers: [{ id: 'team', price: 'team_monthly' }] } });
});
afterAll(() => harness.close());

/** The offer is there once the catalogue has its price. */
async function offered(account: string): Promise<void> {
  let etag = '';
  for (;;) {
    const headers = { 'if-none-match': etag, prefer: 'wait=25' };
    // oxlint-disable-next-line no-await-in-loop -- each answer is held until the document changes
    const response = await harness.bff.call('/v1/billing', { account, headers });
    etag = response.headers.get('etag') ?? '';
    if (response.status === 304) continue;
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (((await response.json()) as BillingSnapshot).offers.length > 0) return;
  }
}

it('M12, M3: each opening is a line of the audit trail, by account and customer, without its address', async () => {
  const owing = harness.as('pastDue');
  await harness.bff.snapshot(owing);
  await offered('team_new');
  const open = async (path: string, init: Parameters<BffHarness['bff']['call']>[1]) => {
    const response = await harness.bff.call(path, init);
    expect(response.status, await response.clone().text()).toBe(200);
    return ((await response.json()) as OpenedVisit).url;
  };
  const urls = [
    await open('/v1/portal-sessions', { ...owing, body: { seen: null } }),
    await open('/v1/portal-sessions', { ...owing, body: { seen: null } }),
    await open('/v1/invoice-sessions', { ...owing, body: { seen: null } }),
    await open('/v1/checkout-sessions', { account: 'team_new', body: { offer: 'team', seen: null } }),
  ];

  const openings = lines.filter(({ event }) => event.endsWith('.opened'));
  expect(openings.map(({ event, fields }) => [event, fields.account])).toEqual([
    ['portal.opened', 'team_pastDue'],
    ['portal.opened', 'team_pastDue'],
    ['invoice.opened', 'team_pastDue'],
    ['checkout.opened', 'team_new'],
  ]);
  for (const { fields } of openings) {
    expect(fields).toMatchObject({ host: 'acme', customer: expect.stringMatching(/^cus_/), audit: true });
  }
  for (const url of urls) expect(JSON.stringify(lines)).not.toContain(url);
});
