/**
 * Leads a browser that speaks WebDriver, for the test runner: WebKitGTK, the nearest to Safari that a Linux machine has.
 * The runner's own launcher brings several hundred packages for these five requests.
 *
 * @see {@link https://www.w3.org/TR/webdriver/ W3C: WebDriver}
 */

import { spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import type { BrowserLauncher } from '@web/test-runner-core';
import { freePort } from './free-port.ts';
import { patienceMs } from './patience.ts';

export interface WebDriverOptions {
  readonly name: string;
  /** The driver and its arguments; `{port}` stands for the port it is to listen on. */
  readonly command: readonly [string, ...string[]];
  /** `alwaysMatch` of the session: https://www.w3.org/TR/webdriver/#capabilities */
  readonly capabilities: object;
}

export function webDriverLauncher({ name, command, capabilities }: WebDriverOptions): BrowserLauncher {
  let driver: ChildProcess | undefined;
  let address = '';
  /** The runner's session → the driver's. */
  const sessions = new Map<string, string>();

  async function ask<T>(method: 'DELETE' | 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const response = await fetch(`${address}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patienceMs),
    });
    const { value } = (await response.json()) as { value: T & { message?: string } };
    if (!response.ok) throw new Error(`${name}: ${method} ${path} was answered ${response.status}: ${value.message}`);
    return value;
  }

  /** With everything it has started: the driver runs in a display of its own. */
  function end(): void {
    if (driver?.pid === undefined || driver.exitCode !== null || driver.signalCode !== null) return;
    process.kill(-driver.pid, 'SIGTERM');
  }

  return {
    name,
    type: 'webdriver',
    // One window at a time: those behind it would be throttled.
    concurrency: 1,

    async initialize() {
      const port = await freePort();
      address = `http://127.0.0.1:${port}`;
      const [program, ...args] = command;
      driver = spawn(
        program,
        args.map((each) => each.replace('{port}', String(port))),
        { stdio: 'ignore', detached: true },
      );
      // Also when this process ends without `stop`: no other process knows of the driver. A signal alone emits no `exit`.
      process.once('exit', end).once('SIGTERM', exit).once('SIGHUP', exit);
      const ended = new AbortController();
      driver.once('error', (cause) => ended.abort(cause));
      driver.once('exit', (code) => ended.abort(new Error(`${program} ended with ${code}`)));
      await listens(port, ended.signal);
    },

    async startSession(id, url) {
      const { sessionId } = await ask<{ sessionId: string }>('POST', '/session', {
        capabilities: { alwaysMatch: capabilities },
      });
      sessions.set(id, sessionId);
      await ask('POST', `/session/${sessionId}/url`, { url });
    },

    startDebugSession: () => Promise.reject(new Error(`Open the address in a ${name} of your own.`)),

    isActive: (id) => sessions.has(id),

    getBrowserUrl: (id) => `${address}/session/${sessions.get(id)}`,

    async stopSession(id) {
      const sessionId = sessions.get(id);
      sessions.delete(id);
      if (sessionId !== undefined) await ask('DELETE', `/session/${sessionId}`);
      return {};
    },

    async stop() {
      await Promise.all([...sessions.values()].map((id) => ask('DELETE', `/session/${id}`).catch(() => undefined)));
      process.off('exit', end).off('SIGTERM', exit).off('SIGHUP', exit);
      end();
    },
  };
}

const exit = () => process.exit(1);

/** A driver says nothing when it is ready, so it is asked until it answers. */
async function listens(port: number, ended: AbortSignal): Promise<void> {
  for (;;) {
    ended.throwIfAborted();
    try {
      // oxlint-disable-next-line no-await-in-loop -- one question after the other
      await fetch(`http://127.0.0.1:${port}/status`);
      return;
    } catch {
      // oxlint-disable-next-line no-await-in-loop -- and a little later
      await new Promise((soon) => setTimeout(soon, 50));
    }
  }
}
