/**
 * The moment at which a server is asked to end. `npx billhook serve` puts npm and a shell before it, and the shell passes no
 * SIGTERM on: its end is the same request (N18). Without it the server would go on alone, with its port and its ledger's file.
 */

import process from 'node:process';
import type { Environment } from './variables.ts';

const lookEveryMs = 500;

/** Resolves at SIGTERM, at SIGINT, at SIGHUP (its terminal was closed), and where npm has started the server also when npm's shell is gone. */
export async function stopAsked(env: Environment): Promise<void> {
  const launcher = process.ppid;
  let look: NodeJS.Timeout | undefined;
  await new Promise<void>((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => stop());
    if (env['npm_command'] === undefined) return;
    // It keeps no process from ending: one whose start was refused has nothing else to wait for.
    look = setInterval(() => process.ppid !== launcher && stop(), lookEveryMs).unref();
  });
  clearInterval(look);
}
