/** One small change of a source, in words. */

import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Stryker } from '@stryker-mutator/core';

export type MutantResult = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

export const repository = resolve(import.meta.dirname, '../..');

/** The file's path from the repository's root. */
export const fileOf = ({ fileName }: Pick<MutantResult, 'fileName'>): string =>
  relative(repository, fileName).replaceAll('\\', '/');

const onOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

/** The text that was changed, and what stood in its place. Lines and columns of a result begin at 1. */
export function sidesOf({ fileName, location, replacement }: MutantResult): readonly [was: string, became: string] {
  const { start, end } = location;
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = lines[last]?.slice(0, end.column - 1) ?? '';
  lines[0] = lines[0]?.slice(start.column - 1) ?? '';
  return [onOneLine(lines.join(' ')), onOneLine(replacement)];
}

/** Characters of each side that are printed. */
const longest = 120;

export function told(mutant: MutantResult): string {
  const { line, column } = mutant.location.start;
  const sides = sidesOf(mutant).map((side) => side.slice(0, longest));
  return `${fileOf(mutant)}:${line}:${column}  ${mutant.status}  ${sides.join('  →  ')}`;
}
