/**
 * Everything that must hold, one step after another; the first that fails ends the run. `pnpm test` calls it after the
 * install; `node test/all.ts lint unit` runs only those steps.
 */

import process from 'node:process';
import { takeSteps, type Step } from './support/steps.ts';

const steps: readonly Step[] = [
  { name: 'build', in: 'widget', commands: [['vite', 'build', '--logLevel', 'warn']] },
  {
    name: 'types',
    in: '.',
    // TypeScript 7 checks in a third of the time; the linters need 6, which still has an API.
    commands: [
      'widget',
      'server',
      'server/host',
      'demo',
      'test',
      'demo/host/frameworks/react',
      'demo/host/frameworks/solid',
    ].map((folder) => [process.execPath, 'node_modules/typescript-7/bin/tsc', '-p', folder] as const),
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
  // Each room's whole is asked for every night.
  {
    name: 'mutation',
    in: 'test',
    env: { SHARE: '0.2' },
    commands: [[process.execPath, 'mutation/mutate.ts', 'changed']],
  },
  { name: 'browser', in: 'test', commands: [['wtr', '--config', 'web-test-runner.config.ts']] },
  {
    name: 'e2e',
    in: 'test',
    commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', '--exclude', '**/latency*']],
  },
  // Alone: the measured times must not wait for another file's browser.
  { name: 'latency', in: 'test', commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', 'e2e/latency']] },
];

await takeSteps(steps, process.argv.slice(2));
