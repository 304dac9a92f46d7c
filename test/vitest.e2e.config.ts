import { defineConfig } from 'vitest/config';
import { DearestFirst } from './support/dearest-first.ts';
import { hangMs, patienceMs } from './support/patience.ts';

/** The journeys in a real browser through all three origins, each file with a demo and a browser of its own. */
export default defineConfig({
  test: {
    include: ['{e2e,attacks}/**/*.e2e.ts'],
    env: { TZ: 'UTC' },
    retry: 0,
    // Twice the cores of the smallest machine: a journey waits for pages and processes for half of its time.
    maxWorkers: 4,
    sequence: { sequencer: DearestFirst },
    testTimeout: hangMs,
    hookTimeout: hangMs,
    teardownTimeout: hangMs,
    expect: { poll: { timeout: patienceMs } },
  },
});
