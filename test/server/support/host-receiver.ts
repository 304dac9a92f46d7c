/** A host that is told by webhook: real HTTP on the loopback address, and a verification of its own. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { listening } from '../../support/listening.ts';
import type { Notice } from '@billhook/server';

export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly notice: Notice;
}

/** The host's answer: a status, a redirect to another address of its own, a cut connection, or none at all. */
export type Answer = number | 'redirect' | 'cut' | 'hang' | Promise<number>;

export interface HostReceiver {
  readonly url: string;
  /** Everything that came, in order. */
  readonly deliveries: readonly Delivery[];
  /** The answers to the next deliveries; after them, 204. */
  answer(...answers: Answer[]): void;
  /** Resolves with the first delivery that was not waited for yet. */
  next(): Promise<Delivery>;
  close(): Promise<void>;
}

export async function startHostReceiver(): Promise<HostReceiver> {
  const deliveries: Delivery[] = [];
  const answers: Answer[] = [];
  let seen = 0;
  let wake: (() => void) | null = null;

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { url: path = '', headers } = request;
      deliveries.push({ path, headers, body, notice: (body === '' ? null : JSON.parse(body)) as Notice });
      wake?.();
      void give(response, answers.shift() ?? 204);
    });
  });
  const { url, close } = await listening(server);

  async function give(response: ServerResponse, answer: Answer): Promise<void> {
    if (answer === 'hang') return;
    if (answer === 'cut') return void response.destroy();
    if (answer === 'redirect') return void response.writeHead(302, { location: '/elsewhere' }).end();
    response.writeHead(await answer).end('a body that nobody reads');
  }

  return {
    url: `${url}/billing-hook`,
    deliveries,
    answer: (...given) => void answers.push(...given),
    async next() {
      for (;;) {
        const delivery = deliveries[seen];
        if (delivery) {
          seen++;
          return delivery;
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    close,
  };
}

/** As a host in any language would, from the words of the specification: is one of the signatures made with this secret? */
export function isSignedWith(secret: string, { headers, body }: Pick<Delivery, 'headers' | 'body'>): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = createHmac('sha256', key).update(content).digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .map((each) => each.split(','))
    .some(([version, signature]) => {
      const given = Buffer.from(signature ?? '', 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
}
