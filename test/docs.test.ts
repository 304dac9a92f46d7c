/**
 * The pages that a clone looks things up in. An id (M17, SUB-7) means something only where docs/ defines it, a rule is only
 * held where a test says so, and a path or a name that a page mentions has to be there.
 */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { childEnvironment } from './support/child-environment.ts';

const root = resolve(import.meta.dirname, '..');
const pages = ['docs/requirements.md', 'docs/stripe-behaviour.md'] as const;
const notYetHeld = 'Not yet held';

/** How many ids may stand under "Not yet held". Only ever lowered: a rule that is held stays held. */
const mostNotYetHeld = 3;

/** Names of standards that have the form of an id. */
const standards = new Set(['UTF-8', 'UTF-16']);

/**
 * An id is a word of its own: `M17`, `SUB-7`. Not ids are `ES256`, `#4B3`, `SHA-256`, `ML-DSA-44`, and the path data of a
 * drawing, where a number follows (`M10 3`, `M4 19V11`).
 */
const idPattern = /(?<![\w#/-])(?:[MLB][1-9]\d?(?![\w-]|\.\d|[ ,]*-?\.?\d)|[A-Z]{2,6}-[1-9]\d?(?![\w-]))/g;
const rangePattern =
  /(?<![\w#/-])(?<family>[MLB]|[A-Z]{2,6}-)(?<first>[1-9]\d?) to \k<family>(?<last>[1-9]\d?)(?![\w-])/g;

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|screenshots|\..*)$/.test(entry.name) ? [] : walk(path);
    return [path];
  });
}

const files = walk('.');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const self = relative(root, import.meta.filename);
const readable = /\.(?:[cm]?[jt]sx?|css|html|vue|svelte|md|ya?ml)$/;
const sources = files.filter((path) => readable.test(path) && path !== self && path !== 'pnpm-lock.yaml');

/** Every id in a text, each end and each inner member of a range ("SUB-12 to SUB-14") included. */
function idsIn(content: string): Set<string> {
  const ids = new Set<string>(content.match(idPattern));
  for (const { groups } of content.matchAll(rangePattern)) {
    const { family = '', first = '', last = '' } = groups ?? {};
    for (let number = Number(first); number <= Number(last); number += 1) ids.add(`${family}${number}`);
  }
  for (const standard of standards) ids.delete(standard);
  return ids;
}

interface Definition {
  readonly id: string;
  readonly page: string;
  readonly held: boolean;
}

/** `- **M17** …` in the requirements, `### SUB-7: …` among Stripe's rules. */
const definitions: readonly Definition[] = pages.flatMap((page) => {
  let held = true;
  return text(page)
    .split('\n')
    .flatMap((line): Definition[] => {
      const section = /^## (?<title>.*)/.exec(line)?.groups?.['title'];
      if (section !== undefined) held = section !== notYetHeld;
      const id = /^(?:- \*\*(?<bold>\w+)\*\* |### (?<heading>[A-Z]+-\d+): )/.exec(line)?.groups;
      return id ? [{ id: id['bold'] ?? id['heading'] ?? '', page, held }] : [];
    });
});
const defined = new Set(definitions.map(({ id }) => id));

/** Where each id is cited: by sources, tests and other pages, not by the two pages themselves. */
const citations = new Map<string, string[]>();
for (const path of sources) {
  if (pages.some((page) => page === path)) continue;
  for (const id of idsIn(text(path))) citations.set(id, [...(citations.get(id) ?? []), path]);
}
const isTest = (path: string) => path.startsWith('test/');

describe('an id', () => {
  it('is told from other words that look like one', () => {
    expect([...idsIn('M17, L9: (SUB-12 to SUB-14) B1. L28;WH-1')].toSorted()).toEqual(
      ['B1', 'L28', 'L9', 'M17', 'SUB-12', 'SUB-13', 'SUB-14', 'WH-1'].toSorted(),
    );
    for (const other of [
      'ES256 HS256 M0 L0 B100 pt-BR fr-L1 #B1 SHA-256 ML-DSA-44 UTF-8 xM1 M1x M1-a',
      '<path d="M4 19V11M10 19V5M16 19v-6M21 19H3"/>',
      'M10 17.5a7.5 7.5 0 1 0 0-15Z M10 3 2 17h16ZM10 8v4 M3 9.5c3 0 M8 -2 M8,4 M6.5',
    ]) {
      expect([...idsIn(other)], other).toEqual([]);
    }
  });

  it('is defined once', () => {
    const ids = definitions.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(100);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(ids.filter((id) => !idsIn(id).has(id))).toEqual([]);
  });

  it('that is used anywhere is defined', () => {
    const undefinedIds = sources.flatMap((path) =>
      [...idsIn(text(path))].filter((id) => !defined.has(id)).map((id) => `${path} cites ${id}, which no page defines`),
    );
    expect(undefinedIds).toEqual([]);
  });

  it('that is not listed as unheld is cited by a test', () => {
    const uncited = definitions
      .filter(({ id, held }) => held && !citations.get(id)?.some(isTest))
      .map(({ id, page }) => `${page} says that ${id} is held, and no test cites it`);
    expect(uncited).toEqual([]);
  });

  it(`that stands under "${notYetHeld}" is cited nowhere, and their number only falls`, () => {
    const open = definitions.filter(({ held }) => !held);
    const claimed = open
      .filter(({ id }) => citations.has(id))
      .map(
        ({ id, page }) =>
          `${id} stands under "${notYetHeld}" in ${page}, and ${citations.get(id)?.join(', ')} cites it`,
      );
    expect(claimed).toEqual([]);
    expect(open.length).toBeLessThanOrEqual(mostNotYetHeld);
  });
});

const architecture = 'docs/architecture.md';
const maps = ['CONTRIBUTING.md', architecture, ...pages];

/** Frameworks that are named as a file would be. */
const frameworks = new Set(['Next.js', 'Node.js']);

/** Fields of package.json that CONTRIBUTING.md says not to use. */
const leftOut = new Set(['packageManager', 'devEngines']);

/** `server/src/index.ts`, `index.ts` of some folder, `widget/*.browser.ts`: is there such a file or folder? */
function isThere(named: string): boolean {
  const path = named.replace(/\/$/, '');
  if (existsSync(join(root, path))) return true;
  const pattern = path.replaceAll('.', String.raw`\.`).replaceAll('*', '[^/]*');
  const ending = new RegExp(`(?:^|/)${pattern}(?:[/.]|$)`);
  return files.some((each) => ending.test(each));
}

/** Everything that is named in a page's text, with its fenced blocks and without its links. */
const pathsIn = (content: string): readonly string[] => {
  const plain = content.replaceAll(/https?:\S+|\]\([^)]*\)/g, '');
  const ofFiles = /(?<![\w.@/*-])[\w.@*-]+(?:\/[\w.@*-]+)*\.(?:ts|tsx|js|json|css|html|md|yml)\b/g;
  const ofFolders = /(?<![\w.@/*-])(?:server|widget|demo|test|docs)\/[\w./*-]*\w\/?/g;
  return [...new Set([...(plain.match(ofFiles) ?? []), ...(plain.match(ofFolders) ?? [])])].filter(
    (path) => !frameworks.has(path),
  );
};

describe('a page of this repository', () => {
  it.each(maps)('%s names existing files and folders', (page) => {
    expect(pathsIn(text(page)).filter((path) => !isThere(path))).toEqual([]);
  });

  it.each(maps)('%s links to existing targets', (page) => {
    const links = [...text(page).matchAll(/\]\((?<to>[^)#:]+)(?:#[^)]*)?\)/g)].map(
      ({ groups }) => groups?.['to'] ?? '',
    );
    expect(links.filter((to) => !existsSync(join(root, page, '..', to)))).toEqual([]);
  });

  it.each(['CONTRIBUTING.md', architecture])('%s uses names that the sources have', (page) => {
    const manifests = files.filter((path) => path.endsWith('package.json'));
    const code = [...sources.filter((path) => !path.endsWith('.md')), ...manifests].map(text).join('\n');
    const words = new Set(code.match(/[\w-]+/g));
    const names = [
      ...text(page)
        .replaceAll(/^```[\s\S]*?^```/gm, '')
        .matchAll(/`(?<name>[A-Za-z_][\w.:-]*)(?:\(\))?`/g),
    ]
      .map(({ groups }) => groups?.['name'] ?? '')
      .filter((name) => pathsIn(name).length === 0 && !leftOut.has(name));
    const isSaid = (name: string) => name.split(/[.:]/).every((part) => part === '' || words.has(part));
    expect([...new Set(names)].filter((name) => !isSaid(name))).toEqual([]);
  });
});

describe('the walks', () => {
  const walks = text(architecture)
    .split(/^## /m)
    .find((section) => section.startsWith('The walks'))
    ?.split(/^### /m)
    .slice(1)
    .map((walk) => ({
      name: walk.split('\n')[0] ?? '',
      files: new Set(walk.match(/(?:server|widget)\/src\/[\w./-]+\.ts/g)),
      walk,
    }));

  /** Where the server is mounted in a folder; where a payment failed or was made. */
  const onlySometimes = new Set([
    'server/src/http/base-path.ts',
    'server/src/billing/payment-notices.ts',
    'server/src/billing/changes.ts',
  ]);

  /** Files of each walk; a longer one means that the way has got longer. */
  const most = { 'Token → snapshot': 25, 'Event → page': 31, 'Click → settled words': 34 };

  it('are no longer than before', () => {
    const counts = walks?.map(({ name, files: { size } }) => [name, size] as const) ?? [];
    process.stdout.write(`\n${counts.map(([name, size]) => `${name}: ${size} files`).join('\n')}\n`);
    expect(counts.map(([name]) => name)).toEqual(Object.keys(most));
    expect(counts.filter(([name, size]) => size > most[name as keyof typeof most])).toEqual([]);
  });

  it('name files of the server that run in them', { timeout: 120_000 }, async () => {
    const program = join(import.meta.dirname, 'server/support/walk-coverage.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [program], { env: childEnvironment });
    const ran = JSON.parse(stdout) as string[][];
    process.stdout.write(`\nfiles of the server with a call: ${ran.map(({ length }) => length).join(', ')}\n`);
    const idle = walks?.flatMap(({ name, files: named }, index) =>
      [...named]
        .filter((path) => path.startsWith('server/') && !onlySometimes.has(path) && !ran[index]?.includes(path))
        .map((path) => `${name}: ${path} is not called`),
    );
    expect(idle).toEqual([]);
  });

  it('have at most three hops from a route to the SQL', () => {
    const hops = /Hops from the route to the SQL:\s+(?<way>`[^`]+`(?:\s*→\s*`[^`]+`)+)/.exec(walks?.[0]?.walk ?? '');
    expect(hops?.groups?.['way']?.split('→').length).toBeLessThanOrEqual(4);
  });
});
