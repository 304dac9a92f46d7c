/** The tests of a change run in the order in which the room names them: one that is noticed ends its run. */

import { matchesGlob, relative, resolve } from 'node:path';
import process from 'node:process';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = resolve(import.meta.dirname, '..');
const named = (process.env['MUTATION_TESTS'] ?? '').split(' ');

export class InRoomsOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) => {
      const path = relative(root, moduleId).replaceAll('\\', '/');
      return named.findIndex((glob) => matchesGlob(path, glob));
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- the runner's own, no array's
    const usual = await super.sort(files);
    return usual.toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}
