/** One rule of the sandbox broken, for `kill-mutants.ts`. */

import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ruleMutants } from './rule-mutants.ts';

const mutant = ruleMutants.find(({ rule }) => rule === process.env['SANDBOX_MUTANT']);
const broken = mutant && fileURLToPath(new URL(`../../demo/stripe-sandbox/${mutant.file}`, import.meta.url));

export default defineConfig({
  plugins: [
    {
      name: 'break-a-rule',
      enforce: 'pre',
      transform: (code, id) => (mutant && id === broken ? code.replace(mutant.from, () => mutant.to) : null),
    },
  ],
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['sandbox/*.test.ts'],
    env: { TZ: 'UTC' },
    retry: 0,
    isolate: false,
    fsModuleCache: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
