/**
 * OBJ-6: the sandbox's answers held against Stripe's declarations in each of the versions that it speaks: by the types of an
 * SDK of that version, and by any schema file that is given. Newer fields stand apart: a reader of an older version does
 * not know them. Members that an older version declares must be there, of its type and among its values.
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { cached, generateStripeSchemas, newestStripe, type JsonSchema, type StripePackage } from './stripe-schemas.ts';

/** An object's deviations, as lines to read; `null` for a kind that the version does not have. */
export type Check = (value: Readonly<Record<string, unknown>>) => string[] | null;

const homeOf = (name: string): string => dirname(dirname(createRequire(import.meta.url).resolve(name)));

/** An SDK of each version, for its types alone; the newest is the one that everything else uses. */
export const versions: Readonly<Record<string, StripePackage>> = {
  '2025-02-24.acacia': { declarations: join(homeOf('stripe-acacia'), 'types/index.d.ts'), ambient: true },
  '2025-12-15.clover': { declarations: join(homeOf('stripe-clover'), 'types/index.d.ts'), ambient: true },
  '2026-08-26.dahlia': { declarations: join(homeOf('stripe-dahlia'), 'esm/stripe.esm.node.d.ts'), ambient: false },
  '2026-10-28.endive': newestStripe(),
};

/** By the types of the SDK of this version. */
export function sdkCheck(version: string): Check {
  const stripe = versions[version];
  if (!stripe) throw new Error(`there is no SDK of ${version} here`);
  const path = cached(import.meta.url, `stripe-schemas-${version}`, 'json', () =>
    JSON.stringify(generateStripeSchemas(stripe)),
  );
  const { $defs, roots } = JSON.parse(readFileSync(path, 'utf8')) as {
    $defs: object;
    roots: Record<string, JsonSchema>;
  };
  return checkOf($defs, roots, (kind) => kind);
}

/** By a file of schemas: `$defs`, and a root for each kind of object. */
export function fileCheck(path: string): Check {
  const { $defs, roots } = JSON.parse(readFileSync(path, 'utf8')) as {
    $defs: object;
    roots: Record<string, JsonSchema>;
  };
  const names: Readonly<Record<string, string>> = { line_item: 'invoice_line_item' };
  return checkOf($defs, roots, (kind, isDeleted) => (isDeleted ? `deleted_${kind}` : (names[kind] ?? kind)));
}

function checkOf(
  $defs: object,
  roots: Readonly<Record<string, JsonSchema>>,
  nameOf: (kind: string, isDeleted: boolean) => string,
): Check {
  const ajv = new Ajv2020({ strict: false, inlineRefs: false, code: { optimize: false } });
  ajv.addSchema({ $id: 'stripe', $defs: open($defs) as object });
  const made = new Map<string, ValidateFunction>();
  return (value) => {
    const kind = nameOf(String(value['object']), value['deleted'] === true);
    const root = roots[kind];
    if (!root) return null;
    const text = JSON.stringify(open(root)).replaceAll('"#/$defs/', '"stripe#/$defs/');
    const validate = made.get(kind) ?? ajv.compile(JSON.parse(text) as object);
    made.set(kind, validate);
    return validate(value) ? [] : (validate.errors ?? []).toSorted(byDepth).slice(0, 3).map(lineOf(kind));
  };
}

/** Objects that may have more fields than are declared. */
function open(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(open);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).filter(([key, value]) => key !== 'additionalProperties' || value !== false);
  return Object.fromEntries(entries.map(([key, value]) => [key, open(value)]));
}

const byDepth = (a: ErrorObject, b: ErrorObject): number => b.instancePath.length - a.instancePath.length;

const lineOf =
  (kind: string) =>
  ({ instancePath, message, params }: ErrorObject): string =>
    `${kind}${instancePath.replaceAll(/\/\d+/g, '/*')} ${message} ${JSON.stringify(params)}`;
