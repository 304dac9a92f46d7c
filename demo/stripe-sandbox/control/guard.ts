/** The requests that the sandbox takes: those of this machine, and for the control room those of its own pages. */

import { createMiddleware } from 'hono/factory';
import { isLoopback } from '../state/loopback.ts';
import type { State } from '../state/state.ts';

/**
 * Refuses a `Host` that is neither the loopback nor the sandbox's public address: a page of another site can give its own
 * name the address 127.0.0.1 (DNS rebinding), and would then share an origin with the sandbox.
 */
export const ownHostOnly = (state: State) =>
  createMiddleware(async function ownHostOnly(c, next) {
    const { host, hostname } = new URL(c.req.url);
    if (!isLoopback(hostname) && host !== new URL(state.origin()).host)
      return c.text('Forbidden: this sandbox is for its own machine, and must not be public', 403);
    return next();
  });

/**
 * Refuses what a page of another origin asks of the control room. Browsers name the site or the origin with every
 * request that can change something; a program that names neither is the developer's own.
 */
export const ownPagesOnly = (state: State) =>
  createMiddleware(async function ownPagesOnly(c, next) {
    const site = c.req.header('sec-fetch-site');
    const origin = c.req.header('origin');
    const followsLink = c.req.method === 'GET' && c.req.header('sec-fetch-mode') === 'navigate';
    const isOwn =
      site === undefined
        ? origin === undefined || [new URL(c.req.url).origin, new URL(state.origin()).origin].includes(origin)
        : site === 'same-origin' || site === 'none' || followsLink;
    return isOwn ? next() : c.text('Forbidden', 403);
  });
