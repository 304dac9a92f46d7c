/** The secrets of an operator's own addresses, as bearer tokens; and the widget token's place in the same header. */

import { expect, it, vi } from 'vitest';
import type { VerifyWidgetToken } from '../../../server/src/tokens/verify.ts';
import { bearerTokenOf, claimsOfRequest } from '../../../server/src/http/auth.ts';
import { requireBearer } from '../../../server/src/http/bearer.ts';

const required = (authorization: string | undefined) => () => requireBearer('s3 cret', authorization, 'the metrics');

it.each(['Bearer s3 cret', 'bearer s3 cret'])('%j is the operator’s', (header) =>
  expect(required(header)).not.toThrow(),
);

it.each([
  [undefined, 'token_missing', 'Send the token of the metrics.'],
  ['', 'token_missing', 'Send the token of the metrics.'],
  ['Bearer', 'token_missing', 'Send the token of the metrics.'],
  ['Bearer ', 'token_missing', 'Send the token of the metrics.'],
  ['xBearer s3 cret', 'token_missing', 'Send the token of the metrics.'],
  ['Basic s3 cret', 'token_missing', 'Send the token of the metrics.'],
  ['Bearer s3 cre', 'token_invalid', 'This is not the token of the metrics.'],
  ['Bearer s3 crets', 'token_invalid', 'This is not the token of the metrics.'],
])('%j is %s', (header, code, message) => expect(required(header)).toThrow(expect.objectContaining({ code, message })));

it.each([
  ['Bearer a.b.c', 'a.b.c'],
  ['bearer   a.b.c', 'a.b.c'],
  ['Bearer a b', undefined],
  ['Bearer', undefined],
  ['xBearer a', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('%j carries the widget token %j', (header, token) => expect(bearerTokenOf(header)).toBe(token));

it('a request is verified once, however many parts of the server ask, and at its own moment', async () => {
  const verify = vi.fn<(token: string, now: number) => Promise<string>>(async (token) => `claims of ${token}`);
  const claimsOf = claimsOfRequest(verify as unknown as VerifyWidgetToken, () => 7);
  const request = new Request('https://a.example', { headers: { authorization: 'Bearer a.b.c' } });
  expect(await Promise.all([claimsOf(request), claimsOf(request)])).toEqual(['claims of a.b.c', 'claims of a.b.c']);
  expect(verify.mock.calls).toEqual([['a.b.c', 7]]);
  await expect(claimsOf(new Request('https://a.example'))).rejects.toMatchObject({ code: 'token_missing' });
});
