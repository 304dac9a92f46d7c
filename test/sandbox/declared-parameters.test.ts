/** Never kinder than Stripe: every parameter is one that the SDK declares, and every closed list is the SDK's own. */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDeclared, type Declared } from '../../demo/stripe-sandbox/http/declared.ts';
import type { Shape } from '../../demo/stripe-sandbox/http/params.ts';
import { removedParameters } from '../../demo/stripe-sandbox/http/removed-parameters.ts';
import { committed, declaredParameters, sandboxEndpoints, sdkParameters } from './declared-parameters.ts';
import { startSandbox, type Harness } from './harness.ts';

/** Parameters that the sandbox takes and the SDK's types do not declare, with the reason. */
const undeclared: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(removedParameters).flatMap(([endpoint, names]) =>
      Object.entries(names).map(([name, last]) => [`${endpoint} ${name.replace('[].', ' ')}`, `until ${last}`]),
    ),
  ),
  'GET /v1/accounts/: *': 'the account’s own address, which the SDK calls by another one',
  'GET /v2/core/events/: *': 'a v2 address',
};

describe('parameters', () => {
  let sdk: ReadonlyMap<string, Declared>;
  beforeAll(() => {
    sdk = sdkParameters();
  }, 120_000);

  test('the committed lists are what the installed SDK declares', () => {
    expect(
      JSON.parse(readFileSync(committed, 'utf8')),
      'run node test/sandbox/declared-parameters.ts, then the formatter',
    ).toEqual(declaredParameters(sdk));
  });

  test('the sandbox takes no parameter that Stripe does not know', () => {
    const unknown = (shape: Shape, declared: Declared | undefined, path: string): string[] =>
      Object.entries(shape).flatMap(([key, field]) => {
        const inner = declared?.parts?.[key];
        const own = `${path} ${key}`;
        if (!inner) return [own];
        const element = field.element?.parts;
        return [
          ...(field.parts ? unknown(field.parts, inner, own) : []),
          ...(element ? unknown(element, inner.element, own) : []),
        ];
      });
    const found = sandboxEndpoints().flatMap(({ key, shape }) => unknown(shape, sdk.get(key), key));
    expect(
      found.filter((path) => !Object.keys(undeclared).some((known) => path.startsWith(known.replace('*', '')))),
    ).toEqual([]);
  });

  test('every closed list refuses what is not in it, naming the parameter, and takes all that is', () => {
    let lists = 0;
    const walk = (declared: Declared, key: string, wrap: (value: unknown) => object, path: string): void => {
      const [method = '', address = ''] = key.split(' ');
      if (declared.oneOf) {
        lists += 1;
        expect(() => checkDeclared(method, address, wrap('no_such_text')), `${key} ${path}`).toThrow(
          `Invalid ${path}:`,
        );
        for (const text of declared.oneOf) checkDeclared(method, address, wrap(text));
        if (declared.open) checkDeclared(method, address, wrap('1'));
      }
      for (const [name, part] of Object.entries(declared.parts ?? {}))
        walk(part, key, (value) => wrap({ [name]: value }), path === '' ? name : `${path}[${name}]`);
      if (declared.element) walk(declared.element, key, (value) => wrap([value]), `${path}[0]`);
    };
    for (const [key, declared] of Object.entries(declaredParameters(sdk)))
      walk(declared, key, (value) => value as object, '');
    process.stdout.write(`${lists} closed lists at ${sandboxEndpoints().length} endpoints are the SDK’s own\n`);
    expect(lists).toBeGreaterThan(60);
  });
});

describe('CHK-2: locales', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startSandbox();
    harness.sandbox.savePortalSettings();
  });
  afterAll(() => harness.close());

  test('Checkout and the portal have a list each', async () => {
    const { stripe } = harness;
    const { id } = await stripe.customers.create();
    const price = await stripe.prices.create({
      currency: 'eur',
      unit_amount: 100,
      recurring: { interval: 'month' },
      product_data: { name: 'Plan' },
    });
    const checkout = (locale: string) =>
      stripe.checkout.sessions.create({
        mode: 'subscription',
        customer: id,
        line_items: [{ price: price.id, quantity: 1 }],
        success_url: 'https://host.example/',
        locale: locale as 'en',
      });
    await expect(checkout('en-AU')).rejects.toMatchObject({ statusCode: 400, param: 'locale' });
    await expect(checkout('fi-FI')).rejects.toMatchObject({ param: 'locale' });
    expect((await checkout('en-GB')).locale).toBe('en-GB');
    const portal = (locale: string) => stripe.billingPortal.sessions.create({ customer: id, locale: locale as 'en' });
    expect((await portal('en-AU')).locale).toBe('en-AU');
    await expect(portal('de-AT')).rejects.toMatchObject({ statusCode: 400, param: 'locale' });
  });
});
