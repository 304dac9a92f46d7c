/**
 * Everything that must hold, one step after another; the first that fails ends the run. `pnpm test` calls it after the
 * install; `node test/all.ts lint unit` runs only those steps.
 */

import { spawn } from 'node:child_process';
import { delimiter, resolve } from 'node:path';
import { findBrowser } from './browser.ts';

const root = resolve(import.meta.dirname, '..');

interface Step {
  readonly name: string;
  /** Where it runs, from the root. */
  readonly in: string;
  /** Commands that may run side by side, each a program of this workspace with its arguments. */
  readonly commands: readonly (readonly [string, ...string[]])[];
}

const steps: readonly Step[] = [
  { name: 'build', in: 'widget', commands: [['vite', 'build', '--logLevel', 'warn']] },
  {
    name: 'types',
    in: '.',
    // TypeScript 7 checks in a third of the time; the linters need 6, which still has an API.
    commands: ['widget', 'server', 'demo', 'test', 'demo/host/frameworks/react', 'demo/host/frameworks/solid'].map(
      (folder) => [process.execPath, 'node_modules/typescript-7/bin/tsc', '-p', folder] as const,
    ),
  },
  // The pages that the end-to-end tests walk; templates with checkers of their own. Angular's are checked as it is built.
  {
    name: 'frameworks',
    in: 'demo',
    commands: [
      [process.execPath, 'host/frameworks/build.ts'],
      ['vue-tsc', '-p', 'host/frameworks/vue'],
      ['svelte-check', '--workspace', 'host/frameworks/svelte', '--tsconfig', './tsconfig.json', '--fail-on-warnings'],
    ],
  },
  {
    name: 'lint',
    in: '.',
    commands: [
      ['oxlint', '--deny-warnings'],
      ['oxfmt', '--check'],
    ],
  },
  // Its rules are in widget/tsconfig.json. Elsewhere, or with a flag before the glob, it finds no file and is content.
  { name: 'templates', in: 'widget', commands: [['lit-analyzer', 'src/**/*.ts']] },
  { name: 'unit', in: 'test', commands: [['vitest', 'run']] },
  { name: 'browser', in: 'test', commands: [['wtr', '--config', 'web-test-runner.config.ts']] },
  {
    name: 'e2e',
    in: 'test',
    commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', '--exclude', '**/latency*']],
  },
  // Alone: what is measured here must not wait for another file's browser.
  { name: 'latency', in: 'test', commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', 'e2e/latency']] },
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => steps.every((step) => step.name !== name));
if (unknown.length > 0) {
  process.stderr.write(`There is no step ${unknown.join(', ')}. Steps: ${steps.map(({ name }) => name).join(', ')}.\n`);
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
  // oxlint-disable-next-line no-await-in-loop -- two cores: one step at a time
  const failed = (await inPairs(step.commands, (command) => run(command, resolve(root, step.in)))).filter(Boolean);
  if (failed.length > 0) {
    process.stderr.write(`\n${step.name} failed: ${failed.join('; ')}\n`);
    process.exit(1);
  }
  process.stdout.write(`── ${step.name} passed in ${seconds(stepBegan)}\n`);
}
process.stdout.write(`\nEverything passed in ${seconds(began)}\n`);

/** Runs a program; answers what failed, or nothing. */
function run([program, ...args]: readonly [string, ...string[]], cwd: string): Promise<string> {
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
