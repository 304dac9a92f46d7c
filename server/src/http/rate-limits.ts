/**
 * How often one account, and one address, may ask. A verified request is counted for its account only: people behind
 * one office's address do not take each other's turns. A refused one is counted for its address, against trying tokens
 * by the thousand, and so is a refused webhook. Verified webhooks are never limited. Each process counts for itself:
 * with several of them, an account may ask as often of each.
 */

import type { Context } from 'hono';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { BillhookError } from '../problem.ts';
import type { LimitOptions } from '../config/limits.ts';
import type { AccountRef } from '../ledger/account.ts';
import { clientPlace } from './client-address.ts';

export interface Limits {
  /** A request of a page for its account. @throws {BillhookError} `rate_limited`, with the seconds to wait. */
  countRequest(ref: AccountRef): Promise<void>;
  /** A host's backend asks for an account's access: never in one count with pages. @throws {BillhookError} `rate_limited` */
  countAccess(ref: AccountRef): Promise<void>;
  /** The portal, Checkout or an invoice: each costs Stripe a call. @throws {BillhookError} `rate_limited` */
  countOpening(ref: AccountRef): Promise<void>;
  /** A token or a webhook was refused. @throws {BillhookError} `rate_limited`, in place of the refusal */
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
    countRefusal: (c) => consume(refusals, clientPlace(c, proxies)),
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (cause) {
    // A limiter in memory rejects with nothing else.
    const { msBeforeNext } = cause as RateLimiterRes;
    throw new BillhookError('rate_limited', { retryAfter: Math.ceil(msBeforeNext / 1000) });
  }
}
