/** Every call with missing, extra, wrong and huge fields gets a 4xx that names the field, and nothing changes. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { origin, problemOf, startBff, type TestBff } from '../support/bff.ts';

let bff: TestBff;
let before: string;
beforeAll(async () => {
  bff = await startBff();
  before = bff.trace();
});
afterAll(() => bff.close());

interface Field {
  readonly good: unknown;
  readonly required?: boolean;
  readonly wrong: readonly unknown[];
}

/** Half of a pair, and a zero: PostgreSQL stores neither, and would be blamed with a 503. */
const noText = ['\ud800', 'a\0b', '\0'];
const seen: Field = { good: null, required: true, wrong: [7, {}, [], true, '', 'x'.repeat(65), ...noText] };
const returnUrl: Field = {
  good: `${origin}/billing`,
  wrong: [7, null, {}, ...noText.map((text) => `${origin}/${text}`)],
};
const locale: Field = { good: 'en', wrong: [7, null, {}, '', 'no language at all', 'x'.repeat(99)] };

const calls: Record<string, Record<string, Field>> = {
  '/v1/portal-sessions': {
    seen,
    returnUrl,
    locale,
    completionUrl: returnUrl,
    flow: { good: 'payment_method_update', wrong: [7, null, {}, '', 'everything'] },
    subscription: { good: 'abc', wrong: [7, null, {}, '', 'x'.repeat(999), ...noText] },
  },
  '/v1/checkout-sessions': {
    seen,
    returnUrl,
    locale,
    offer: { good: 'team', required: true, wrong: [7, null, {}, '', 'x'.repeat(65), ...noText] },
  },
  '/v1/invoice-sessions': { seen },
  '/v1/visits/return': { visit: { good: 'abc', required: true, wrong: [7, null, {}, '', 'x'.repeat(65), ...noText] } },
};

describe.each(Object.entries(calls))('POST %s', (path, fields) => {
  const good = Object.fromEntries(Object.entries(fields).map(([name, { good: value }]) => [name, value]));
  const refused = async (body: object, field: string) => {
    const response = await bff.call(path, { body });
    expect(await problemOf(response), JSON.stringify(body).slice(0, 200)).toMatchObject({
      status: 400,
      code: 'field_invalid',
      field,
    });
    expect(bff.trace(), 'a trace in the ledger').toBe(before);
  };

  it('takes all its fields', async () => {
    const problem = await problemOf(await bff.call(path, { body: good }));
    // It is refused for what it asks, not for how: there is no customer, no visit, no offer here.
    expect(problem.detail, JSON.stringify(problem)).not.toMatch(/missing or of the wrong form|There is no field/);
  });

  const required = Object.entries(fields).flatMap(([name, field]) => (field.required ? [name] : []));
  it.each(required)('names %s when it is missing', async (name) => {
    const { [name]: _missing, ...rest } = good;
    await refused(rest, name);
  });

  it.each(Object.keys(fields))('names %s when it is wrong or huge', async (name) => {
    for (const wrong of fields[name]?.wrong ?? []) await refused({ ...good, [name]: wrong }, name);
  });

  it.each(['customer', 'account', 'host', '__proto__x', 'Seen'])('names %s, which is no field', async (name) => {
    await refused({ ...good, [name]: 'cus_1' }, name);
  });
});
