/**
 * Counts vague words in comments, a package at a time: relative clauses as subjects ("Who is killed leaves its turn"), and
 * pronouns for unnamed people. Run by `node test/support/comment-words.ts`; add `--lines` to see them.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');

/** Each package with the folders of its sources. */
export const packages = {
  server: ['server/src'],
  widget: ['widget/src', 'widget/build'],
  demo: ['demo'],
  test: ['test'],
} as const;
export type Package = keyof typeof packages;

/** The words that are counted, each with the rule that finds it. */
export const kinds = {
  who: /\b(?:who|whom|whoever|whose)\b/gi,
  nobody: /\b(?:nobody|somebody|anybody|everybody)\b/gi,
  /** At the beginning of a sentence or a clause, but in no question. */
  what: /(?:^|[.:;!] )[Ww]hat(?:ever)?\b(?![^.:;!]*\?)/gm,
} as const;
export type Kind = keyof typeof kinds;

export interface CommentCount {
  readonly words: number;
  readonly found: Readonly<Record<Kind, readonly string[]>>;
}

/** Paths from the repository's root of all TypeScript sources of a package. */
export function sourcesOf(name: Package): string[] {
  return packages[name].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !/(?:^|\/)(?:node_modules|dist|out|\.\w+)\//.test(path))
      .map((path) => join(folder, path)),
  );
}

/** The comments of one source, without their marks; lines that follow each other are one text. */
export function commentsOf(text: string): string[] {
  const file = ts.createSourceFile('source.tsx', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    if (node.kind !== ts.SyntaxKind.JsxText) {
      for (const range of ts.getLeadingCommentRanges(text, node.pos) ?? []) ranges.set(range.pos, range);
      for (const range of ts.getTrailingCommentRanges(text, node.end) ?? []) ranges.set(range.pos, range);
    }
    for (const child of node.getChildren(file)) visit(child);
  };
  visit(file);
  return [...ranges.values()]
    .toSorted((a, b) => a.pos - b.pos)
    .map(({ pos, end }) =>
      text
        .slice(pos, end)
        .replaceAll(/^\/\*\*?|\*\/$|^\/\/\s?/g, '')
        .replaceAll(/^\s*\*\s?/gm, '')
        // Code and names of files are no prose.
        .replaceAll(/```[\s\S]*?```|`[^`]*`/g, '`')
        .replaceAll(/^@example[^@]*/gm, '')
        .replaceAll(/^@\w+(?: \{\w+\})?(?: \w+)?(?: - )?\s*/gm, '\n')
        .replaceAll(/(\S)\n(?=\S)/g, '$1 ')
        .trim(),
    )
    .filter((comment) => !comment.startsWith('oxlint-') && comment !== '');
}

/** Counts in one text of comments. */
export function countIn(comments: readonly string[]): CommentCount {
  const found = (kind: Kind) =>
    comments.flatMap((comment) =>
      [...comment.matchAll(kinds[kind])].map(({ index }) => comment.slice(Math.max(0, index - 40), index + 60)),
    );
  return {
    words: comments.reduce((sum, comment) => sum + (comment.match(/[\w’'-]+/g)?.length ?? 0), 0),
    found: { who: found('who'), nobody: found('nobody'), what: found('what') },
  };
}

/** Counts over a whole package. */
export function countPackage(name: Package): CommentCount {
  return countIn(sourcesOf(name).flatMap((path) => commentsOf(readFileSync(join(root, path), 'utf8'))));
}

export const perThousand = ({ words, found }: CommentCount, kind: Kind): number => (found[kind].length / words) * 1000;

function print(): void {
  for (const name of Object.keys(packages) as Package[]) {
    const count = countPackage(name);
    const rates = (Object.keys(kinds) as Kind[]).map((kind) => `${kind} ${perThousand(count, kind).toFixed(2)}`);
    process.stdout.write(
      `${name.padEnd(8)}${String(count.words).padStart(7)} words   per 1,000: ${rates.join('  ')}\n`,
    );
    if (!process.argv.includes('--lines')) continue;
    for (const path of sourcesOf(name)) {
      const { found } = countIn(commentsOf(readFileSync(join(root, path), 'utf8')));
      for (const [kind, lines] of Object.entries(found)) {
        for (const line of lines)
          process.stdout.write(`  ${relative('.', path)} ${kind}: …${line.replaceAll('\n', ' ')}…\n`);
      }
    }
  }
}

if (process.argv[1] === import.meta.filename) print();
