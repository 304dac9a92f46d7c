/** Where a request came from: the connection's other end, or the address that the operator's own proxy saw. */

import { hash, randomBytes } from 'node:crypto';
import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { Context } from 'hono';

/** Places that addresses are counted in. A flood of addresses fills these, and no more memory. */
const places = 2 ** 16;

/** Two addresses that share a place cannot be chosen from outside. */
const secret = randomBytes(32).toString('hex');

/**
 * A short name for the network that a request came from: an IPv4 address, or the /64 of an IPv6 address, which is what a
 * provider gives to one customer.
 *
 * @param proxies - how many proxies of the operator's own stand before the server. Each adds one address to
 *   `X-Forwarded-For`; any before them are the client's own word. 0: the header is not read
 */
export function clientPlace(c: Context, proxies: number): string {
  const network = networkOf(forwardedFor(c, proxies) ?? connectedFrom(c) ?? '') ?? 'unknown';
  return String(Number.parseInt(hash('sha256', secret + network).slice(0, 8), 16) % places);
}

/** The address that the outermost trusted proxy saw; `null` where the header is too short, or holds no address there. */
function forwardedFor(c: Context, proxies: number): string | null {
  if (proxies === 0) return null;
  const entry = (c.req.header('x-forwarded-for') ?? '').split(',').at(-proxies)?.trim() ?? '';
  // Some proxies write the port too: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry;
  return isIP(address) === 0 ? null : address;
}

function connectedFrom(c: Context): string | undefined {
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress;
}

/**
 * @example
 * networkOf('::ffff:192.0.2.1'); // '192.0.2.1'
 * networkOf('2001:DB8:0:7::1%eth0'); // '2001:db8:0:7'
 */
export function networkOf(text: string): string | null {
  const address = text.replace(/%.*/, '');
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return null;
  // The URL parser writes every spelling of an address alike (RFC 5952), an embedded IPv4 address as two groups.
  const sides = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const written = sides.map((side) => (side === '' ? [] : side.split(':')));
  const left = Array.from({ length: 8 - written.flat().length }, () => '0');
  const groups = written.flatMap((side, i) => (i === 0 ? [...side, ...left] : side));
  const isMapped = groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff';
  if (!isMapped) return groups.slice(0, 4).join(':');
  const bytes = groups.slice(6).flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]);
  return bytes.join('.');
}
