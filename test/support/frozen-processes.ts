/**
 * Processes as a platform for functions has them: each request thaws one of them, and its answer freezes it, with whatever it
 * was doing besides. One request at a time, to the next process.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { serveProcess, type ServeProcess } from '../server/support/process.ts';
import { listening } from './listening.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface FrozenProcesses {
  /** An address whose requests go to them. */
  readonly url: string;
  /** How many answers they have given. */
  readonly answered: number;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  close(): Promise<void>;
}

/** Started, and frozen as soon as it listens. */
export async function frozenProcess(
  environment: Record<string, string>,
  program: readonly string[],
): Promise<ServeProcess> {
  const started = serveProcess(environment, [...program]);
  await started.listening;
  started.child.kill('SIGSTOP');
  return started;
}

/** @param processes - with their addresses; asked anew for each request, for one that was killed has another in its place */
export async function thawedByRequests(
  processes: () => readonly { readonly url: string; readonly process: ServeProcess }[],
): Promise<FrozenProcesses> {
  let turn = 0;
  let answered = 0;
  let before: Promise<unknown> = Promise.resolve();

  async function askNext(path: string, init: RequestInit): Promise<Answer> {
    const all = processes();
    const one = all[turn++ % all.length];
    if (one === undefined) throw new Error('no process');
    const { child } = one.process;
    child.kill('SIGCONT');
    try {
      // A connection of its own: a kept one would be cut by a process that seems dead.
      const headers = new Headers(init.headers);
      headers.set('connection', 'close');
      const response = await fetch(`${one.url}${path}`, { ...init, headers });
      return { status: response.status, headers: response.headers, body: await response.text() };
    } finally {
      child.kill('SIGSTOP');
      answered += 1;
    }
  }

  async function after<T>(earlier: Promise<unknown>, work: () => Promise<T>): Promise<T> {
    await earlier;
    return await work();
  }

  function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const asked = after(before, () => askNext(path, init));
    before = asked.catch(() => undefined);
    return asked;
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, headers, body } = await ask(request.url ?? '/', await initOf(request));
      for (const name of ['content-type', 'etag']) {
        const value = headers.get(name);
        if (value !== null) response.setHeader(name, value);
      }
      response.writeHead(status).end(body);
    } catch {
      response.writeHead(502).end();
    }
  }
  const relay = await listening(createServer((request, response) => void forward(request, response)));
  return {
    url: relay.url,
    get answered() {
      return answered;
    },
    ask,
    close: () => relay.close(),
  };
}

const passedOn = ['authorization', 'content-type', 'if-none-match', 'prefer', 'stripe-signature'];

async function initOf(request: IncomingMessage): Promise<RequestInit> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = passedOn.flatMap((name): [string, string][] => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  const method = request.method ?? 'GET';
  return { method, headers, ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }) };
}
