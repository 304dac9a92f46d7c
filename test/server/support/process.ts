/** `billhook serve` as the process that an operator runs: started, watched, stopped and killed. */

import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment } from '../../support/child-environment.ts';

export const cli = resolve(import.meta.dirname, '../../../server/src/cli/cli.ts');

export interface ServeProcess {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** Everything that went to standard error. */
  readonly errors: string[];
  /** Resolves when it listens; rejects when it ends before. */
  readonly listening: Promise<void>;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/**
 * Starts it with this environment and nothing of the test's own.
 *
 * @param program - the program to run; default: `billhook serve`.
 */
export function serveProcess(environment: Record<string, string>, program = [cli, 'serve']): ServeProcess {
  const child = spawn(process.execPath, program, {
    env: { ...childEnvironment, HOST: '127.0.0.1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const errors: string[] = [];
  const ended = new Promise<number | string>((end) => child.once('exit', (code, signal) => end(code ?? signal ?? '')));
  const listening = new Promise<void>((listens, fails) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (line.includes('server.listening')) listens();
    });
    createInterface(child.stderr).on('line', (line) => errors.push(line));
    void ended.then((how) => fails(new Error(`billhook serve ended with ${how}:\n${errors.join('\n')}`)));
  });
  // A test that does not wait for `listening` waits for `ended`.
  listening.catch(() => undefined);
  return { child, lines, errors, listening, ended };
}
