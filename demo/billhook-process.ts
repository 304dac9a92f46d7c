/** The BFF as its operator runs it: its own process, through its own entry, told everything by its environment. */

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../server/src/cli/cli.ts', import.meta.url));

/** Milliseconds until a start, or a stop, is given up. Only a process that hangs takes so long, on the busiest machine too. */
const startLimit = 300_000;
const stopLimit = 60_000;
const askEvery = 50;

export interface BillhookProcessOptions {
  /** Its whole environment. `PORT` is the port that it is asked for its health on. */
  readonly env: Readonly<Record<string, string>>;
  /** It ended without a call of {@link BillhookProcess.stop}. `how` reads "exit code 1" or "SIGKILL". */
  readonly onDeath: (how: string) => void;
}

export class BillhookProcess {
  readonly #options: BillhookProcessOptions;
  #child: ChildProcess | null = null;
  #ended: Promise<string> = Promise.resolve('never started');
  #stopping = false;

  constructor(options: BillhookProcessOptions) {
    this.#options = options;
  }

  /** The running process's id, `null` while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when it is healthy. After a death it starts again, on the same port and ledger. */
  async start(): Promise<void> {
    if (this.#child) throw new Error('the BFF runs already');
    this.#stopping = false;
    // A group of its own: Ctrl-C reaches the demo alone, which then ends it in order.
    const child = spawn(process.execPath, [entry, 'serve'], {
      env: this.#options.env,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: process.platform !== 'win32',
    });
    this.#child = child;
    const killWithUs = () => void child.kill('SIGKILL');
    process.once('exit', killWithUs);
    let healthy = false;
    const gone = new AbortController();
    this.#ended = new Promise((ended) => {
      const end = (how: string) => {
        process.off('exit', killWithUs);
        this.#child = null;
        gone.abort();
        if (healthy && !this.#stopping) this.#options.onDeath(how);
        ended(how);
      };
      child.once('error', (cause) => end(cause.message));
      child.once('exit', (code, signal) => end(signal ?? `exit code ${code}`));
    });

    await this.#healthy(gone.signal);
    healthy = true;
  }

  /** Resolves when it has ended, in order or, after a minute, by force. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#stopping = true;
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), stopLimit);
    await this.#ended;
    clearTimeout(force);
  }

  /** `kill -9`, as a machine does that has run out of memory: nothing is finished, nothing is closed. Counts as a stop. */
  async kill(): Promise<void> {
    this.#stopping = true;
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** @param gone - aborted when the process has ended: another program may hold its port and never answer. */
  async #healthy(gone: AbortSignal): Promise<void> {
    const address = `http://127.0.0.1:${this.#options.env['PORT']}/healthz`;
    const giveUpAt = Date.now() + startLimit;
    const answers = async () => {
      try {
        const signal = AbortSignal.any([gone, AbortSignal.timeout(startLimit)]);
        return (await fetch(address, { signal })).ok && !gone.aborted;
      } catch {
        return false;
      }
    };
    // oxlint-disable no-await-in-loop -- asked again only after it has answered
    while (!(await answers())) {
      if (gone.aborted) throw new Error(`Billhook did not start: ${await this.#ended}.`);
      if (Date.now() > giveUpAt) {
        await this.kill();
        throw new Error(`Billhook did not answer ${address} within ${startLimit / 1000} s.`);
      }
      await new Promise((again) => setTimeout(again, askEvery));
    }
    // oxlint-enable no-await-in-loop
  }
}
