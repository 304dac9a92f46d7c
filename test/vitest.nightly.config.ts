import { mergeConfig } from 'vitest/config';
import everyTime from './vitest.config.ts';

/** The unit tests with those that only the night has time for: `*.nightly.ts`. */
export default mergeConfig(everyTime, { test: { include: ['**/*.nightly.ts'] } });
