/**
 * JSON schemas of Stripe's answers, made from the type declarations of the installed `stripe` package, so that they move
 * with the pinned API version. Strict: no property that is not declared, none missing that is not optional, and unions of
 * texts as closed enums (the SDK leaves them open for the future; the sandbox has no future).
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export type JsonSchema = Record<string, unknown>;

export interface StripeSchemas {
  /** Every named type, for `$ref`. */
  readonly $defs: Record<string, JsonSchema>;
  /** The schema of each kind of object, by its `object` field. */
  readonly roots: Record<string, JsonSchema>;
  /** The objects that each type of event carries, and whether it may carry their previous attributes. */
  readonly events: Record<string, { kinds: string[]; previousAttributes: boolean }>;
}

/** The kinds that the sandbox answers with. Others are never expanded, so where they could stand only their id may. */
const rootOf: Record<string, string> = {
  account: 'Stripe.Account',
  customer: 'Stripe.Customer | Stripe.DeletedCustomer',
  product: 'Stripe.Product | Stripe.DeletedProduct',
  price: 'Stripe.Price',
  plan: 'Stripe.Plan | Stripe.DeletedPlan',
  payment_method: 'Stripe.PaymentMethod',
  subscription: 'Stripe.Subscription',
  card: 'Stripe.Card | Stripe.DeletedCard',
  subscription_item: 'Stripe.SubscriptionItem | Stripe.DeletedSubscriptionItem',
  subscription_schedule: 'Stripe.SubscriptionSchedule',
  invoice: 'Stripe.Invoice | Stripe.DeletedInvoice',
  line_item: 'Stripe.InvoiceLineItem',
  invoiceitem: 'Stripe.InvoiceItem | Stripe.DeletedInvoiceItem',
  invoice_payment: 'Stripe.InvoicePayment',
  payment_intent: 'Stripe.PaymentIntent',
  setup_intent: 'Stripe.SetupIntent',
  charge: 'Stripe.Charge',
  'checkout.session': 'Stripe.Checkout.Session',
  item: 'Stripe.LineItem',
  coupon: 'Stripe.Coupon | Stripe.DeletedCoupon',
  promotion_code: 'Stripe.PromotionCode',
  discount: 'Stripe.Discount | Stripe.DeletedDiscount',
  tax_rate: 'Stripe.TaxRate',
  tax_id: 'Stripe.TaxId | Stripe.DeletedTaxId',
  customer_balance_transaction: 'Stripe.CustomerBalanceTransaction',
  'entitlements.feature': 'Stripe.Entitlements.Feature',
  'entitlements.active_entitlement': 'Stripe.Entitlements.ActiveEntitlement',
  'entitlements.active_entitlement_summary': 'Stripe.Entitlements.ActiveEntitlementSummary',
  'billing.meter': 'Stripe.Billing.Meter',
  'billing.meter_event': 'Stripe.Billing.MeterEvent',
  'billing.meter_event_summary': 'Stripe.Billing.MeterEventSummary',
  refund: 'Stripe.Refund',
  dispute: 'Stripe.Dispute',
  balance: 'Stripe.Balance',
  balance_transaction: 'Stripe.BalanceTransaction',
  product_feature: 'Stripe.ProductFeature | Stripe.DeletedProductFeature',
  'billing_portal.session': 'Stripe.BillingPortal.Session',
  'billing_portal.configuration': 'Stripe.BillingPortal.Configuration',
  'test_helpers.test_clock': 'Stripe.TestHelpers.TestClock | Stripe.TestHelpers.DeletedTestClock',
  webhook_endpoint: 'Stripe.WebhookEndpoint | Stripe.DeletedWebhookEndpoint',
};

/** Members that real answers have beyond the declarations, or lack: exactly these, by name and rule. */
const deviations: Record<string, { optional?: string[]; extra?: Record<string, JsonSchema> }> = {
  // OBJ-2: single-item subscriptions still have the plan and the quantity at the top.
  Subscription: {
    extra: { plan: { anyOf: [{ $ref: '#/$defs/Plan' }, { type: 'null' }] }, quantity: { type: ['number', 'null'] } },
  },
  // OBJ-1: declared, and absent from every recorded answer.
  InvoiceLineItem: { optional: ['subscription'] },
};

/**
 * The schemas, made once for each version of the package and of this file: type-checking the declarations takes two
 * seconds, which every test file would pay again.
 */
export function loadStripeSchemas(): StripeSchemas {
  const cache = cached(import.meta.url, 'stripe-schemas', 'json', () => JSON.stringify(generateStripeSchemas()));
  return JSON.parse(readFileSync(cache, 'utf8')) as StripeSchemas;
}

/**
 * The path of a file that is made once for each version of the SDK and of the sources of `module`.
 *
 * @param module - `import.meta.url` of the maker: another text of it makes another file
 */
export function cached(module: string, name: string, ending: string, make: () => string): string {
  const hash = createHash('sha256').update(stripeDeclarations());
  for (const url of new Set([import.meta.url, module])) hash.update(readFileSync(fileURLToPath(url), 'utf8'));
  const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', '.cache');
  const path = join(folder, `${name}-${hash.digest('hex').slice(0, 16)}.${ending}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  // Written aside and moved into place: another test file may be reading.
  writeFileSync(`${path}.${process.pid}`, make());
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

/** The path of the declarations; it contains the package's version. */
function stripeDeclarations(): string {
  const main = createRequire(import.meta.url).resolve('stripe');
  return join(dirname(dirname(main)), 'esm', 'stripe.esm.node.d.ts');
}

/** The declarations of one version of the SDK. */
export interface StripePackage {
  readonly declarations: string;
  /** They declare the module `stripe`, as all did before dahlia, instead of being one. */
  readonly ambient: boolean;
}

/** The SDK that everything here is made for. */
export const newestStripe = (): StripePackage => ({ declarations: stripeDeclarations(), ambient: false });

/** @param stripe - an older one need not have every kind. Default: the newest, which must. */
export function generateStripeSchemas(stripe: StripePackage = newestStripe()): StripeSchemas {
  const here = fileURLToPath(import.meta.url);
  const { declarations, ambient } = stripe;
  const isNewest = declarations === stripeDeclarations();
  const virtual = join(dirname(here), '__stripe-roots.ts');
  const source = [
    ...(ambient
      ? [`/// <reference path=${JSON.stringify(declarations)} />`, `import type Stripe from 'stripe';`]
      : [`import type { Stripe } from ${JSON.stringify(declarations.replace(/\.d\.ts$/, '.js'))};`]),
    ...Object.entries(rootOf).map(([kind, type]) => `export type ${aliasOf(kind)} = ${type};`),
    'export type root_event = Stripe.Event;',
    'export type root_envelope = Stripe.CustomerUpdatedEvent;',
  ].join('\n');

  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    noLib: false,
    lib: ['lib.es2023.d.ts'],
    types: [],
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, version, ...rest) =>
    name === virtual ? ts.createSourceFile(name, source, version) : readSource(name, version, ...rest);
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === virtual || exists(name);
  const program = ts.createProgram([virtual], options, host);
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(virtual);
  if (!file) throw new Error('the virtual file is missing');

  const aliases = new Map<string, ts.Type>();
  for (const statement of file.statements) {
    if (ts.isTypeAliasDeclaration(statement))
      aliases.set(statement.name.text, checker.getTypeAtLocation(statement.name));
  }
  const typeOf = (alias: string): ts.Type => {
    const type = aliases.get(alias);
    if (!type || type.flags & ts.TypeFlags.Any) throw new Error(`the stripe package does not declare ${alias}`);
    return type;
  };

  const $defs: Record<string, JsonSchema> = {};
  const toSchema = createConverter(checker, file, $defs);
  const roots: Record<string, JsonSchema> = {};
  const isDeclared = (alias: string): boolean => ((aliases.get(alias)?.flags ?? 0) & ts.TypeFlags.Any) === 0;
  for (const kind of Object.keys(rootOf))
    if (isNewest || isDeclared(aliasOf(kind))) roots[kind] = toSchema(typeOf(aliasOf(kind)));
  roots['event'] = envelope(toSchema(typeOf('root_envelope')), $defs);
  return { $defs, roots, events: eventMap(checker, file, typeOf('root_event')) };
}

const aliasOf = (kind: string): string => `root_${kind.replaceAll('.', '_')}`;

/** The envelope of one event with its payload left open: that is checked against the kind it names. */
function envelope(schema: JsonSchema, $defs: Record<string, JsonSchema>): JsonSchema {
  const named = typeof schema['$ref'] === 'string' ? $defs[schema['$ref'].replace('#/$defs/', '')] : schema;
  const properties = { ...(named?.['properties'] as Record<string, JsonSchema>) };
  properties['type'] = { type: 'string' };
  properties['data'] = {
    type: 'object',
    properties: { object: { type: 'object' }, previous_attributes: { type: 'object', minProperties: 1 } },
    required: ['object'],
    additionalProperties: false,
  };
  return { ...named, properties };
}

type Converter = (type: ts.Type) => JsonSchema;

function createConverter(checker: ts.TypeChecker, at: ts.Node, $defs: Record<string, JsonSchema>): Converter {
  const isDecimal = (type: ts.Type): boolean =>
    type.aliasSymbol?.name === 'Decimal' || type.symbol?.name === 'DecimalImpl';
  /** `OtherString`: the opening for values of the future. */
  const isOpening = (type: ts.Type): boolean =>
    type.isIntersection() && type.types.some((part) => (part.flags & ts.TypeFlags.String) !== 0);

  const convert: Converter = (type) => {
    if (isDecimal(type)) return { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' };
    if (type.isUnion()) return union(type.types);
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (type.flags & ts.TypeFlags.BooleanLiteral) return { const: checker.typeToString(type) === 'true' };
    if (type.flags & ts.TypeFlags.String || isOpening(type)) return { type: 'string' };
    if (type.flags & ts.TypeFlags.Number) return { type: 'number' };
    if (type.flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
    if (type.flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return {};
    if (checker.isArrayType(type)) {
      const [element] = checker.getTypeArguments(type as ts.TypeReference);
      return { type: 'array', items: element ? convert(element) : {} };
    }
    if (type.flags & ts.TypeFlags.Object) return named(type);
    throw new Error(`cannot say as JSON schema: ${checker.typeToString(type)}`);
  };

  const union = (members: readonly ts.Type[]): JsonSchema => {
    const present = members.filter((member) => !(member.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)));
    const literals = present.filter((member) => member.isStringLiteral());
    // Texts with an opening are a closed list here.
    const closed = literals.length > 0 ? present.filter((member) => !isOpening(member)) : present;
    const expandable = closed.some((member) => member.flags & ts.TypeFlags.String || isOpening(member));
    const kept = expandable ? closed.filter((member) => isKnownKind(member)) : closed;
    if (kept.every((member) => member.flags & ts.TypeFlags.BooleanLiteral)) return { type: 'boolean' };
    const booleans = kept.filter((member) => member.flags & ts.TypeFlags.BooleanLiteral);
    const others = kept.filter(
      (member) => !member.isStringLiteral() && !(booleans.length === 2 && booleans.includes(member)),
    );
    const anyOf = others.map(convert);
    if (booleans.length === 2) anyOf.push({ type: 'boolean' });
    if (literals.length > 0) anyOf.push({ enum: literals.map((literal) => (literal as ts.StringLiteralType).value) });
    const [only, ...more] = anyOf;
    return only && more.length === 0 ? only : { anyOf };
  };

  const isKnownKind = (type: ts.Type): boolean => {
    if (!(type.flags & ts.TypeFlags.Object)) return true;
    const kind = kindOf(checker, at, type);
    return kind === null || kind in rootOf;
  };

  const named: Converter = (type) => {
    const symbol = type.symbol;
    const reference = checker.getTypeArguments(type as ts.TypeReference);
    if (reference.length > 0 || !symbol || symbol.name === '__type') return objectSchema(type, symbol?.name ?? '');
    const name = checker
      .getFullyQualifiedName(symbol)
      .replace(/^".*?"\./, '')
      .replaceAll(/[^A-Za-z0-9_.]/g, '_');
    // Declared in several files under one name (`Session`): the file keeps them apart.
    const home = /\/resources\/(.+\/.+)\.d\.ts$/.exec(symbol.declarations?.[0]?.getSourceFile().fileName ?? '')?.[1];
    const key = home ? `${home.replaceAll('/', '.')}.${name}` : name;
    if (!(key in $defs)) {
      $defs[key] = {};
      $defs[key] = objectSchema(type, key);
    }
    return { $ref: `#/$defs/${key}` };
  };

  const objectSchema = (type: ts.Type, name: string): JsonSchema => {
    const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    const deviation = deviations[name.replace(/^Stripe\./, '')];
    for (const property of checker.getPropertiesOfType(type)) {
      const declared = checker.getTypeOfSymbolAtLocation(property, at);
      // `deleted?: void` only tells deleted objects apart.
      if (declared.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined)) continue;
      if (
        declared.isUnion() &&
        declared.types.every((member) => member.flags & (ts.TypeFlags.Void | ts.TypeFlags.Undefined))
      )
        continue;
      properties[property.name] = convert(declared);
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0 || deviation?.optional?.includes(property.name);
      if (!optional) required.push(property.name);
    }
    Object.assign(properties, deviations[name]?.extra);
    // OBJ-2: embedded lists say how many there are.
    if (name === 'ApiList') properties['total_count'] = { type: 'integer' };
    return {
      type: 'object',
      properties,
      required,
      additionalProperties: index ? convert(index.type) : false,
    };
  };

  return convert;
}

/** The `object` field's text, for types that have one. */
function kindOf(checker: ts.TypeChecker, at: ts.Node, type: ts.Type): string | null {
  const property = type.getProperty('object');
  if (!property) return null;
  const declared = checker.getTypeOfSymbolAtLocation(property, at);
  return declared.isStringLiteral() ? declared.value : null;
}

function eventMap(checker: ts.TypeChecker, at: ts.Node, union: ts.Type): StripeSchemas['events'] {
  const events: StripeSchemas['events'] = {};
  for (const member of union.isUnion() ? union.types : [union]) {
    const type = propertyType(checker, at, member, 'type');
    const data = propertyType(checker, at, member, 'data');
    if (!type?.isStringLiteral() || !data) continue;
    const payload = propertyType(checker, at, data, 'object');
    const parts = payload?.isUnion() ? payload.types : payload ? [payload] : [];
    events[type.value] = {
      kinds: parts.map((part) => kindOf(checker, at, part)).filter((kind) => kind !== null),
      previousAttributes: data.getProperty('previous_attributes') !== undefined,
    };
  }
  return events;
}

function propertyType(checker: ts.TypeChecker, at: ts.Node, type: ts.Type, name: string): ts.Type | undefined {
  const property = type.getProperty(name);
  return property && checker.getTypeOfSymbolAtLocation(property, at);
}
