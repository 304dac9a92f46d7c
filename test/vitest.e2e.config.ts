import { defineConfig } from 'vitest/config';

/** The journeys in a real browser through all three origins. One at a time: they measure, and there are two cores. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    env: { TZ: 'UTC' },
    retry: 0,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
