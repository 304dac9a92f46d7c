/** Holds every answer and every event of the sandbox against Stripe's own declarations. */

import { createRequire } from 'node:module';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { cached, loadStripeSchemas, type StripeSchemas } from './stripe-schemas.ts';

const schemas = loadStripeSchemas();

function compile({ $defs, roots }: StripeSchemas): string {
  const ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: false, code: { source: true } });
  ajv.addSchema({ $id: 'stripe', $defs });
  for (const [kind, root] of Object.entries(roots)) ajv.addSchema({ $id: kind, ...rooted(root) });
  return standalone.default(ajv, Object.fromEntries(Object.keys(roots).map((kind) => [exportOf(kind), kind])));
}

const exportOf = (kind: string): string => kind.replaceAll('.', '__');

/** Leads the references of a root to the shared definitions. */
const rooted = (schema: unknown): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"stripe#/$defs/')) as object;

/** Compiling takes seconds of a processor, so the compiled functions are kept as a module. */
const validators = createRequire(import.meta.url)(
  cached(import.meta.url, 'stripe-validators', 'cjs', () => compile(schemas)),
) as Readonly<Record<string, ValidateFunction>>;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/**
 * Lists an answer's deviations from Stripe's declared shape, as lines to read; empty when there are none.
 *
 * @example expect(violations(await response.json())).toEqual([]);
 */
export function violations(answer: unknown): string[] {
  if (!isRecord(answer)) return ['not an object'];
  const kind = String(answer['object']);
  if (kind === 'list') return listViolations(answer, ['total_count']);
  if (kind === 'search_result') return listViolations(answer, ['total_count', 'next_page']);
  if (kind === 'event') return eventViolations(answer);
  return check(kind, answer);
}

function check(kind: string, value: unknown): string[] {
  const validate = validators[exportOf(kind)];
  if (!validate) return [`no schema for ${kind}`];
  if (validate(value)) return [];
  // Of a failed union every branch complains; the deepest complaint is the one meant.
  const errors = (validate.errors ?? []).toSorted((a, b) => b.instancePath.length - a.instancePath.length).slice(0, 5);
  return errors.map((error) => `${kind}${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

function listViolations(list: Record<string, unknown>, more: string[]): string[] {
  const known = ['object', 'data', 'has_more', 'url', ...more];
  const extra = Object.keys(list).filter((key) => !known.includes(key));
  if (extra.length > 0) return [`list has ${extra.join(', ')}`];
  if (typeof list['has_more'] !== 'boolean' || typeof list['url'] !== 'string' || !Array.isArray(list['data'])) {
    return ['list lacks has_more, url or data'];
  }
  return list['data'].flatMap(violations);
}

/** WH-5 with the envelope: the payload is of the declared kind, and only `*.updated` names earlier values. */
function eventViolations(event: Record<string, unknown>): string[] {
  const found = check('event', event);
  const type = String(event['type']);
  const declared = schemas.events[type];
  if (!declared) return [...found, `no such event type: ${type}`];
  const data = isRecord(event['data']) ? event['data'] : {};
  const payload = isRecord(data['object']) ? data['object'] : {};
  if (!declared.kinds.includes(String(payload['object']))) found.push(`${type} carries ${String(payload['object'])}`);
  const updated = type.endsWith('.updated');
  if (updated !== (data['previous_attributes'] !== undefined))
    found.push(`${type} ${updated ? 'lacks' : 'has'} previous_attributes`);
  return [...found, ...violations(payload).map((line) => `${type}: ${line}`)];
}
