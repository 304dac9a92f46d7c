/** One dialect in all packages, where oxlint has no rule for it: imports, `@param`, names of constants, `readonly` fields. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { packages, sourcesOf, type Package } from './support/comment-words.ts';

const root = resolve(import.meta.dirname, '..');

/** Fields of interfaces of the server that change by design. */
const counters = ['DeliveryLane.busy', 'Watched.polls', 'Watched.raises'];

interface Source {
  readonly path: string;
  readonly text: string;
  readonly file: ts.SourceFile;
}

const sourceOf = (path: string, text: string): Source => ({
  path,
  text,
  file: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true),
});

const read = (name: Package): Source[] =>
  sourcesOf(name).map((path) => sourceOf(path, readFileSync(resolve(root, path), 'utf8')));

/** Modules that have two import statements for names; `import * as` and imports without names stand by themselves. */
function importedTwice({ path, file }: Source): string[] {
  const modules = file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !statement.importClause) return [];
    const { namedBindings } = statement.importClause;
    if (namedBindings && ts.isNamespaceImport(namedBindings)) return [];
    return [statement.moduleSpecifier.getText(file)];
  });
  return modules.filter((module, index) => modules.indexOf(module) !== index).map((module) => `${path}: ${module}`);
}

const paramsWithoutHyphen = ({ path, text }: Source): string[] =>
  [...text.matchAll(/^\s*\/?\*.*?@param (?!\w+(?:\.\w+)* - |\{).*$/gm)].map(([line]) => `${path}: ${line.trim()}`);

const capitalConstants = ({ path, file }: Source): string[] =>
  file.statements
    .flatMap((statement) => (ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : []))
    .map(({ name }) => name.getText(file))
    .filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name))
    .map((name) => `${path}: ${name}`);

function mutableFields({ file }: Source): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isInterfaceDeclaration(node)) {
      for (const member of node.members) {
        if (!ts.isPropertySignature(member)) continue;
        if (member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword)) continue;
        found.push(`${node.name.text}.${member.name.getText(file)}`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

describe.each(Object.keys(packages) as Package[])('the sources of %s', (name) => {
  const sources = read(name);

  it('have one import statement a module', () => expect(sources.flatMap(importedTwice)).toEqual([]));

  it('write `@param name - text`', () => expect(sources.flatMap(paramsWithoutHyphen)).toEqual([]));

  it('name constants in camelCase', () => expect(sources.flatMap(capitalConstants)).toEqual([]));
});

it('fields of the server’s interfaces are readonly', () => {
  const mutable = read('server').flatMap(mutableFields);
  expect(mutable.filter((field) => !counters.includes(field))).toEqual([]);
});

it('finds each kind', () => {
  const source = sourceOf(
    'x.ts',
    `import { a } from 'x';
import type { B } from 'x';
/** @${'param'} b What it is. */
const MANY = 1;
interface C { d: string; readonly e: string }`,
  );
  expect(importedTwice(source)).toEqual([`x.ts: 'x'`]);
  expect(paramsWithoutHyphen(source)).toEqual(['x.ts: /** @param b What it is. */']);
  expect(capitalConstants(source)).toEqual(['x.ts: MANY']);
  expect(mutableFields(source)).toEqual(['C.d']);
});
