/**
 * A change that a file's hooks reach is asked of each of the file's tests. The runner counts the reach of a hook for no test:
 * a server that `beforeAll` opens would be changed, and no test asked.
 */

import { afterEach, beforeAll } from 'vitest';

type Counts = Record<string, number>;

/** The runner's own, in the worker. */
interface Runner {
  readonly currentTestId?: string;
  readonly mutantCoverage?: { readonly static: Counts; readonly perTest: Record<string, Counts> };
}

const runner = (): Runner => Reflect.get(globalThis, '__stryker__') as Runner;

/** How often each change was reached before the file's first hook: by modules that were loaded, and other files' hooks. */
let before: Readonly<Counts>;
beforeAll(() => {
  before = { ...runner().mutantCoverage?.static };
});

afterEach(() => {
  const { currentTestId, mutantCoverage } = runner();
  if (currentTestId === undefined || mutantCoverage === undefined) return;
  const own = (mutantCoverage.perTest[currentTestId] ??= {});
  for (const [id, count] of Object.entries(mutantCoverage.static)) if (count > (before[id] ?? 0)) own[id] ??= 1;
});
