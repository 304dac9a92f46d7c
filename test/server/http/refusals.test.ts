/** Bad input: each gets its status and code, and leaves no trace in the ledger. Stripe is out of reach all the while. */

import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenType } from '../../../server/src/tokens/claims.ts';
import {
  hostSecret,
  origin,
  problemOf,
  publicUrl,
  startBff,
  token,
  type CallInit,
  type TestBff,
} from '../support/bff.ts';

let bff: TestBff;
let before: string;
beforeAll(async () => {
  bff = await startBff();
  before = bff.trace();
});
afterAll(() => bff.close());

const seconds = () => Math.floor(Date.now() / 1000);

interface Claims {
  readonly secret?: string;
  readonly alg?: string;
  readonly typ?: string | null;
  readonly claims?: Record<string, unknown>;
}

/** A token that `mintWidgetToken` would never make. */
function odd({ secret = hostSecret, alg = 'HS256', typ = tokenType, claims = {} }: Claims): Promise<string> {
  const now = seconds();
  const good = {
    iss: 'acme',
    aud: publicUrl,
    sub: 'team_1',
    iat: now,
    exp: now + 60,
    jti: 'j1',
    scope: 'billing:read billing:manage',
  };
  const given = Object.fromEntries(Object.entries({ ...good, ...claims }).filter(([, value]) => value !== undefined));
  return new SignJWT(given)
    .setProtectedHeader({ alg, ...(typ === null ? {} : { typ }) })
    .sign(new TextEncoder().encode(secret));
}

async function refused(status: number, code: string, path: string, init: CallInit = {}) {
  const response = await bff.call(path, init);
  const problem = await problemOf(response);
  expect({ status: response.status, code: problem.code }).toEqual({ status, code });
  expect(problem).toMatchObject({ type: 'about:blank', status, title: expect.any(String), detail: expect.any(String) });
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(bff.trace(), 'a trace in the ledger').toBe(before);
  return { response, problem };
}

describe('a token is refused', () => {
  it('when it is missing', async () => {
    const { response } = await refused(401, 'token_missing', '/v1/billing', { token: null });
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    await refused(401, 'token_missing', '/v1/billing', { token: null, headers: { authorization: 'Basic YTpi' } });
  });

  it.each([
    ['is no JWT', 'nonsense', 'token_malformed'],
    ['has two parts', 'e30.e30', 'token_malformed'],
    ['is longer than any token', `e30.${'e30'.repeat(2_000)}.e30`, 'token_malformed'],
  ])('when it %s', async (_, given, code) => {
    await refused(401, code, '/v1/billing', { token: given });
  });

  it('when it is unsigned', async () => {
    const unsigned = new UnsecuredJWT({ scope: 'billing:read' }).setIssuer('acme').setSubject('team_1').encode();
    await refused(401, 'token_invalid', '/v1/billing', { token: unsigned.replace(/\.$/, '.AA') });
  });

  it('when another algorithm than the key’s is named', async () => {
    await refused(401, 'token_invalid', '/v1/billing', {
      token: await odd({ alg: 'HS512', secret: hostSecret.repeat(2) }),
    });
  });

  it('when another secret signed it', async () => {
    await refused(401, 'token_invalid', '/v1/billing', {
      token: await odd({ secret: 'another secret of more than 32 bytes!' }),
    });
  });

  it('L26: when a part is spelled differently for the same bytes', async () => {
    const good = await token();
    const last = good.at(-1) ?? '';
    // 32 bytes leave two unused bits in the last letter: a forgiving decoder takes four spellings of one signature.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const other = alphabet[alphabet.indexOf(last) ^ 1] ?? '';
    await refused(401, 'token_malformed', '/v1/billing', { token: good.slice(0, -1) + other });
    await refused(401, 'token_malformed', '/v1/billing', { token: `${good}=` });
  });

  it.each<[string, Claims, string]>([
    ['typ is another', { typ: 'JWT' }, 'token_invalid'],
    ['typ is missing', { typ: null }, 'token_invalid'],
    ['iss is unknown', { claims: { iss: 'stranger' } }, 'token_issuer_unknown'],
    ['iss is missing', { claims: { iss: undefined } }, 'token_malformed'],
    ['aud is another server', { claims: { aud: 'https://other.example' } }, 'token_audience_wrong'],
    ['aud is missing', { claims: { aud: undefined } }, 'token_audience_wrong'],
    ['exp has passed', { claims: { iat: seconds() - 300, exp: seconds() - 31 } }, 'token_expired'],
    ['exp is missing', { claims: { exp: undefined } }, 'token_malformed'],
    ['iat is missing', { claims: { iat: undefined } }, 'token_malformed'],
    // Minutes of tolerance for a host's clock, and no more.
    ['iat is in the future', { claims: { iat: seconds() + 330, exp: seconds() + 400 } }, 'token_malformed'],
    ['it lives longer than 15 minutes', { claims: { iat: seconds(), exp: seconds() + 901 } }, 'token_malformed'],
    ['sub is missing', { claims: { sub: undefined } }, 'token_malformed'],
    ['sub is empty', { claims: { sub: '' } }, 'token_malformed'],
    ['sub is huge', { claims: { sub: 'x'.repeat(256) } }, 'token_malformed'],
    ['sub is no text', { claims: { sub: 7 } }, 'token_malformed'],
    ['scope is missing', { claims: { scope: undefined } }, 'token_malformed'],
    ['scope is neither text nor a list', { claims: { scope: { 'billing:read': true } } }, 'token_malformed'],
    ['scope is a list of something else', { claims: { scope: [7] } }, 'token_malformed'],
    ['it introduces no customer', { claims: { stripe_customer: 'acct_1' } }, 'token_malformed'],
  ])('when %s', async (_, claims, code) => {
    await refused(401, code, '/v1/billing', { token: await odd(claims) });
  });

  it('when its scope is too small', async () => {
    await refused(403, 'scope_missing', '/v1/billing', { mint: { scope: ['access'] } });
    await refused(403, 'scope_missing', '/v1/portal-sessions', {
      mint: { scope: ['billing:read'] },
      body: { seen: null },
    });
  });

  it('on a page of another origin', async () => {
    await refused(403, 'origin_not_allowed', '/v1/billing', {
      headers: { origin: 'https://app.acme.example.evil.example' },
    });
    await refused(403, 'origin_not_allowed', '/v1/billing', { headers: { origin: 'null' } });
  });
});

describe('a request is refused', () => {
  const portal = '/v1/portal-sessions';

  it.each([
    ['http://app.acme.example/billing'],
    ['https://app.acme.example.evil.example/billing'],
    ['https://app.acme.example@evil.example/billing'],
    ['https://evil.example/?https://app.acme.example'],
    ['https://user:pass@app.acme.example/billing'],
    ['//app.acme.example/billing'],
    ['/billing'],
    ['javascript:alert(1)//https://app.acme.example'],
    ['https://app.acme.example:8443/billing'],
    [''],
  ])('L17: when it would return to %s', async (returnUrl) => {
    const { problem } = await refused(400, 'return_url_not_allowed', portal, { body: { returnUrl, seen: null } });
    expect(problem.field).toBe('returnUrl');
  });

  it.each([
    ['not JSON', '{"seen":', 'body_malformed', undefined],
    ['empty', '', 'body_malformed', undefined],
    ['a list', '[]', 'body_malformed', undefined],
    ['null', 'null', 'body_malformed', undefined],
    ['missing a field', '{}', 'field_invalid', 'seen'],
    ['of a wrong type', '{"seen":7}', 'field_invalid', 'seen'],
    ['with an unknown flow', '{"seen":null,"flow":"everything"}', 'field_invalid', 'flow'],
    ['with a field that is not there', '{"seen":null,"customer":"cus_1"}', 'field_invalid', 'customer'],
    ['with a huge field', JSON.stringify({ seen: 'x'.repeat(65) }), 'field_invalid', 'seen'],
  ])('when its body is %s', async (_, body, code, field) => {
    const { problem } = await refused(400, code, portal, { body });
    expect(problem.field).toBe(field);
  });

  it('when its body is too large', async () => {
    await refused(413, 'body_too_large', portal, { body: { seen: 'x'.repeat(65 * 1024) } });
  });

  it('when its account has no customer', async () => {
    await refused(404, 'no_customer', portal, { body: { seen: null } });
    await refused(404, 'no_customer', '/v1/invoice-sessions', { body: { seen: null } });
  });

  it('when its visit does not exist', async () => {
    await refused(404, 'visit_not_found', '/v1/visits/return', { body: { visit: 'AAAAAAAAAAAAAAAAAAAAAA' } });
    await refused(400, 'field_invalid', '/v1/visits/return', { body: { visit: 'x'.repeat(65) } });
  });

  it('when the method or the address is wrong', async () => {
    const { response } = await refused(405, 'method_not_allowed', '/v1/billing', { method: 'DELETE' });
    expect(response.headers.get('allow')).toBe('GET');
    await refused(404, 'not_found', '/v1/customers/cus_1');
  });

  it('with a code of its own when Stripe must be asked and is down', async () => {
    const { response } = await refused(503, 'stripe_unavailable', '/v1/billing', { mint: { customer: 'cus_1' } });
    expect(response.headers.get('retry-after')).toBe('2');
  });
});

describe('a webhook is refused', () => {
  const event = {
    id: 'evt_1',
    object: 'event',
    type: 'invoice.paid',
    livemode: false,
    data: { object: { customer: 'cus_1' } },
  };
  const untouched = () => expect(bff.trace(), 'a trace in the ledger').toBe(before);
  const code = async (response: Response) => ({ status: response.status, code: (await problemOf(response)).code });

  it('M19: when the signature is bad, missing or old', async () => {
    expect(await code(await bff.deliver(event, { secret: 'whsec_other' }))).toEqual({
      status: 400,
      code: 'webhook_signature_invalid',
    });
    expect(await code(await bff.deliver(event, { at: Date.now() - 301_000 }))).toEqual({
      status: 400,
      code: 'webhook_signature_invalid',
    });
    await refused(400, 'webhook_signature_invalid', '/v1/webhooks/stripe', { token: null, body: event });
    untouched();
  });

  it('when it is no event', async () => {
    expect(await code(await bff.deliver(null, { body: '{"id":' }))).toEqual({ status: 400, code: 'body_malformed' });
    expect(await code(await bff.deliver({ hello: 'there' }))).toEqual({ status: 400, code: 'body_malformed' });
    untouched();
  });

  it('L19: when its mode is another than the key’s', async () => {
    expect(await code(await bff.deliver({ ...event, livemode: true }))).toEqual({
      status: 400,
      code: 'webhook_livemode_mismatch',
    });
    untouched();
  });

  it('when it is too large', async () => {
    expect(await code(await bff.deliver({ ...event, filler: 'x'.repeat(257 * 1024) }))).toEqual({
      status: 413,
      code: 'body_too_large',
    });
    untouched();
  });
});

describe('CORS', () => {
  it('allows the host’s origins, and no other', async () => {
    const preflight = (from: string) =>
      bff.call('/v1/billing', {
        method: 'OPTIONS',
        token: null,
        headers: {
          origin: from,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization,prefer',
        },
      });
    const allowed = await preflight(origin);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    expect(allowed.headers.get('access-control-max-age')).toBe('7200');
    expect(allowed.headers.get('vary')).toMatch(/origin/i);
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('says that an access is another’s for another token, and a snapshot for another page alone', async () => {
    const access = await bff.call('/v1/access', { mint: { scope: 'access' } });
    expect(access.headers.get('vary')).toBe('Origin, Authorization');
    expect(access.headers.get('cache-control')).toMatch(/^private, max-age=\d+$/);
    expect((await bff.call('/v1/billing')).headers.get('vary')).toBe('Origin');
  });

  it('names the wait that a page prefers, and holds nothing that the page has not', async () => {
    const ask = async (prefer: string, etag?: string) => {
      const headers = { prefer, ...(etag === undefined ? {} : { 'if-none-match': etag }) };
      const answer = await bff.call('/v1/billing', { headers });
      return [answer.status, answer.headers.get('preference-applied')];
    };
    const etag = (await bff.call('/v1/billing')).headers.get('etag') ?? '';
    for (const more of ['', ', respond-async']) {
      const whole = await bff.call('/v1/billing', { headers: { prefer: `wait=25${more}` } });
      expect(whole.headers.get('content-type')).toBe('application/json');
      expect(await ask(`wait=25${more}`)).toEqual([200, 'wait=25']);
      expect(await ask(`wait=25${more}`, '"another"')).toEqual([200, 'wait=25']);
      expect(await ask(`wait=0${more}`, etag)).toEqual([304, null]);
    }
  });

  it('exposes what the widget reads, also on errors and 304', async () => {
    const error = await bff.call('/v1/billing', { token: 'nonsense' });
    const ok = await bff.call('/v1/billing');
    const same = await bff.call('/v1/billing', { headers: { 'if-none-match': ok.headers.get('etag') ?? '' } });
    expect([error.status, ok.status, same.status]).toEqual([401, 200, 304]);
    for (const { headers } of [error, ok, same]) {
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-expose-headers')).toBe('etag,retry-after,date,preference-applied');
    }
  });
});
