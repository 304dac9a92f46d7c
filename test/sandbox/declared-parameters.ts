/**
 * Each endpoint's parameters as the installed SDK declares them: read from the types of its methods, by the addresses that
 * those methods call. `node test/sandbox/declared-parameters.ts` writes the file that the sandbox checks requests against.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { endpointKey, type Declared } from '../../demo/stripe-sandbox/http/declared.ts';
import type { Field, Shape } from '../../demo/stripe-sandbox/http/params.ts';
import { registerRoutes } from '../../demo/stripe-sandbox/routes/index.ts';

export const committed = fileURLToPath(
  new URL('../../demo/stripe-sandbox/http/declared-parameters.json', import.meta.url),
);

/** A sandbox endpoint, and the shape of its parameters. */
export interface SandboxEndpoint {
  readonly key: string;
  readonly shape: Shape;
}

/** Every endpoint that the sandbox has. */
export function sandboxEndpoints(): SandboxEndpoint[] {
  const found: SandboxEndpoint[] = [];
  const note = (method: string) => (path: string, shape: Shape) =>
    void found.push({ key: endpointKey(method, path), shape });
  registerRoutes({ get: note('GET'), post: note('POST'), delete: note('DELETE') }, {} as never);
  return found;
}

/** All declared parameters of the SDK, by endpoint; parameters without a closed list are there too. */
export function sdkParameters(): ReadonlyMap<string, Declared> {
  const resources = join(dirname(dirname(createRequire(import.meta.url).resolve('stripe'))), 'esm', 'resources');
  const files = readdirSync(resources, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.d.ts') && !name.endsWith('index.d.ts') && !name.startsWith('V2/'))
    .map((name) => join(resources, name));
  const program = ts.createProgram(files, {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  const checker = program.getTypeChecker();
  const convert = createConverter(checker);
  const endpoints = new Map<string, Declared>();
  for (const path of files) {
    const addresses = addressesOf(path.replace(/\.d\.ts$/, '.js'));
    program.getSourceFile(path)?.forEachChild((node) => {
      if (!ts.isClassDeclaration(node)) return;
      for (const member of node.members) {
        const key = addresses.get(member.name?.getText() ?? '');
        if (!ts.isMethodDeclaration(member) || key === undefined) continue;
        const params = member.parameters.find((parameter) => parameter.name.getText() === 'params');
        endpoints.set(key, params ? convert(checker.getTypeAtLocation(params)) : {});
      }
    });
  }
  return endpoints;
}

/** Which endpoint each method of a resource calls. */
function addressesOf(path: string): Map<string, string> {
  const calls = /^ {4}(\w+)\([^)]*\) \{\n {8}return this\._makeRequest\('(\w+)', (?:'([^']+)'|`([^`]+)`)/gm;
  return new Map(
    [...readFileSync(path, 'utf8').matchAll(calls)].map(([, name = '', method = '', plain, template = '']) => [
      name,
      endpointKey(method, (plain ?? template).replaceAll(/\$\{[^}]+\}/g, ':id')),
    ]),
  );
}

function createConverter(checker: ts.TypeChecker): (type: ts.Type) => Declared {
  const flags = ts.TypeFlags;
  const isOpening = (type: ts.Type): boolean =>
    type.isIntersection() && type.types.some((part) => (part.flags & flags.String) !== 0);
  const convert = (type: ts.Type): Declared => {
    const members = type.isUnion() ? type.types : [type];
    const kept = members.filter((member) => !(member.flags & (flags.Undefined | flags.Null | flags.Void)));
    const texts = kept.flatMap((member) => (member.isStringLiteral() && member.value !== '' ? [member.value] : []));
    // A plain text beside the literals takes any text; the SDK's opening for future ones does not.
    const anyText = kept.some((member) => (member.flags & flags.String) !== 0);
    const numbers = kept.some((member) => (member.flags & flags.Number) !== 0);
    const objects = kept.filter((member) => member.flags & flags.Object && !isDecimal(member) && !isOpening(member));
    const hashes = objects.filter((member) => !checker.isArrayType(member));
    const array = objects.find((member) => checker.isArrayType(member));
    const [element] = array ? checker.getTypeArguments(array as ts.TypeReference) : [];
    const parts = Object.fromEntries(hashes.flatMap(partsOf));
    return {
      ...(texts.length > 0 && !anyText ? { oneOf: texts.toSorted() } : {}),
      ...(texts.length > 0 && numbers ? { open: true } : {}),
      ...(hashes.length > 0 ? { parts } : {}),
      ...(element ? { element: convert(element) } : {}),
    };
  };
  const partsOf = (type: ts.Type): [string, Declared][] =>
    checker.getPropertiesOfType(type).map((property) => [property.name, convert(checker.getTypeOfSymbol(property))]);
  const isDecimal = (type: ts.Type): boolean =>
    type.aliasSymbol?.name === 'Decimal' || type.symbol?.name === 'DecimalImpl';
  return convert;
}

/** The part of a declaration that the sandbox reads and that is a closed list: nothing else has to be checked. */
export function relevant(declared: Declared, field: Pick<Field<unknown>, 'parts' | 'element'>): Declared | null {
  const parts = Object.entries(field.parts ?? {}).flatMap(([key, part]) => {
    const inner = declared.parts?.[key];
    const kept = inner && relevant(inner, part);
    return kept ? [[key, kept] as const] : [];
  });
  const element = declared.element && field.element ? relevant(declared.element, field.element) : null;
  const { oneOf, open } = declared;
  if (!oneOf && parts.length === 0 && !element) return null;
  return {
    ...(oneOf ? { oneOf } : {}),
    ...(open ? { open } : {}),
    ...(parts.length > 0 ? { parts: Object.fromEntries(parts) } : {}),
    ...(element ? { element } : {}),
  };
}

/** The content that `declared-parameters.json` must have. */
export function declaredParameters(sdk: ReadonlyMap<string, Declared> = sdkParameters()): Record<string, Declared> {
  return Object.fromEntries(
    sandboxEndpoints()
      .flatMap(({ key, shape }) => {
        const kept = relevant(sdk.get(key) ?? {}, { parts: shape });
        return kept ? [[key, kept] as const] : [];
      })
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(committed, `${JSON.stringify(declaredParameters(), null, 1)}\n`);
