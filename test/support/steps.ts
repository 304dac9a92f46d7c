/** A run of steps, one after another; the first that fails ends it. At its end it prints what it did. */

import { spawn } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { delimiter, resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { findBrowser } from './browser.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Step {
  readonly name: string;
  /** Where it runs, from the root. */
  readonly in: string;
  /** Commands that may run side by side, each a program of this workspace with its arguments. */
  readonly commands: readonly (readonly [string, ...string[]])[];
  /** More variables for its commands' environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Takes them in their order. A step that fails ends the process with 1, a name that no step has with 2.
 *
 * @param wanted - names of the only ones to take. Default, and when empty: all.
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
  const summary: string[] = [];
  const end = (how: string) => process.stdout.write(`\n${summary.join('\n')}\n${how} ${seconds(began)}\n`);
  for (const step of steps) {
    if (wanted.length > 0 && !wanted.includes(step.name)) continue;
    const stepBegan = performance.now();
    const workedBefore = workedMs();
    process.stdout.write(`\n── ${step.name}\n`);
    const command = (each: Command) => run(each, resolve(root, step.in), { ...env, ...step.env });
    // oxlint-disable-next-line no-await-in-loop -- two cores: one step at a time
    const ends = await inPairs(step.commands, command);
    const failed = ends.flatMap(({ failure }) => failure ?? []);
    const load = (loadavg()[0] ?? 0).toFixed(1);
    // A step that leaves cores idle waits for something: it could run beside another, or with more workers.
    const cores = ((workedMs() - workedBefore) / (performance.now() - stepBegan)).toFixed(1);
    const times = [seconds(stepBegan).padStart(9), `cores ${cores}`, `load ${load.padStart(5)}`];
    const columns = [step.name.padEnd(10), ...times];
    summary.push(
      `── ${columns.join('  ')}  ${[...ends.flatMap(({ counts }) => counts), ...failed].join('; ')}`.trimEnd(),
    );
    if (failed.length > 0) {
      end(`${step.name} failed after`);
      process.exit(1);
    }
    process.stdout.write(`── ${step.name} passed in ${seconds(stepBegan)}\n`);
  }
  end('Everything passed in');
}

type Command = Step['commands'][number];

interface Ended {
  /** How it failed; `null` when it did not. */
  readonly failure: string | null;
  /** The counts that a test runner printed. */
  readonly counts: readonly string[];
}

const counted = /^\s*(?:Test Files|Tests) .*\d+ passed|\d+ passed, \d+ failed/;
// oxlint-disable-next-line no-control-regex -- the colours of a terminal
const colours = /\u001B\[[\d;]*[A-Za-z]/g;

/** Runs a program, and passes its output on. */
function run([program, ...args]: Command, cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const path = [resolve(cwd, 'node_modules/.bin'), resolve(root, 'node_modules/.bin'), env['PATH']].join(delimiter);
  const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
  return new Promise((done, fail) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...colour, ...env, PATH: path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    /** By its first word: a runner that counts on the way has said it last at its end. */
    const counts = new Map<string, string>();
    child.stdout.pipe(process.stdout, { end: false });
    createInterface(child.stdout).on('line', (line) => {
      const plain = line
        .replaceAll(colours, '')
        .replaceAll(/\|[█▉▊▋▌▍▎▏ ]*\|/g, '')
        .replaceAll(/\s+/g, ' ')
        .trim();
      if (counted.test(plain)) counts.set(plain.replace(/\d.*/, ''), plain);
    });
    child.once('error', fail);
    child.once('close', (code, signal) => {
      const failure = code === 0 ? null : `${program} ${args.join(' ')} ended with ${code ?? signal}`;
      done({ failure, counts: [...counts.values()] });
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

/** Milliseconds that the machine's cores have worked, for whatever program. */
function workedMs(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
