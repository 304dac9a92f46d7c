import { defineConfig } from 'vitest/config';

/** Everything that runs in Node. What runs in a browser is `*.browser.ts` (web-test-runner.config.ts) and `e2e/`. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    env: { TZ: 'UTC' },
    retry: 0,
    // Two cores: more files at once only make each other slow.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
