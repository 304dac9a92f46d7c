/** A run of steps, one after another, each with its time; the first that fails ends it. */

import { spawn } from 'node:child_process';
import { delimiter, resolve } from 'node:path';
import process from 'node:process';
import { findBrowser } from './browser.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Step {
  readonly name: string;
  /** Where it runs, from the root. */
  readonly in: string;
  /** Commands that may run side by side, each a program of this workspace with its arguments. */
  readonly commands: readonly (readonly [string, ...string[]])[];
  /** What its commands find in their environment besides. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Takes them in their order. A step that fails ends the process with 1, a name that no step has with 2.
 *
 * @param wanted Names of the only ones to take. Default, and when empty: all.
 */
export async function takeSteps(steps: readonly Step[], wanted: readonly string[] = []): Promise<void> {
  const unknown = wanted.filter((name) => steps.every((step) => step.name !== name));
  if (unknown.length > 0) {
    const known = steps.map(({ name }) => name).join(', ');
    process.stderr.write(`There is no step ${unknown.join(', ')}. Steps: ${known}.\n`);
    process.exit(2);
  }

  // Found, or brought, once: a run that has no browser should say so before it has done everything else.
  const env: NodeJS.ProcessEnv = {
    NODE_COMPILE_CACHE: resolve(root, 'node_modules/.cache/node'),
    ...process.env,
    CHROME_PATH: await findBrowser(),
  };
  const began = performance.now();
  for (const step of steps) {
    if (wanted.length > 0 && !wanted.includes(step.name)) continue;
    const stepBegan = performance.now();
    process.stdout.write(`\n── ${step.name}\n`);
    const command = (each: Command) => run(each, resolve(root, step.in), { ...env, ...step.env });
    // oxlint-disable-next-line no-await-in-loop -- two cores: one step at a time
    const failed = (await inPairs(step.commands, command)).filter(Boolean);
    if (failed.length > 0) {
      process.stderr.write(`\n${step.name} failed: ${failed.join('; ')}\n`);
      process.exit(1);
    }
    process.stdout.write(`── ${step.name} passed in ${seconds(stepBegan)}\n`);
  }
  process.stdout.write(`\nEverything passed in ${seconds(began)}\n`);
}

type Command = Step['commands'][number];

/** Runs a program; answers what failed, or nothing. */
function run([program, ...args]: Command, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const path = [resolve(cwd, 'node_modules/.bin'), resolve(root, 'node_modules/.bin'), env['PATH']].join(delimiter);
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd, env: { ...env, PATH: path }, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', fail);
    child.once('exit', (code, signal) => {
      done(code === 0 ? '' : `${program} ${args.join(' ')} ended with ${code ?? signal}`);
    });
  });
}

/** Two at a time: as many as the smallest machine has cores. */
async function inPairs<In, Out>(all: readonly In[], work: (one: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (let from = 0; from < all.length; from += 2) {
    // oxlint-disable-next-line no-await-in-loop -- the next pair after this one
    results.push(...(await Promise.all(all.slice(from, from + 2).map(work))));
  }
  return results;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
