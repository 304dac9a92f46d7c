/** Additions to the runner: a share of the changes, and those that lived told as they are found. */

import { createHash } from 'node:crypto';
import process from 'node:process';
import { fileOf, told, type MutantResult } from './change.ts';

type Mutant = Pick<MutantResult, 'fileName' | 'id' | 'location' | 'replacement'>;

const share = Number(process.env['SHARE'] ?? 1);
const seed = process.env['SEED'] ?? '1';

/** The same changes for the same seed. */
function isChosen(mutant: Mutant): boolean {
  const { start, end } = mutant.location;
  const name = [seed, fileOf(mutant), start.line, start.column, end.line, end.column, mutant.replacement].join(' ');
  return createHash('sha256').update(name).digest().readUInt32BE() < share * 2 ** 32;
}

/** Passes the share of the changes that `SHARE` and `SEED` choose. */
class Share {
  async init(): Promise<void> {}

  async check(mutants: readonly Mutant[]): Promise<Record<string, { status: string; reason?: string }>> {
    return Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        isChosen(mutant) ? { status: 'passed' } : { status: 'compileError', reason: 'not in the share' },
      ]),
    );
  }

  /** All at once, or each would be asked for alone. */
  async group(mutants: readonly Mutant[]): Promise<string[][]> {
    return [mutants.map(({ id }) => id)];
  }
}

/** Prints each change that lived when it is known. */
class Lived {
  onMutantTested(result: MutantResult): void {
    if (result.status === 'Survived') process.stdout.write(`${told(result)}\n`);
  }
}

export const strykerPlugins = [
  { kind: 'Checker', name: 'share', injectableClass: Share },
  { kind: 'Reporter', name: 'lived', injectableClass: Lived },
];
