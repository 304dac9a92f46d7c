/** The run without a change has no time limits: a machine that is busy must not end it, and only changes are to be ended. */

import { inject, vi } from 'vitest';
import { hangMs } from '../support/patience.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The mutation runner's own word. */
    readonly mode: 'dry-run' | 'mutant';
  }
}

if (inject('mode') !== 'mutant') vi.setConfig({ testTimeout: hangMs, hookTimeout: hangMs });
