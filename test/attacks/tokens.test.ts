/** Mutated tokens, by the ten thousand, at the verifier and at a listening server: none is taken for a host's. */

import { generateKeyPairSync } from 'node:crypto';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mintWidgetToken, BillhookError } from '@billhook/server';
import { importPublicKey, importSecret } from '../../server/src/tokens/keys.ts';
import { widgetTokenVerifier } from '../../server/src/tokens/verify.ts';
import { hostSecret, origin, publicUrl, startBff, type TestBff } from '../server/support/bff.ts';
import { listening } from '../support/listening.ts';
import { randomOf, report, share, tally } from './corpus.ts';
import { mutatedTokens, type Loot } from './token-mutations.ts';

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const otherSecret = 'a-secret-of-the-host-beta-of-more-than-32-bytes';
const contents = { issuer: 'acme', audience: publicUrl, account: 'team_1', expiresIn: 900 } as const;
const algorithms = ['ES256', 'EdDSA', 'RS256'] as const;
const pemOf = (algorithm: (typeof algorithms)[number]) =>
  pairs[algorithm].publicKey.export({ format: 'pem', type: 'spki' }).toString();

let loot: Loot;
let bff: TestBff;
let url: string;
let close: () => Promise<void>;
beforeAll(async () => {
  const tokens = await Promise.all([
    mintWidgetToken({ ...contents, secret: hostSecret }),
    mintWidgetToken({ ...contents, secret: hostSecret, scope: ['billing:read'] }),
    mintWidgetToken({ ...contents, secret: otherSecret, issuer: 'beta' }),
    ...algorithms.map((algorithm) =>
      mintWidgetToken({
        ...contents,
        algorithm,
        privateKey: pairs[algorithm].privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      }),
    ),
  ]);
  const publicKeys = algorithms.flatMap((algorithm) => [
    pemOf(algorithm),
    JSON.stringify(pairs[algorithm].publicKey.export({ format: 'jwk' })),
  ]);
  loot = { tokens, publicKeys, otherSecret };
  const own = algorithms.map((algorithm) => ({ key: pemOf(algorithm) }));
  const returnUrl = `${origin}/billing`;
  bff = await startBff(
    {},
    {
      hosts: [
        { id: 'acme', secrets: [hostSecret], publicKeys: own, origins: [origin], returnUrl },
        { id: 'beta', secrets: [otherSecret], origins: [origin], returnUrl },
      ],
    },
  );
  ({ url, close } = await listening(createAdaptorServer({ fetch: bff.billhook.fetch }) as Server));
});
afterAll(async () => {
  await close();
  await bff.close();
});

it('no forged token is accepted, in process', async () => {
  const keys = [
    importSecret(hostSecret, null),
    ...algorithms.map((algorithm) => importPublicKey({ key: pemOf(algorithm) })),
  ];
  const hosts: Record<string, { keys: typeof keys; jwks: null }> = {
    acme: { keys, jwks: null },
    beta: { keys: [importSecret(otherSecret, null)], jwks: null },
  };
  const verify = widgetTokenVerifier(publicUrl, (host) => (Object.hasOwn(hosts, host) ? (hosts[host] ?? null) : null));
  for (const token of loot.tokens) expect(await verify(token, Date.now())).toMatchObject({ account: 'team_1' });

  const { counts, add } = tally();
  const forged: string[] = [];
  for (const token of mutatedTokens(randomOf('in process'), loot, share(75_000, 3_000))) {
    try {
      await verify(token, Date.now());
      forged.push(token);
    } catch (cause) {
      if (!(cause instanceof BillhookError) || cause.status !== 401) throw cause;
      add(cause.code);
    }
  }
  report('mutated tokens in process', { forged: forged.length, ...counts });
  expect(forged).toEqual([]);
  expect(Object.keys(counts).length, 'refused for different reasons').toBeGreaterThan(2);
});

it('no forged token is accepted over HTTP, and none causes a server error', async () => {
  const ask = async (token: string, path = '/v1/billing') => {
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    await response.body?.cancel();
    return response.status;
  };
  expect(await ask(loot.tokens[0] ?? '')).toBe(200);

  const before = bff.trace();
  const { counts, add } = tally();
  const forged: string[] = [];
  const rest = mutatedTokens(randomOf('over HTTP'), loot, share(50_000, 1_000));
  // A text that no header can hold never reaches the server; and a part of it that is a good token is no forgery.
  const sendable = (token: string) => /^[\x21-\x7e]*$/.test(token) && token.length < 12_000;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const token of rest) {
        if (!sendable(token)) continue;
        const status = await ask(token);
        add(String(status));
        if (status !== 401) forged.push(`${status} ${token}`);
      }
    }),
  );
  report('mutated tokens over HTTP', { forged: forged.length, ...counts });
  expect(forged).toEqual([]);
  expect(counts['401']).toBeGreaterThan(share(45_000, 800));
  expect(bff.trace()).toBe(before);
});
