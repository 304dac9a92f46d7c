import { defineConfig } from 'vitest/config';
import { DearestFirst } from './support/dearest-first.ts';
import { hangMs, patienceMs } from './support/patience.ts';

/** The tests that run in Node. Those that run in a browser are `*.browser.ts` (web-test-runner.config.ts) and `e2e/`. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: ['./support/postgres.setup.ts'],
    env: { TZ: 'UTC' },
    retry: 0,
    // One more than the cores of the smallest machine: some tests wait for processes of their own.
    maxWorkers: 3,
    sequence: { sequencer: DearestFirst },
    // Loading Stripe's SDK, Hono and the schemas once for all files halves the run. No test may leave anything behind in a
    // module, then; none keeps its world there anyway.
    isolate: false,
    testTimeout: hangMs,
    hookTimeout: hangMs,
    teardownTimeout: hangMs,
    expect: { poll: { timeout: patienceMs } },
  },
});
