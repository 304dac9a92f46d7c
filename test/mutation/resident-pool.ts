/**
 * A worker that outlives a run. Each change is a run of its own, and a new worker would spend nine tenths of it on loading
 * the same modules: this one loads them once, and then the test files alone.
 */

import type { Plugin } from 'vitest/config';
import { ThreadsPoolWorker, type PoolOptions, type PoolWorker, type WorkerRequest } from 'vitest/node';

type Listener = Parameters<PoolWorker['on']>[1];

/** Runs after which the worker is a new one: tests that fail may leave something behind. */
const mostRuns = 500;

let thread: ThreadsPoolWorker | null = null;
let isStarted = false;
let runs = 0;

async function endThread(): Promise<void> {
  const ending = thread;
  thread = null;
  await ending?.stop();
}

class ResidentWorker implements PoolWorker {
  readonly name = 'resident';
  readonly #options: PoolOptions;
  readonly #listeners: [event: string, listener: Listener][] = [];
  /** Of the run to come: a worker that is new has it from its start. */
  #config: unknown = null;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (thread !== null) return;
    thread = new ThreadsPoolWorker(this.#options);
    isStarted = false;
    runs = 0;
    await thread.start();
  }

  async stop(): Promise<void> {
    for (const [event, listener] of this.#listeners) thread?.off(event, listener);
    if (runs >= mostRuns) await endThread();
  }

  on(event: string, listener: Listener): void {
    this.#listeners.push([event, listener]);
    thread?.on(event, listener);
  }

  off(event: string, listener: Listener): void {
    thread?.off(event, listener);
  }

  send(message: WorkerRequest): void {
    switch (message.type) {
      case 'start':
        this.#config = message.context.config;
        if (isStarted) return this.#answer('started');
        isStarted = true;
        break;
      case 'run':
        runs += 1;
        thread?.send({ ...message, context: { ...message.context, config: this.#config } } as WorkerRequest);
        return;
      case 'stop':
        return this.#answer('stopped');
    }
    thread?.send(message);
  }

  deserialize(data: unknown): unknown {
    return data;
  }

  #answer(type: 'started' | 'stopped'): void {
    for (const [event, listener] of this.#listeners) {
      if (event === 'message') queueMicrotask(() => listener({ type, __vitest_worker_response__: true }));
    }
  }
}

/** Has each project of the run use the one worker. */
export const residentPool: Plugin = {
  name: 'billhook:resident-pool',
  configureVitest({ project, vitest }) {
    vitest.onClose(endThread);
    Object.assign(project.config, {
      pool: 'resident',
      poolRunner: { name: 'resident', createPoolWorker: (options: PoolOptions) => new ResidentWorker(options) },
    });
  },
};
