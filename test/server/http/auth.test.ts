/** The caller that a verified token makes of a request, and the count that the request goes into. */

import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { widgetAuth, type AuthParts } from '../../../server/src/http/auth.ts';
import { BillhookError } from '../../../server/src/problem.ts';
import type { Scope } from '../../../server/src/tokens/claims.ts';

const claims = { host: 'acme', account: 'team_1', scopes: new Set<string>(), introduces: null, expiresAt: 1 };
const host = { id: 'acme', origins: ['https://a.example'], policy: { plans: [] } };

async function asked(
  scope: Scope,
  given: object | Error,
  { origin, hosts = [host] }: { origin?: string; hosts?: (typeof host)[] } = {},
) {
  const counted: string[] = [];
  const count = (what: string) => async () => void counted.push(what);
  const parts = {
    claimsOf: async () => {
      if (given instanceof Error) throw given;
      return { ...claims, ...given };
    },
    hosts: new Map(hosts.map((each) => [each.id, each])),
    limits: {
      countRequest: count('request'),
      countAccess: count('access'),
      countOpening: count('opening'),
      countRefusal: count('refusal'),
    },
  } as unknown as AuthParts;
  let refusal: unknown = null;
  const app = new Hono()
    .get('/', widgetAuth(parts, scope), (c) => c.json({ ...c.var.caller, its: c.var.host.id }))
    .onError((cause, c) => {
      refusal = cause;
      return c.body(null);
    });
  const answer = await app.request('/', { headers: origin === undefined ? {} : { origin } });
  return { counted, answer: refusal ?? (await answer.json()) };
}

const all = new Set(['billing:read', 'billing:manage', 'access']);

it.each([
  ['billing:read', ['request']],
  ['billing:manage', ['request', 'opening']],
  ['access', ['access']],
] as const)('a request for %s is counted as %j', async (scope, counted) => {
  expect((await asked(scope, { scopes: all })).counted).toEqual(counted);
});

it('a caller is the token’s account, with its rights, its customer and its details', async () => {
  const caller = { host: 'acme', account: 'team_1', policy: host.policy, introduces: null, its: 'acme' };
  const read = new Set(['billing:read']);
  expect((await asked('billing:read', { scopes: read })).answer).toEqual({ ...caller, mayManage: false });
  const more = { scopes: all, introduces: 'cus_1', payer: { email: 'a@b' } };
  expect((await asked('billing:read', more, { origin: 'https://a.example' })).answer).toEqual({
    ...caller,
    mayManage: true,
    introduces: 'cus_1',
    payer: { email: 'a@b' },
  });
});

it.each([
  ['of a host that is not ours any more', { scopes: all }, { hosts: [] }, 'token_issuer_unknown'],
  ['from another host’s page', { scopes: all }, { origin: 'https://b.example' }, 'origin_not_allowed'],
  ['without the scope', { scopes: new Set(['access']) }, {}, 'scope_missing'],
])('one %s is refused, and counted for no account', async (_, given, more, code) => {
  const { answer, counted } = await asked('billing:read', given, more);
  expect(answer).toMatchObject({ code });
  expect(counted).toEqual([]);
  if (code === 'scope_missing')
    expect(answer).toMatchObject({ message: 'This needs a widget token with the scope "billing:read".' });
});

it('only a token’s own refusal is counted for its address', async () => {
  const refusal = new BillhookError('token_expired');
  expect(await asked('access', refusal)).toEqual({ counted: ['refusal'], answer: refusal });
  for (const cause of [new BillhookError('token_keys_unavailable'), new TypeError('a fault of ours')]) {
    expect(await asked('access', cause)).toEqual({ counted: [], answer: cause });
  }
});
