/**
 * N14: an origin that is not allowed is named to the operator, for the page shows nothing and the browser says "CORS"; and
 * a token that is refused by the names in it, for a code alone does not say which of the host's settings is another.
 */

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LogFields } from '@billhook/server';
import { origin, startBff, type TestBff } from '../support/bff.ts';

let bff: TestBff;
const lines: (LogFields & { readonly what: string })[] = [];
beforeAll(async () => {
  const note = (what: string, fields: LogFields = {}) => void lines.push({ what, ...fields });
  bff = await startBff({}, { log: { info: note, warn: note, error: note } });
});
afterAll(() => bff.close());
beforeEach(() => void lines.splice(0));
const said = (wanted: string) => lines.filter(({ what }) => what === wanted);

it('a request from it', async () => {
  await bff.call('/v1/billing', { headers: { origin: 'https://preview.acme.example' } });
  expect(said('request.refused')).toMatchObject([
    { code: 'origin_not_allowed', origin: 'https://preview.acme.example', path: '/v1/billing' },
  ]);
});

it.each([
  ['minted for another server', { audience: 'https://acme.example/v1' }, 'token_audience_wrong', { issuer: 'acme' }],
  ['of a host that there is not', { issuer: 'ac\nme' }, 'token_issuer_unknown', { issuer: 'ac?me' }],
  ['signed with another secret', { secret: 'x'.repeat(32) }, 'token_invalid', { issuer: 'acme' }],
])('a token %s', async (_, mint, code, names) => {
  const response = await bff.call('/v1/billing', { mint });
  expect([response.status, await response.text()]).toEqual([401, expect.not.stringContaining('acme')]);
  const audience = 'audience' in mint ? { audience: mint.audience } : {};
  expect(said('request.refused')).toEqual([expect.objectContaining({ code, ...names, ...audience })]);
});

it('an address to come back to', async () => {
  const body = { seen: null, returnUrl: 'https://preview.acme.example/billing?secret=1' };
  await bff.call('/v1/portal-sessions', { body });
  expect(said('request.refused')).toMatchObject([
    { code: 'return_url_not_allowed', origin: 'https://preview.acme.example' },
  ]);
  expect(JSON.stringify(lines)).not.toContain('secret');
});

it('a preflight, after which no request comes: once, and nothing that a terminal obeys', async () => {
  const ask = (from: string) =>
    bff.call('/v1/billing', { method: 'OPTIONS', headers: { origin: from, 'access-control-request-method': 'GET' } });
  for (const from of [origin, 'https://staging.acme.example', 'https://staging.acme.example', 'https://é.example']) {
    expect((await ask(from)).status).toBe(204);
  }
  expect(said('origin.unknown').map(({ origin: named }) => named)).toEqual([
    'https://staging.acme.example',
    'https://?.example',
  ]);
  const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'GET' } };
  const { options } = bff;
  expect((await bff.billhook.fetch(new Request(`${options.publicUrl}/v1/billing`, preflight))).status).toBe(204);
  await ask(`https://${'a'.repeat(300)}.example`);
  expect(said('origin.unknown').at(-1)?.['origin']).toHaveLength(200);
  for (let index = 0; index < 200; index += 1) await ask(`https://${index}.example`);
  expect(said('origin.unknown').length).toBe(100);
});
