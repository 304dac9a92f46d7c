import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listening } from '../../support/listening.ts';
import { problemOf, startBff, token, webhookSecret, type TestBff } from '../support/bff.ts';

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff(
    {},
    { limits: { asksPerMinute: 20, accessPerMinute: 4, openingsPerMinute: 3, refusalsPerMinute: 5 }, proxies: 1 },
  );
});
afterAll(() => bff.close());

const codeOf = async (response: Response) => (response.ok ? 200 : (await problemOf(response)).code);
const from = (address: string, forged = '') => ({ 'x-forwarded-for': `${forged}${address}` });
const times = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('limits', () => {
  it('count requests by account', async () => {
    const codes: unknown[] = [];
    for (const _ of times(21)) codes.push(await codeOf(await bff.call('/v1/billing', { account: 'busy' })));
    expect(codes).toEqual([...times(20).map(() => 200), 'rate_limited']);
    const limited = await bff.call('/v1/billing', { account: 'busy' });
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(limited.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(await codeOf(await bff.call('/v1/billing', { account: 'calm' }))).toBe(200);
  });

  it('count the questions of a host’s backend, apart from its pages’', async () => {
    const codes: unknown[] = [];
    const ask = () => bff.call('/v1/access', { account: 'asked', mint: { scope: 'access' } });
    for (const _ of times(5)) codes.push(await codeOf(await ask()));
    expect(codes).toEqual([...times(4).map(() => 200), 'rate_limited']);
    expect(await codeOf(await bff.call('/v1/billing', { account: 'asked' })), 'a page goes on').toBe(200);
  });

  it('count openings, which call Stripe, by a lower limit', async () => {
    const codes: unknown[] = [];
    const open = () => bff.call('/v1/portal-sessions', { account: 'opener', body: { seen: null } });
    for (const _ of times(4)) codes.push(await codeOf(await open()));
    expect(codes).toEqual(['no_customer', 'no_customer', 'no_customer', 'rate_limited']);
    expect(await codeOf(await bff.call('/v1/billing', { account: 'opener' })), 'reading goes on').toBe(200);
  });

  it('count refused tokens by address, and never refuse a valid token for them', async () => {
    const refused = (headers: Record<string, string>) => bff.call('/v1/billing', { token: 'nonsense', headers });
    const codes: unknown[] = [];
    // An entry that a client writes before the proxy’s own is only its word, and does not give it another address.
    for (const index of times(6)) codes.push(await codeOf(await refused(from('192.0.2.1', `198.51.100.${index}, `))));
    expect(codes).toEqual([...times(5).map(() => 'token_malformed'), 'rate_limited']);
    expect(await codeOf(await refused(from('192.0.2.2')))).toBe('token_malformed');
    expect(await codeOf(await bff.call('/v1/billing', { account: 'neighbour', headers: from('192.0.2.1') }))).toBe(200);
  });

  it('never count verified webhooks', async () => {
    const event = {
      object: 'event',
      type: 'payout.paid',
      livemode: false,
      data: { object: { object: 'payout', id: 'po_1' } },
    };
    for (const index of times(40)) {
      expect((await bff.deliver({ ...event, id: `evt_${index}` }, { secret: webhookSecret })).status).toBe(200);
    }
  });

  it('use the connection’s own address where no proxy is trusted', async () => {
    const direct = await startBff({}, { limits: { refusalsPerMinute: 2 } });
    const server = await listening(createAdaptorServer({ fetch: direct.billhook.fetch }) as Server);
    const url = `${server.url}/v1/billing`;
    const codes: unknown[] = [];
    for (const index of times(3)) codes.push(await codeOf(await fetch(url, { headers: from(`192.0.2.${index}`) })));
    expect(codes, 'the header is not read').toEqual(['token_missing', 'token_missing', 'rate_limited']);
    const good = await fetch(url, { headers: { authorization: `Bearer ${await token()}` } });
    expect(good.status).toBe(200);
    await server.close();
    await direct.close();
  });
});
