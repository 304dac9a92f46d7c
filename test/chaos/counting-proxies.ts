/**
 * Two proxies that count requests. One takes webhooks and spreads them over all living BFF processes; the other takes the
 * BFF's own requests to Stripe. A moment of a test is a count of these, never a time.
 */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { listening } from '../support/listening.ts';

/**
 * `sent`: a webhook has gone to a process; `answered`: its 200 has come back; `asked`: a process has asked Stripe for a
 * customer's subscriptions; `told`: it has the answer, and is about to commit it.
 */
export const moments = ['sent', 'answered', 'asked', 'told'] as const;
export type Moment = (typeof moments)[number];

export interface CountingProxies {
  /** Where Stripe's webhooks go. */
  readonly webhooks: string;
  /** Where the BFF finds Stripe. */
  readonly stripe: string;
  /** The processes that webhooks are given to in turn. */
  targets: readonly string[];
  /** Events that a process answered with 200, in the order of the answers. */
  readonly answered: ReadonlySet<string>;
  /** Webhooks by status: 200, 503, or 502 where no process took the request. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Calls `onMoment` in the moment itself, the `count`-th from now on. */
  at(moment: Moment, count: number, onMoment: () => void): void;
  close(): Promise<void>;
}

export async function startProxies(sandbox: StripeSandbox): Promise<CountingProxies> {
  const answered = new Set<string>();
  const statuses = new Map<number, number>();
  const awaited: { moment: Moment; left: number; onMoment: () => void }[] = [];
  const pass = (moment: Moment) => {
    const now = awaited.filter((each) => each.moment === moment && --each.left === 0);
    for (const { onMoment } of now) onMoment();
  };
  let turn = 0;

  const forward = async (request: IncomingMessage): Promise<number> => {
    const body = await text(request);
    const target = proxies.targets[turn++ % proxies.targets.length];
    const answer = fetch(`${target}/v1/webhooks/stripe`, {
      method: 'POST',
      headers: { 'stripe-signature': String(request.headers['stripe-signature']), 'content-type': 'application/json' },
      body,
    });
    pass('sent');
    const { status } = await answer.catch(() => ({ status: 502 }));
    if (status === 200) {
      answered.add((JSON.parse(body) as { id: string }).id);
      pass('answered');
    }
    return status;
  };
  const webhooks = createServer((request, response) => {
    void (async () => {
      const status = await forward(request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      response.writeHead(status).end();
    })();
  });
  const stripe = createAdaptorServer({
    fetch: async (request, environment) => {
      const isFetch = request.method === 'GET' && new URL(request.url).pathname === '/v1/subscriptions';
      if (isFetch) pass('asked');
      const response = await sandbox.app.fetch(request, environment);
      if (isFetch) (environment as { outgoing: NodeJS.WritableStream }).outgoing.once('finish', () => pass('told'));
      return response;
    },
  });
  const [forWebhooks, forStripe] = await Promise.all([listening(webhooks), listening(stripe as Server)]);

  const proxies: CountingProxies = {
    webhooks: forWebhooks.url,
    stripe: forStripe.url,
    targets: [],
    answered,
    statuses,
    at: (moment, count, onMoment) => void awaited.push({ moment, left: count, onMoment }),
    async close() {
      await Promise.all([forWebhooks.close(), forStripe.close()]);
    },
  };
  return proxies;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
