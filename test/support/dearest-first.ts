/**
 * The order of test files: the dearest begin first, also where no run before has timed them. A long file that begins last has
 * one core to itself while the others stand idle.
 */

import { relative, resolve } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take far longer than their size says, dearest first. The others begin in the runner's order. */
const dear: readonly string[] = [
  'simulation/histories.test.ts',
  'attacks/fairness.test.ts',
  'simulation/mutants.test.ts',
  'contract/postgres.test.ts',
  'packages/packages.test.ts',
  'packages/first-hour.test.ts',
  'demo/start.test.ts',
  'server/cli/process.test.ts',
  'simulation/card.test.ts',
  'simulation/money.test.ts',
  'simulation/histories.functions.test.ts',
  'comparison/comparison.test.ts',
  'documented-code.test.ts',
  'chaos/storm.functions.test.ts',
  'chaos/storm.postgres.test.ts',
  'chaos/storm.test.ts',
  'e2e/nextjs.e2e.ts',
  'e2e/gallery.geometry.e2e.ts',
  'e2e/gallery.accessibility.e2e.ts',
  'e2e/frameworks.e2e.ts',
];

const root = resolve(import.meta.dirname, '..');

export class DearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const place = dear.indexOf(relative(root, moduleId).replaceAll('\\', '/'));
      return place === -1 ? dear.length : place;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the runner's own, no array's
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
