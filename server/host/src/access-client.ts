/**
 * Asks the BFF what an account may use: once for all requests that come together, kept as long as the answer allows, and for
 * a while longer while the BFF cannot be reached. An answer that is kept is never wider than the BFF's own word was.
 */

import type { AccessAnswer, AccessLevel } from './contract.ts';
import { isAccount, accountMust } from '../../src/tokens/claims.ts';
import { BillhookHostError, BillhookOptionError } from './errors.ts';
import { mintWidgetToken, type TokenContents } from '../../src/tokens/mint.ts';
import { notOfBff, refused } from './refused.ts';
import type { SigningKey } from '../../src/tokens/signing-key.ts';

export interface AccessClientOptions {
  /** Milliseconds for one question, to the last byte of its answer. Default: 3,000. */
  readonly timeoutMs?: number;
  /** Milliseconds for which the last good answer stands in while the BFF cannot be reached. Default: 24 hours. */
  readonly keepMs?: number;
  /** Accounts that are remembered. Default: 10,000. */
  readonly remember?: number;
  /** How requests are sent. Default: the platform's own. */
  readonly fetch?: typeof globalThis.fetch;
  /** Unix milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

interface Kept {
  readonly answer: AccessAnswer;
  readonly etag: string | null;
  readonly askedAt: number;
  readonly freshUntil: number;
}

const levels: Record<AccessLevel, true> = { full: true, readOnly: true, none: true, unknown: true };
const second = 1_000;
/** A token's life, in seconds: as far as this machine's clock may be behind, and the BFF lets one be ahead. */
const tokenLife = 5 * 60;
/** While the BFF does not answer, it is asked this often, and not by every request. */
const pauseMs = 2 * second;

export class AccessClient {
  readonly #address: string;
  readonly #mint: SigningKey & Pick<TokenContents, 'issuer' | 'audience'>;
  readonly #options: Required<AccessClientOptions>;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<AccessAnswer>>();
  #silent: { readonly until: number; readonly error: BillhookHostError } | null = null;

  constructor(
    url: string,
    mint: SigningKey & Pick<TokenContents, 'issuer' | 'audience'>,
    options: AccessClientOptions,
  ) {
    this.#address = `${url}/v1/access`;
    this.#mint = mint;
    this.#options = {
      timeoutMs: 3 * second,
      keepMs: 24 * 60 * 60 * second,
      remember: 10_000,
      fetch: (...request) => globalThis.fetch(...request),
      now: () => Date.now(),
      ...options,
    };
  }

  /** @throws {BillhookHostError} `billing_unreachable`, `billing_refused`, `answer_invalid` */
  async access(account: string): Promise<AccessAnswer> {
    if (!isAccount(account)) throw new BillhookOptionError('account_invalid', 'account', `must be ${accountMust}`);
    const kept = this.#kept.get(account);
    if (kept && kept.freshUntil > this.#options.now()) return kept.answer;
    let asking = this.#asking.get(account);
    if (asking === undefined) {
      asking = this.#askOrKeep(account).finally(() => this.#asking.delete(account));
      this.#asking.set(account, asking);
    }
    return await asking;
  }

  /** What a notice said stands until the next question. */
  learn(answer: AccessAnswer): void {
    const now = this.#options.now();
    this.#keep(answer.account, { answer, etag: null, askedAt: now, freshUntil: now + second });
  }

  /** The next question is asked anew. */
  forget(account: string): void {
    const kept = this.#kept.get(account);
    if (kept) this.#kept.set(account, { ...kept, freshUntil: 0 });
  }

  async #askOrKeep(account: string): Promise<AccessAnswer> {
    try {
      return await this.#ask(account);
    } catch (cause) {
      if (!(cause instanceof BillhookHostError) || cause.code !== 'billing_unreachable') throw cause;
      const last = this.#lastGood(account);
      if (last === null) throw cause;
      return last;
    }
  }

  /** The last good answer, marked stale. Once it would have narrowed by itself it says nothing any more. */
  #lastGood(account: string): AccessAnswer | null {
    const { now, keepMs } = this.#options;
    const kept = this.#kept.get(account);
    if (!kept || kept.askedAt + keepMs <= now()) return null;
    const { answer } = kept;
    if (answer.until !== null && Date.parse(answer.until) <= now()) return null;
    return { ...answer, stale: true };
  }

  async #ask(account: string): Promise<AccessAnswer> {
    const { now } = this.#options;
    const askedAt = now();
    if (this.#silent && this.#silent.until > askedAt) throw this.#silent.error;
    const kept = this.#kept.get(account);
    const token = await mintWidgetToken({ ...this.#mint, account, scope: ['access'], expiresIn: tokenLife });
    const { status, headers, body } = await this.#send(token, kept?.etag ?? null);
    this.#silent = null;
    const freshUntil = askedAt + maxAgeOf(headers) * second;
    if (status === 304 && kept) {
      this.#keep(account, { ...kept, askedAt, freshUntil });
      return kept.answer;
    }
    const answer = answerOf(status, headers, body, account, now());
    this.#keep(account, { answer, etag: headers.get('etag'), askedAt, freshUntil });
    return answer;
  }

  async #send(token: string, etag: string | null): Promise<{ status: number; headers: Headers; body: string }> {
    const { timeoutMs } = this.#options;
    try {
      const response = await this.#options.fetch(this.#address, {
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${token}`,
          ...(etag === null ? {} : { 'if-none-match': etag }),
        },
        // Followed, a redirect would carry the token to wherever it leads. It is a wrong address, and no outage.
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status, headers } = response;
      const body = await response.text();
      if (status !== 429 && status < 500) return { status, headers, body };
      throw this.#silence(`the BFF answered ${status}`, Number(headers.get('retry-after')) * second);
    } catch (cause) {
      if (cause instanceof BillhookHostError) throw cause;
      throw this.#silence(`the BFF at ${new URL(this.#address).origin} does not answer`, 0, cause);
    }
  }

  #silence(message: string, retryAfterMs: number, cause?: unknown): BillhookHostError {
    const error = new BillhookHostError('billing_unreachable', message, { cause });
    const pause = Math.min(60 * second, Math.max(pauseMs, retryAfterMs || 0));
    this.#silent = { until: this.#options.now() + pause, error };
    return error;
  }

  #keep(account: string, kept: Kept): void {
    this.#kept.delete(account);
    const oldest = this.#kept.size >= this.#options.remember ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(account, kept);
  }
}

/** Seconds. Nothing is kept that does not say for how long. */
function maxAgeOf(headers: Headers): number {
  return Number(/(?:^|[\s,])max-age=(\d{1,6})/.exec(headers.get('cache-control') ?? '')?.[1] ?? 0);
}

function answerOf(status: number, headers: Headers, body: string, account: string, now: number): AccessAnswer {
  const said = parsed(body);
  if (status !== 200) throw refused(status, headers, said, now);
  if (isAnswer(said, account)) return said;
  throw notOfBff(said === null ? 'it is no JSON' : 'it says no access, or speaks of another account');
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isAnswer(said: unknown, account: string): said is AccessAnswer {
  if (typeof said !== 'object' || said === null) return false;
  const { account: name, level, until, plans, features } = said as Partial<AccessAnswer>;
  const isLevel = typeof level === 'string' && Object.hasOwn(levels, level);
  const isUntil = until === null || typeof until === 'string';
  return name === account && isLevel && isUntil && Array.isArray(plans) && Array.isArray(features);
}
