/** The fenced blocks of the pages that a reader pastes from, in their order. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'server/README.md',
  'server/host/README.md',
  'widget/README.md',
  'docs/comparison.md',
  'docs/first-hour.md',
  'docs/tokens.md',
  'docs/nextjs.md',
] as const;

export interface Block {
  readonly page: string;
  /** Counted from 1, among all blocks of its page. */
  readonly number: number;
  readonly language: string;
  readonly code: string;
}

export const blocks: readonly Block[] = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```(?<language>\w+)\n(?<code>[\s\S]*?)^```$/gm)].map(
    ({ groups }, index) => ({
      page,
      number: index + 1,
      language: groups?.['language'] ?? '',
      code: groups?.['code'] ?? '',
    }),
  ),
);

export const inLanguages = (...languages: readonly string[]): readonly Block[] =>
  blocks.filter(({ language }) => languages.includes(language));

export const nameOf = ({ page, number }: Block): string => `${page}, block ${number}`;
