/** A BFF of its own for one test: real ledger file, real tokens, real signatures; Stripe is the sandbox, or out of reach. */

import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import {
  createBillhook,
  mintWidgetToken,
  type Billhook,
  type BillhookOptions,
  type MintOptions,
} from '@billhook/server';
import type { SchedulerOptions } from '../../../server/src/background/scheduler.ts';
import type { WorkerOptions } from '../../../server/src/background/worker.ts';
import type { BillingSnapshot, Problem } from '@billhook/widget/contract';

export const publicUrl = 'https://billing.acme.example';
export const origin = 'https://app.acme.example';
export const hostSecret = 'a-secret-of-the-host-acme-of-more-than-32-bytes';
export const webhookSecret = 'whsec_first';

export interface TestBff {
  readonly billhook: Billhook;
  readonly database: string;
  /** The options that it was made with, to open the same ledger beside it. */
  readonly options: BillhookOptions;
  /** A request as the widget makes it, with a token for `team_1` unless told otherwise. */
  call(path: string, init?: CallInit): Promise<Response>;
  snapshot(init?: CallInit): Promise<BillingSnapshot>;
  /** `GET /v1/billing`, once its next payment is told: a poll that is held from then on is answered by a change alone. */
  settled(init?: CallInit): Promise<Response>;
  deliver(event: unknown, options?: { secret?: string; at?: number; body?: string }): Promise<Response>;
  /** Every row of the ledger, to see what left a trace. */
  rows(): Record<string, unknown[]>;
  /** The same as a text to compare, without what the server notes of its own rounds. */
  trace(): string;
  close(): Promise<void>;
}

export interface CallInit {
  readonly method?: string;
  readonly token?: string | null;
  readonly account?: string;
  readonly mint?: Partial<MintOptions>;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export function token(options: Partial<MintOptions> = {}): Promise<string> {
  return mintWidgetToken({ secret: hostSecret, issuer: 'acme', audience: publicUrl, account: 'team_1', ...options });
}

export interface TestOptions extends Partial<BillhookOptions> {
  /** More of the host acme. */
  readonly host?: Partial<BillhookOptions['hosts'][number]>;
  /** When it sweeps and reconciles. By default it sweeps when it starts, and does neither by itself any more. */
  readonly jobs?: SchedulerOptions;
  /** How its worker works. */
  readonly worker?: WorkerOptions;
}

/** Milliseconds: no test takes as long, however busy the machine is. */
const never = 2 ** 30;

/** @param stripe - where Stripe is; by default nowhere: a port that refuses. */
export async function startBff(
  stripe: Partial<BillhookOptions['stripe']> = {},
  { host, jobs, worker, ...change }: TestOptions = {},
): Promise<TestBff> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-bff-'));
  const database = change.database ?? join(folder, 'ledger.db');
  const options: BillhookOptions = {
    publicUrl,
    database,
    stripe: {
      secretKey: 'sk_test_sandbox',
      webhookSecrets: [webhookSecret, 'whsec_second'],
      apiUrl: 'http://127.0.0.1:9',
      // Tests ask faster than people do, and the sandbox has no limit unless it is told to; the budget has tests of its own.
      requestsPerSecond: 1_000,
      // The most that it takes; the time limit has tests of its own.
      timeoutMs: 60_000,
      ...stripe,
    },
    // Tests ask faster than people do; the limits have tests of their own.
    limits: { asksPerMinute: 100_000, openingsPerMinute: 100_000, refusalsPerMinute: 100_000 },
    // With Billhook's own portal; that of the Dashboard has tests of its own.
    hosts: [
      { id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing`, portal: {}, ...host },
    ],
    ...change,
  };
  const billhook = await createBillhook(options, { pollMs: 50, ...worker }, { sweepMs: never, restMs: never, ...jobs });

  const bff: TestBff = {
    billhook,
    database,
    options,
    async call(path, { method, token: given, account = 'team_1', mint, headers, body, signal } = {}) {
      const bearer = given === undefined ? await token({ account, ...mint }) : given;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return await billhook.fetch(
        new Request(`${publicUrl}${path}`, {
          method: method ?? (body === undefined ? 'GET' : 'POST'),
          headers: { origin, ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }), ...headers },
          ...(body === undefined ? {} : { body: text }),
          ...(signal === undefined ? {} : { signal }),
        }),
      );
    },
    async snapshot(init) {
      const response = await bff.call('/v1/billing', init);
      if (response.status !== 200)
        throw new Error(`GET /v1/billing answered ${response.status} ${await response.text()}`);
      return (await response.json()) as BillingSnapshot;
    },
    async settled(init = {}) {
      let answer = await bff.call('/v1/billing', init);
      while (((await answer.clone().json()) as BillingSnapshot).nextPaymentAwaited === true) {
        const headers = { ...init.headers, 'if-none-match': answer.headers.get('etag') ?? '', prefer: 'wait=25' };
        // oxlint-disable-next-line no-await-in-loop -- one poll after the other
        answer = await bff.call('/v1/billing', { ...init, headers });
      }
      return answer;
    },
    async deliver(event, { secret = webhookSecret, at = Date.now(), body = JSON.stringify(event, null, 2) } = {}) {
      const t = Math.floor(at / 1000);
      const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
      return await billhook.fetch(
        new Request(`${publicUrl}/v1/webhooks/stripe`, {
          method: 'POST',
          headers: { 'stripe-signature': `t=${t},v1=${v1}`, 'content-type': 'application/json; charset=utf-8' },
          body,
        }),
      );
    },
    rows() {
      const db = new Database(database, { readonly: true });
      try {
        const tables = db.prepare<[], { name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
        return Object.fromEntries(tables.map(({ name }) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]));
      } finally {
        db.close();
      }
    },
    trace() {
      const { budget: _budget, jobs: _jobs, ...rows } = bff.rows();
      return JSON.stringify(rows);
    },
    async close() {
      await billhook.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bff;
}

export async function problemOf(response: Response): Promise<Problem> {
  if (response.headers.get('content-type') !== 'application/problem+json') {
    throw new Error(`no problem document, but ${response.status} ${await response.text()}`);
  }
  return (await response.json()) as Problem;
}
