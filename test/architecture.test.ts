/** The imports that each room may have (CONTRIBUTING.md, "The rooms"). A failure names the rule, the file and the import. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

interface SourceFile {
  /** From the repository's root: `server/src/billing/facts.ts`. */
  readonly path: string;
  /** Its imports: own files by their paths from the root, packages by their names. */
  readonly imports: readonly string[];
  /** The text without comments, which may speak of anything. */
  readonly code: string;
  /** The same without `import type`: the imports that exist when it runs. */
  readonly runtimeImports: readonly string[];
}

function sourcesOf(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(?:^|\/)(?:node_modules|dist)\//.test(name) && !name.endsWith('.d.ts'))
    .map((name) => read(join(folder, name)));
}

function read(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const own = (specifier: string) =>
    specifier.startsWith('.') ? relative(root, resolve(root, dirname(path), specifier)) : specifier;
  const runtime: string[] = [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false);
  for (const statement of file.statements) {
    const isImport =
      ts.isImportDeclaration(statement) && statement.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword;
    const isExport = ts.isExportDeclaration(statement) && !statement.isTypeOnly && statement.moduleSpecifier;
    if (!isImport && !isExport) continue;
    const bindings = isImport ? statement.importClause?.namedBindings : undefined;
    const onlyTypes =
      isImport &&
      !statement.importClause?.name &&
      bindings &&
      ts.isNamedImports(bindings) &&
      bindings.elements.length > 0 &&
      bindings.elements.every((element) => element.isTypeOnly);
    const { moduleSpecifier } = statement;
    if (!onlyTypes && moduleSpecifier && ts.isStringLiteral(moduleSpecifier)) runtime.push(own(moduleSpecifier.text));
  }
  const all = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => own(fileName));
  return { path, code: text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*/g, ''), imports: all, runtimeImports: runtime };
}

const widget = sourcesOf('widget/src');
const server = sourcesOf('server/src');
const demo = sourcesOf('demo');

/** Every import of `files` that breaks the rule, as sentences. */
function offences(
  files: readonly SourceFile[],
  breaks: (imported: string, file: SourceFile) => boolean,
  runtimeOnly = false,
) {
  return files.flatMap((file) =>
    (runtimeOnly ? file.runtimeImports : file.imports)
      .filter((imported) => breaks(imported, file))
      .map((imported) => `${file.path} imports ${imported}`),
  );
}

/** Every way by which a file of these imports itself through others, each once. */
function detours(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: string[] = [];
  const follow = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path);
    if (start >= 0) found.push([...way.slice(start), path].join(' → '));
    if (start >= 0 || done.has(path)) return;
    for (const imported of byPath.get(path)?.imports ?? []) follow(imported, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) follow(path, []);
  return found;
}

/** All that is loaded when this file is: own files and packages, without imports that come when they are needed. */
function loadedBy(files: readonly SourceFile[], path: string): ReadonlySet<string> {
  const found = new Set<string>();
  const follow = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const imported of files.find((file) => file.path === name)?.runtimeImports ?? []) follow(imported);
  };
  follow(path);
  return found;
}

/** Every function of `file` with more lines than `most`, from its head to its closing brace. */
function longFunctions({ path }: SourceFile, most: number): string[] {
  const file = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const lineAt = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const [first, last] = [lineAt(node.getStart(file)), lineAt(node.end)];
      if (last - first + 1 > most) found.push(`${path}:${first} has ${last - first + 1} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Each floor may import itself and the floors before it. A room is a folder, or a file beside the folders. */
type Floors = readonly (readonly string[])[];

/** Imports that go up, or across to another room of the same floor; and rooms that have no floor. */
function climbs(files: readonly SourceFile[], folder: string, floors: Floors): string[] {
  const roomOf = (path: string) => /^[\w-]+/.exec(path.slice(folder.length))?.[0] ?? '';
  const floorOf = (path: string) => floors.findIndex((rooms) => rooms.includes(roomOf(path)));
  const homeless = files.filter(({ path }) => floorOf(path) < 0).map(({ path }) => `${path} has no floor`);
  const up = offences(
    files,
    (imported, { path }) =>
      imported.startsWith(folder) && roomOf(imported) !== roomOf(path) && floorOf(imported) >= floorOf(path),
  );
  return [...homeless, ...up];
}

const ownPaths = /^(?:server|widget)\/src\//;
const impure = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bfetch\(|\bsetTimeout\b|\bprocess\./;

describe('the server', () => {
  const folder = 'server/src/';
  const floors: Floors = [
    ['coded-error'],
    ['problem', 'log'],
    ['billing'],
    ['tokens', 'ledger'],
    ['config'],
    ['stripe'],
    ['operations'],
    ['background', 'accounts'],
    ['http'],
    ['services'],
    ['billhook'],
    ['index', 'cli'],
  ];
  const inRoom = (room: string) => server.filter(({ path }) => path.startsWith(`${folder}${room}`));
  const outOfRoom = (room: string) => server.filter(({ path }) => !path.startsWith(`${folder}${room}`));

  it('rule: a room imports itself and the floors below it, types included', () => {
    expect(climbs(server, folder, floors)).toEqual([]);
  });

  it('rule: no file imports itself by a detour, types included', () => {
    expect(detours(server)).toEqual([]);
  });

  it('rule: at most 12 rooms, and 6 files beside them', () => {
    const top = new Set(server.map(({ path }) => path.slice(folder.length).split('/')[0] ?? ''));
    const files = [...top].filter((name) => name.endsWith('.ts'));
    expect(top.size - files.length).toBeLessThanOrEqual(12);
    expect(files.length).toBeLessThanOrEqual(6);
  });

  it('rule: whatever lies in billing/ is pure, and so is what reads Stripe’s objects: no clock, no chance, no I/O', () => {
    const pure = [
      ...inRoom('billing/'),
      ...inRoom('stripe/facts/'),
      ...inRoom('stripe/event.ts'),
      ...inRoom('coded-error.ts'),
    ];
    expect(pure.length).toBeGreaterThan(15);
    expect(offences(pure, (imported) => !ownPaths.test(imported) && imported !== 'node:crypto', true)).toEqual([]);
    expect(pure.filter(({ code }) => impure.test(code)).map(({ path }) => path)).toEqual([]);
    // The imports of a pure file must be pure too.
    const paths = new Set(pure.map(({ path }) => path));
    expect(offences(pure, (imported) => ownPaths.test(imported) && !paths.has(imported), true)).toEqual([]);
  });

  it('rule: every error class is a CodedError, so that `codeOf` is the only reader of codes', () => {
    const bare = server.filter(({ path, code }) => /\bextends Error\b/.test(code) && !path.endsWith('/coded-error.ts'));
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  it('rule: the server takes types from the contract and nothing else of the widget', () => {
    expect(offences(server, (imported) => /^(?:widget|demo|test)\//.test(imported))).toEqual([]);
    expect(
      offences(server, (imported) => imported.startsWith('@billhook/') && imported !== '@billhook/widget/contract'),
    ).toEqual([]);
    expect(offences(server, (imported) => imported.startsWith('@billhook/'), true)).toEqual([]);
  });

  it('rule: only services.ts and the commands choose a store; all others know the ledger’s contract', () => {
    const isImplementation = (imported: string) => /^server\/src\/ledger\/(?:sqlite|postgres)\//.test(imported);
    const others = outOfRoom('ledger/').filter(
      ({ path }) => !/^server\/src\/(?:services\.ts|cli\/|config\/)/.test(path),
    );
    expect(offences(others, isImplementation)).toEqual([]);
  });

  it('rule: a command loads what it needs: the entry no package, and a server no driver of another database', () => {
    const packages = (path: string) => [...loadedBy(server, path)].filter((name) => !/^(?:server\/|node:)/.test(name));
    expect(packages('server/src/cli/cli.ts')).toEqual([]);
    expect(packages('server/src/cli/serve.ts')).toContain('stripe');
    expect(packages('server/src/cli/serve.ts').filter((name) => /^(?:better-sqlite3|pg|jose)$/.test(name))).toEqual([]);
  });

  it('rule: SQL stops at the ledger', () => {
    expect(offences(outOfRoom('ledger/'), (imported) => /^(?:better-sqlite3|pg)$/.test(imported))).toEqual([]);
  });

  it('rule: only stripe/ imports Stripe’s code', () => {
    expect(offences(outOfRoom('stripe/'), (imported) => /^stripe(?:\/|$)/.test(imported))).toEqual([]);
  });

  it('rule: only cli/ reads the environment, and only cli/serve.ts listens', () => {
    const readers = outOfRoom('cli/').filter(({ code }) => /\bprocess\.(?:env|argv|exit)/.test(code));
    expect(readers.map(({ path }) => path)).toEqual([]);
    expect(offences(outOfRoom('cli/serve.ts'), (imported) => imported === '@hono/node-server')).toEqual([]);
  });

  it('rule: http/routes/ holds routes and nothing else', () => {
    const others = inRoom('http/routes/').filter(({ code }) => !/export function \w+Routes?\(/.test(code));
    expect(others.map(({ path }) => path)).toEqual([]);
  });
});

describe('the package for host backends', () => {
  const host = sourcesOf('server/host/src');
  const shared = /^server\/src\/(?:tokens\/(?:claims|mint|signing-key|option-error)|billing\/notice-types)\.ts$/;
  const tokens = server.filter(({ path }) => shared.test(path));

  it('rule: it and what it shares with the server run anywhere: jose, Web Crypto and the contract’s types, nothing else', () => {
    expect(host.length).toBeGreaterThan(5);
    expect(tokens).toHaveLength(5);
    const known = (imported: string) =>
      imported.startsWith('server/host/src/') || shared.test(imported) || /^jose(?:\/|$)/.test(imported);
    expect(offences([...host, ...tokens], (imported) => !known(imported), true)).toEqual([]);
    expect(
      offences([...host, ...tokens], (imported) => !known(imported) && imported !== '@billhook/widget/contract'),
    ).toEqual([]);
    expect(
      [...host, ...tokens].filter(({ code }) => /\b(?:Buffer|process|require)\b/.test(code)).map(({ path }) => path),
    ).toEqual([]);
  });

  it('rule: no file imports itself by a detour, and importing it does nothing', () => {
    expect(detours([...host, ...tokens])).toEqual([]);
    const index = host.find(({ path }) => path.endsWith('/index.ts'));
    expect(index?.code.split('\n').filter((line) => /^\s*(?:const|let|function|await)\b/.test(line))).toEqual([]);
  });
});

describe('the packages', () => {
  it('are exactly the ones below', () => {
    expect(widget.length).toBeGreaterThan(5);
    expect(server.length).toBeGreaterThan(20);
    expect(demo.length).toBeGreaterThan(5);
  });

  it('rule: no file of the demo imports itself by a detour, types included', () => {
    expect(detours(demo)).toEqual([]);
  });

  it('rule: the sandbox imports nothing of Billhook: it stands in for Stripe', () => {
    const sandbox = demo.filter(({ path }) => path.startsWith('demo/stripe-sandbox/'));
    expect(offences(sandbox, (imported) => /^(?:server|widget|demo\/host)\/|^@billhook\//.test(imported))).toEqual([]);
  });

  it('rule: importing the packages’ index does nothing', () => {
    const index = [...widget, ...server].filter(({ path }) => path.endsWith('/src/index.ts'));
    expect(index).toHaveLength(2);
    for (const { path, code } of index) {
      const file = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, false);
      const doing = file.statements.filter(
        (statement) => !ts.isExportDeclaration(statement) && !ts.isImportDeclaration(statement),
      );
      expect(doing, path).toEqual([]);
    }
  });
});

describe('the sandbox', () => {
  const sandbox = sourcesOf('demo/stripe-sandbox');
  const floors: Floors = [
    ['state'],
    ['errors'],
    ['engine'],
    ['webhooks'],
    ['http'],
    ['routes', 'pages'],
    ['sandbox'],
    ['control', 'seed'],
    ['index'],
    ['cli-options'],
    ['cli'],
  ];
  const isOwn = (path: string) => path.startsWith('demo/stripe-sandbox/');

  it('rule: a room imports itself and the floors below it, types included', () => {
    expect(climbs(sandbox, 'demo/stripe-sandbox/', floors)).toEqual([]);
  });

  it('rule: no function has more than 80 lines', () => {
    expect(sandbox.length).toBeGreaterThan(100);
    expect(sandbox.flatMap((file) => longFunctions(file, 80))).toEqual([]);
  });

  it('rule: it could be a package of its own: nothing of the repository around it, and few packages', () => {
    const foreign = (imported: string) =>
      !isOwn(imported) && !/^(?:node:[\w/]+|hono(?:\/.+)?|@hono\/node-server(?:\/.+)?|qs|stripe)$/.test(imported);
    expect(offences(sandbox, foreign)).toEqual([]);
  });
});

describe('the widget', () => {
  const folder = 'widget/src/';
  /** From the bottom: a room imports itself and those before it. */
  const floors = [
    ['contract'],
    ['i18n'],
    ['page'],
    ['client'],
    ['view'],
    ['elements'],
    ['define', 'script-address'],
    ['index', 'script', 'types'],
  ];
  const roomOf = (path: string) => /^[\w-]+/.exec(path.slice(folder.length))?.[0] ?? '';
  const own = (imported: string) => imported.startsWith(folder);
  const isTypes = ({ path }: SourceFile) => path.startsWith(`${folder}types/`);

  it('has these rooms and no other', () => {
    expect([...new Set(widget.map(({ path }) => roomOf(path)))].toSorted()).toEqual(floors.flat().toSorted());
  });

  it('rule: a room imports itself and the floors below it, types included', () => {
    expect(climbs(widget, folder, floors)).toEqual([]);
  });

  it('rule: no file imports itself by a detour, types included', () => {
    expect(detours(widget)).toEqual([]);
  });

  it('rule: whatever lies in view/ is pure, and so is when to ask: no clock, no chance, no page, only pure neighbours', () => {
    const pure = new Map<string, SourceFile>();
    const add = (file: SourceFile) => {
      if (pure.has(file.path)) return;
      pure.set(file.path, file);
      file.runtimeImports.filter(own).map(read).forEach(add);
    };
    widget.filter(({ path }) => /\/(?:view\/|client\/polling\.ts)/.test(path)).forEach(add);

    const files = [...pure.values()];
    expect(files.length).toBeGreaterThan(5);
    expect(offences(files, (imported) => !own(imported), true)).toEqual([]);
    const impure =
      /\b(?:Date\.now|new Date\(\)|Math\.random|fetch\(|setTimeout|registry\b|(?:document|window|navigator|location|sessionStorage)\.)/;
    expect(files.filter(({ code }) => impure.test(code)).map(({ path }) => path)).toEqual([]);
  });

  it('rule: the contract imports nothing', () => {
    const contract = widget.filter(({ path }) => path === `${folder}contract.ts`);
    expect(contract).toHaveLength(1);
    expect(offences(contract, () => true)).toEqual([]);
  });

  it('rule: the widget never imports the server, the demo or the tests', () => {
    expect(
      offences(widget, (imported) => /^(?:server|demo|test)\/|^@billhook\/(?:server|demo)/.test(imported)),
    ).toEqual([]);
  });

  it('rule: the widget imports Lit and nothing else at run time; types/ imports frameworks’ types only', () => {
    const foreign = (imported: string) => !imported.startsWith('widget/') && !/^lit(?:\/|$)/.test(imported);
    expect(offences(widget, (imported, file) => !isTypes(file) && foreign(imported))).toEqual([]);
    expect(offences(widget.filter(isTypes), () => true, true)).toEqual([]);
  });

  /** Where the elements and Lit meet: the rest runs without a document, and is tested without one. */
  it('rule: only elements/ imports Lit', () => {
    const others = widget.filter(({ path }) => roomOf(path) !== 'elements');
    expect(offences(others, (imported) => /^lit(?:\/|$)/.test(imported))).toEqual([]);
  });
});
