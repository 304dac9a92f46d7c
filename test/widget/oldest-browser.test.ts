/**
 * Nothing that Safari 16.4 lacks, the oldest browser that runs the widget. TypeScript says of every name in the sources
 * which API it is, and MDN's compatibility data since when browsers have it; style sheets are read name by name.
 */
import type { CompatData, Identifier, SimpleSupportStatement } from '@mdn/browser-compat-data';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

// Not imported: Vite would make a module of all its megabytes.
const bcd = createRequire(import.meta.url)('@mdn/browser-compat-data') as CompatData;

const oldest = { browser: 'safari', version: 16.4 } as const;
const folder = resolve(import.meta.dirname, '../../widget/src');

/** Of what is not in the data nothing is said. */
function lacks(entry: Identifier | undefined): boolean {
  // oxlint-disable-next-line no-underscore-dangle -- the data's own name
  const support = entry?.__compat?.support[oldest.browser];
  if (!support) return false;
  return [support].flat().every((each) => !has(each as SimpleSupportStatement));
}

function has({ version_added, version_removed, prefix, alternative_name, flags }: SimpleSupportStatement) {
  if (prefix || alternative_name || flags?.length) return false;
  const since = typeof version_added === 'string' ? Number.parseFloat(version_added.replace('≤', '')) : Number.NaN;
  return since <= oldest.version && !version_removed;
}

const builtins = bcd.javascript['builtins'] as Identifier;

/** The names of built-in APIs that a program's files use and the oldest browser lacks. */
function lackingApis(program: ts.Program, files: readonly ts.SourceFile[]): string[] {
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  const look = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      for (const declaration of checker.getSymbolAtLocation(node)?.declarations ?? []) {
        if (!program.isSourceFileDefaultLibrary(declaration.getSourceFile())) continue;
        const api = holderOf(declaration);
        const [holder, member = ''] = [bcd.api[api] ?? builtins[api], node.text];
        const entry = api === member ? holder : (holder?.[`${member}_static`] ?? holder?.[member]);
        if (lacks(entry)) found.add(api === member ? api : `${api}.${member}`);
      }
    }
    ts.forEachChild(node, look);
  };
  files.forEach(look);
  return [...found];
}

/** `AbortSignal` for its members and its statics, `Promise` for what TypeScript calls `PromiseConstructor`. */
function holderOf(declaration: ts.Node): string {
  let name = '';
  for (let at: ts.Node | undefined = declaration; at && !ts.isSourceFile(at); at = at.parent) {
    if ((ts.isInterfaceDeclaration(at) || ts.isVariableDeclaration(at)) && ts.isIdentifier(at.name))
      name = at.name.text;
  }
  return name.replace(/Constructor$/, '');
}

/** Properties, functions, pseudo-classes and at-rules of a style sheet that the oldest browser lacks. */
function lackingCss(css: string): string[] {
  const {
    properties = {},
    selectors = {},
    'at-rules': atRules = {},
    types = {},
  } = bcd.css as unknown as Record<string, Identifier>;
  const named = (pattern: RegExp) => [...css.matchAll(pattern)].map(([, name = '']) => name);
  const functions = named(/([a-z-]+)\(/g).filter((name) => {
    const entries = [...everywhere(types, name), ...everywhere(properties, name)];
    return entries.length > 0 && entries.every(lacks);
  });
  return [
    ...named(/[{;]\s*([a-z-]+)\s*:/g).filter((name) => lacks(properties[name])),
    ...named(/::?([a-z-]+)/g).filter((name) => lacks(selectors[name])),
    ...named(/@([a-z-]+)/g).filter((name) => lacks(atRules[name])),
    ...functions,
  ];
}

/** Every entry of that name, however deep: `light-dark` is a type of colour. */
function everywhere(within: Identifier, name: string): Identifier[] {
  return Object.keys(within).flatMap((key) => {
    const entry = key === '__compat' ? undefined : within[key];
    return entry ? [...(key === name ? [entry] : []), ...everywhere(entry, name)] : [];
  });
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  // Newer than what the widget may use, so that what it must not use is known by name.
  lib: ['lib.esnext.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  noEmit: true,
  types: [],
};

/** Newer features, which a widget must not use. */
const newerSyntax = `
  AbortSignal.any([AbortSignal.timeout(5)]); Promise.withResolvers<void>(); [1].toSorted(); structuredClone({});
  URL.canParse('x'); new Set([1]).union(new Set([2])); Map.groupBy([], String); document.body.checkVisibility();`;

describe(`what ${oldest.browser} ${oldest.version} lacks`, () => {
  const newer = '/newer.ts';
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, ...more) =>
    path === newer
      ? ts.createSourceFile(newer, newerSyntax, ts.ScriptTarget.ESNext, true)
      : getSourceFile.call(host, path, ...more);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('types/'))
    .map((name) => join(folder, name));
  const program = ts.createProgram([...paths, newer], options, host);
  const lackingIn = (names: readonly string[]) =>
    lackingApis(
      program,
      names.flatMap((name) => program.getSourceFile(name) ?? []),
    );

  it('is in no source of the widget', () => {
    expect(paths.length).toBeGreaterThan(20);
    expect(lackingIn(paths)).toEqual([]);
  });

  it('is not in the style sheet', () => {
    // Safari has no forced colours to adjust to; and a last word that stands alone is read as well.
    const harmless = ['forced-color-adjust', 'text-wrap'];
    const found = lackingCss(readFileSync(join(folder, 'elements/styles.ts'), 'utf8'));
    expect(found.filter((name) => !harmless.includes(name))).toEqual([]);
  });

  it('is reported where it is used', () => {
    expect(lackingIn([newer])).toEqual([
      'AbortSignal.any',
      'Promise.withResolvers',
      'URL.canParse',
      'Set.union',
      'Map.groupBy',
      'Element.checkVisibility',
    ]);
    const css = ':host(:state(x)) { color: light-dark(#000, #fff); field-sizing: content } @starting-style {}';
    expect(lackingCss(css).toSorted()).toEqual(['field-sizing', 'light-dark', 'starting-style', 'state']);
    expect(lackingCss('p:has(a), ::part(x) { color: color-mix(in oklab, red, blue); inset: 0 }')).toEqual([]);
  });
});
