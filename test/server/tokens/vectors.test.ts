/** B10: the vectors that recipes in other languages are held against, at their own clock, by the exported verifier. */

import { readFileSync } from 'node:fs';
import { BillhookError, verifyWidgetToken } from '@billhook/server';
import { describe, expect, it } from 'vitest';
import type { TokenVector, TokenVectors, VectorKey } from '../fixtures/make-token-vectors.ts';

const { now, issuer, audience, keys, vectors } = JSON.parse(
  readFileSync(new URL('../fixtures/token-vectors.json', import.meta.url), 'utf8'),
) as TokenVectors;

async function verdict({ token, keys: names }: TokenVector) {
  const configured = names.map((name) => keys[name] as VectorKey);
  const claims = await verifyWidgetToken(token, {
    issuer,
    audience,
    now: now * 1000,
    secrets: configured.flatMap(({ secret, keyId }) => {
      if (secret === undefined) return [];
      return [keyId === null ? secret : { secret, keyId }];
    }),
    publicKeys: configured.flatMap(({ algorithm, publicKey, keyId }) => {
      if (publicKey === undefined || algorithm === 'HS256') return [];
      return [{ algorithm, key: publicKey, ...(keyId === null ? {} : { keyId }) }];
    }),
  }).catch((cause: unknown) => {
    if (!(cause instanceof BillhookError)) throw cause;
    return cause;
  });
  if (claims instanceof BillhookError) return { code: claims.code };
  const { account, scopes, introduces } = claims;
  return { code: null, claims: { account, scopes: [...scopes], introduces } };
}

describe('a token vector', () => {
  it.each(vectors)('$name → $code', async (vector) => {
    const { code, claims } = vector;
    expect(await verdict(vector)).toEqual({ code, ...(claims && { claims }) });
  });

  it.each(['HS256', 'ES256', 'EdDSA', 'RS256'])('there is one of every kind for %s', (algorithm) => {
    const codes = vectors.filter(({ name }) => name.startsWith(`${algorithm}: `)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(
      new Set([
        null,
        'token_expired',
        'token_audience_wrong',
        'token_issuer_unknown',
        'token_invalid',
        'token_malformed',
      ]),
    );
  });
});
