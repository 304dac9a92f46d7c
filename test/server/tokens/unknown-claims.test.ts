/** What the operator hears of claims that nothing reads. */

import { expect, it } from 'vitest';
import { unknownClaims } from '../../../server/src/tokens/unknown-claims.ts';

function hearing() {
  const lines: unknown[] = [];
  const tell = unknownClaims({ warn: (event: string, fields: object) => void lines.push([event, fields]) } as never);
  return { lines, tell };
}

it('names them in one order, and each host’s each set once', () => {
  const { lines, tell } = hearing();
  tell('acme', ['plan', 'customer']);
  tell('acme', ['customer', 'plan']);
  tell('acme', ['plan']);
  tell('other', ['plan']);
  expect(lines).toEqual([
    ['token.claims_unknown', { host: 'acme', claims: 'customer, plan' }],
    ['token.claims_unknown', { host: 'acme', claims: 'plan' }],
    ['token.claims_unknown', { host: 'other', claims: 'plan' }],
  ]);
});

it('writes a hundred lines at most, and 200 characters of names', () => {
  const { lines, tell } = hearing();
  for (let index = 0; index < 150; index++) tell('acme', [`${index} ${'x'.repeat(300)}`]);
  expect(lines).toHaveLength(100);
  expect(lines[0]).toEqual(['token.claims_unknown', { host: 'acme', claims: `0 ${'x'.repeat(198)}` }]);
});
