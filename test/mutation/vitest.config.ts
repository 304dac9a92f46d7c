import { resolve } from 'node:path';
import process from 'node:process';
import { defineConfig } from 'vitest/config';
import { InRoomsOrder } from './in-rooms-order.ts';
import { residentPool } from './resident-pool.ts';

const here = (path: string) => resolve(import.meta.dirname, '../..', path);

/** The tests of one room, for `mutate.ts`, which changes a copy of the sources and runs those that reach the change. */
export default defineConfig({
  root: here('test'),
  plugins: [residentPool],
  // The copy's `node_modules` lead back to the packages that were not changed.
  resolve: {
    alias: [
      { find: /^@billhook\/server$/, replacement: here('server/src/index.ts') },
      { find: /^@billhook\/host$/, replacement: here('server/host/src/index.ts') },
      { find: /^@billhook\/widget\/contract$/, replacement: here('widget/src/contract.ts') },
    ],
  },
  test: {
    include: (process.env['MUTATION_TESTS'] ?? '').split(' '),
    globalSetup: [here('test/support/postgres.setup.ts')],
    setupFiles: [here('test/mutation/first-run.ts'), here('test/mutation/hook-coverage.ts')],
    env: { TZ: 'UTC' },
    isolate: false,
    maxWorkers: 1,
    sequence: { sequencer: InRoomsOrder },
    // A busy machine is no hook that hangs.
    hookTimeout: 30_000,
    // A test that waits for ever ends with this; one that never pauses is ended by the runner.
    testTimeout: Number(process.env['MUTATION_TEST_MS']),
  },
});
