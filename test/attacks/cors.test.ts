/** Which pages may ask and read: every origin against every address, with and without a token. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { origin, startBff, token, type TestBff } from '../server/support/bff.ts';
import { report } from './corpus.ts';

const other = 'https://app.beta.example';
const foreign = [
  'null',
  'https://evil.example',
  `${origin}.evil.example`,
  'https://evil.example/#https://app.acme.example',
  'http://app.acme.example',
  'https://app.acme.example:8443',
  'https://APP.acme.example',
  'https://sub.app.acme.example',
  'https://acme.example',
  `${origin}/`,
  `${origin} `.trim().concat('.'),
  '*',
];
const calls: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/v1/billing'],
  ['GET', '/v1/access'],
  ['POST', '/v1/portal-sessions'],
  ['POST', '/v1/checkout-sessions'],
  ['POST', '/v1/invoice-sessions'],
  ['POST', '/v1/visits/return'],
];
const closed: readonly (readonly [method: string, path: string])[] = [
  ['POST', '/v1/webhooks/stripe'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/metrics'],
];

let bff: TestBff;
beforeAll(async () => {
  bff = await startBff(
    {},
    {
      metrics: 'open',
      hosts: [
        {
          id: 'acme',
          secrets: ['a-secret-of-the-host-acme-of-more-than-32-bytes'],
          origins: [origin],
          returnUrl: `${origin}/billing`,
        },
        {
          id: 'beta',
          secrets: ['a-secret-of-the-host-beta-of-more-than-32-bytes'],
          origins: [other],
          returnUrl: `${other}/`,
        },
      ],
    },
  );
});
afterAll(() => bff.close());

const allowed = ({ headers }: Response) => headers.get('access-control-allow-origin');

it('CORS lets in exactly the hosts’ origins, and no page of one host with the token of another', async () => {
  const everything = await token({ scope: ['billing:read', 'billing:manage', 'access'] });
  let tried = 0;
  let wrong = 0;
  const check = (isRight: boolean, about: string) => {
    tried += 1;
    wrong += isRight ? 0 : 1;
    expect(isRight, about).toBe(true);
  };
  for (const from of [origin, other, ...foreign]) {
    const isHost = from === origin || from === other;
    for (const [method, path] of calls) {
      const about = `${from} ${method} ${path}`;
      const preflight = await bff.call(path, {
        method: 'OPTIONS',
        token: null,
        headers: {
          origin: from,
          'access-control-request-method': method,
          'access-control-request-headers': 'authorization',
        },
      });
      check(allowed(preflight) === (isHost ? from : null), `preflight ${about}`);
      check(preflight.headers.get('access-control-allow-credentials') === null, `credentials ${about}`);
      for (const given of [everything, 'nonsense', null]) {
        const answer = await bff.call(path, {
          method,
          token: given,
          headers: { origin: from },
          ...(method === 'POST' ? { body: { seen: null } } : {}),
        });
        check(allowed(answer) === (isHost ? from : null), `answer ${about}`);
        check(answer.headers.get('vary')?.toLowerCase().includes('origin') === true, `vary ${about}`);
        if (given === everything && from !== origin) check(answer.status === 403, `status ${answer.status} ${about}`);
      }
    }
    for (const [method, path] of closed) {
      const answer = await bff.call(path, { method, token: null, headers: { origin: from } });
      check(allowed(answer) === null, `${from} ${method} ${path}`);
    }
  }
  report('CORS matrix', { tried, wrong });
});
