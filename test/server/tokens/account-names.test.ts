/** The names that an account may have: none that one database refuses, or takes for another name. */

import { expect, it } from 'vitest';
import { isAccount } from '../../../server/src/tokens/claims.ts';

it.each(['team_1', '三', '\u{1F4B3}', 'a b/c?d', 'x'.repeat(255)])('%j is accepted', (name) => {
  expect(isAccount(name)).toBe(true);
});

it.each(['', 'x'.repeat(256), 'team\u0000', '\uD83D', 'team_\uDCB3', 7, null, undefined])('%j is refused', (name) => {
  expect(isAccount(name)).toBe(false);
});
