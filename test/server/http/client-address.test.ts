/** The network that a request is counted for: the connection's other end, or what the operator's own proxies saw. */

import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { clientPlace, networkOf } from '../../../server/src/http/client-address.ts';

const app = new Hono().get('/:proxies', (c) => c.text(clientPlace(c, Number(c.req.param('proxies')))));

async function placeOf(proxies: number, forwarded: string | null, connected?: string): Promise<string> {
  const headers = forwarded === null ? {} : { 'x-forwarded-for': forwarded };
  const env = connected === undefined ? undefined : { incoming: { socket: { remoteAddress: connected } } };
  return await (await app.request(`/${proxies}`, { headers }, env)).text();
}

describe('a network', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c0a8:0102', '192.168.1.2'],
    ['2001:DB8:0:7::1%eth0', '2001:db8:0:7'],
    ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7'],
    ['2001:db8::', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['fe80::1:2:3:4', 'fe80:0:0:0'],
    ['1::ffff:c0a8:102', '1:0:0:0'],
    ['::fffe:c0a8:102', '0:0:0:0'],
    ['proxy.example', null],
    ['192.0.2.1.', null],
    ['', null],
  ])('of %j is %j', (text, network) => expect(networkOf(text)).toBe(network));
});

describe('a request is counted', () => {
  it('for the connection’s other end where no proxy is trusted, whatever the header says', async () => {
    const own = await placeOf(0, null, '192.0.2.1');
    expect(await placeOf(0, '198.51.100.1', '192.0.2.1')).toBe(own);
    expect(await placeOf(0, null, '192.0.2.2')).not.toBe(own);
    expect(own).toMatch(/^\d{1,5}$/);
  });

  it.each([
    [1, '192.0.2.1'],
    [1, '198.51.100.9, 192.0.2.1'],
    [1, '198.51.100.9,192.0.2.1 '],
    [2, '192.0.2.1, 198.51.100.9'],
    [2, '203.0.113.7, 192.0.2.1, 198.51.100.9'],
    [1, '192.0.2.1:4711'],
    [1, '[::ffff:192.0.2.1]:4711'],
    [1, '[::ffff:192.0.2.1]'],
  ])('for the address that the outermost of %d proxies saw: %s', async (proxies, forwarded) => {
    expect(await placeOf(proxies, forwarded, '198.51.100.1')).toBe(await placeOf(0, null, '192.0.2.1'));
  });

  it.each([
    [2, '192.0.2.1'],
    [1, 'unknown'],
    [1, ''],
    [1, 'x[::ffff:192.0.2.1]'],
    [1, '[::ffff:192.0.2.1]x'],
    [1, 'x192.0.2.1:4711'],
    [1, '192.0.2.1:4711x'],
    [1, null],
  ])('for the connection’s where %d proxies wrote no address: %s', async (proxies, forwarded) => {
    expect(await placeOf(proxies, forwarded, '198.51.100.1')).toBe(await placeOf(0, null, '198.51.100.1'));
  });

  it('in one place with all of which nothing is known', async () => {
    const unknown = await placeOf(0, null);
    expect(await placeOf(1, null, 'pipe')).toBe(unknown);
    expect(await (await app.request('/0', {}, { incoming: {} })).text()).toBe(unknown);
  });
});
