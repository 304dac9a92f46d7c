/**
 * How often one account, and one address, may ask. A verified request is counted for its account only: people behind
 * one office's address do not take each other's turns. A refused one is counted for its address, against trying tokens
 * by the thousand. Verified webhooks are never limited.
 */

import type { Context } from 'hono';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { BillhookError } from '../problem.ts';
import type { LimitOptions } from '../config/limits.ts';
import type { AccountRef } from '../ledger/account.ts';

export interface Limits {
  /** A request of a page for its account. @throws {BillhookError} `rate_limited`, with the seconds to wait. */
  countRequest(ref: AccountRef): Promise<void>;
  /** A host's backend asks for an account's access: never in one count with pages. @throws {BillhookError} `rate_limited` */
  countAccess(ref: AccountRef): Promise<void>;
  /** The portal, Checkout or an invoice: each costs Stripe a call. @throws {BillhookError} `rate_limited` */
  countOpening(ref: AccountRef): Promise<void>;
  /** A token was refused. @throws {BillhookError} `rate_limited`, in place of the refusal */
  countRefusal(c: Context): Promise<void>;
}

/**
 * @param proxies - how many proxies of the operator's own stand before the server. Each adds one address to
 *   `X-Forwarded-For`; addresses before them are the client's own word, and not believed. 0: the header is not read.
 */
export function createLimits(
  { asksPerMinute, accessPerMinute, openingsPerMinute, refusalsPerMinute }: LimitOptions,
  proxies: number,
): Limits {
  const perMinute = (points: number) => new RateLimiterMemory({ points, duration: 60 });
  const asks = perMinute(asksPerMinute);
  const accesses = perMinute(accessPerMinute);
  const openings = perMinute(openingsPerMinute);
  const refusals = perMinute(refusalsPerMinute);
  const keyOf = ({ host, account }: AccountRef) => JSON.stringify([host, account]);
  return {
    countRequest: (ref) => consume(asks, keyOf(ref)),
    countAccess: (ref) => consume(accesses, keyOf(ref)),
    countOpening: (ref) => consume(openings, keyOf(ref)),
    countRefusal: (c) => consume(refusals, addressOf(c, proxies) ?? 'unknown'),
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (cause) {
    if (!(cause instanceof RateLimiterRes)) throw cause;
    throw new BillhookError('rate_limited', { retryAfter: Math.ceil(cause.msBeforeNext / 1000) });
  }
}

/** Where the request came from: the connection's other end, or what the last trusted proxy saw. */
function addressOf(c: Context, proxies: number): string | undefined {
  const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map((address) => address.trim());
  if (proxies > 0) return forwarded.at(-proxies) || undefined;
  const { incoming } = (c.env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress;
}
