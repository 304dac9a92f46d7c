/**
 * The tests that take too long for every change: twenty times the histories, ten times the kills, every page in every
 * width and theme, other browsers. `pnpm test:nightly` calls it after the install; `node test/nightly.ts storms` runs only
 * that step. `SEED=…` replaces the fixed seed; each step prints the seed that it used.
 */

import process from 'node:process';
import { takeSteps, type Step } from './support/steps.ts';

const steps: readonly Step[] = [
  { name: 'build', in: 'widget', commands: [['vite', 'build', '--logLevel', 'warn']] },
  {
    name: 'histories',
    in: 'test',
    env: { HISTORIES: '10000' },
    commands: [['vitest', 'run', 'simulation/histories', 'simulation/mutants']],
  },
  {
    name: 'lives',
    in: 'test',
    env: { LIVES: '1000', CARDS: '500' },
    commands: [['vitest', 'run', 'simulation/notices', 'simulation/money', 'simulation/card']],
  },
  {
    name: 'growth',
    in: 'test',
    env: { CUSTOMERS: '10000' },
    commands: [['vitest', 'run', '--config', 'vitest.nightly.config.ts', 'simulation/growth']],
  },
  {
    name: 'storms',
    in: 'test',
    env: { KILLS: '50', PROCESSES: '3' },
    commands: [['vitest', 'run', '--config', 'vitest.nightly.config.ts', 'chaos/storm']],
  },
  // Each small wrong change of the rooms in `mutation/rooms.ts`, and the share of them that a test notices.
  { name: 'mutation', in: 'test', commands: [[process.execPath, 'mutation/mutate.ts']] },
  { name: 'pgbouncer', in: 'test', env: { PGBOUNCER: 'whole' }, commands: [['vitest', 'run', 'contract/pgbouncer']] },
  { name: 'amounts', in: 'test', env: { AMOUNTS: '10000' }, commands: [['vitest', 'run', 'sandbox/lives']] },
  {
    name: 'year',
    in: 'test',
    commands: [['vitest', 'run', '--config', 'vitest.nightly.config.ts', 'sandbox/year']],
  },
  {
    name: 'packages',
    in: 'test',
    commands: [['vitest', 'run', '--config', 'vitest.nightly.config.ts', 'packages']],
  },
  {
    name: 'nextjs',
    in: 'test',
    env: { NEXTJS: 'mounted,standalone,functions' },
    commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', 'e2e/nextjs']],
  },
  {
    name: 'nextjs15',
    in: 'test',
    env: { NEXTJS: 'mounted,standalone', NEXT_VERSION: '15.5.29' },
    commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', 'e2e/nextjs']],
  },
  // Known holes of the packages that are published; `packages/supply` needs no registry.
  { name: 'audit', in: 'test', commands: [[process.execPath, 'support/audit.ts']] },
  {
    name: 'latency',
    in: 'test',
    env: { RETURNS: '20' },
    commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', 'e2e/latency']],
  },
  { name: 'attacks', in: 'test', env: { ATTACKS: 'whole' }, commands: [['vitest', 'run', 'attacks']] },
  {
    name: 'gallery',
    in: 'test',
    env: { GALLERY: 'all' },
    commands: [['vitest', 'run', '--config', 'vitest.e2e.config.ts', 'e2e/gallery']],
  },
  // For the eye: they are looked at, and nothing else fails on them than an error in the page.
  { name: 'sheets', in: 'test', commands: [[process.execPath, 'e2e/gallery-sheets.ts']] },
  // Firefox and WebKitGTK; one that the machine cannot have is named, and no failure.
  { name: 'browsers', in: 'test', commands: [[process.execPath, 'support/other-browsers.ts']] },
];

await takeSteps(steps, process.argv.slice(2));
