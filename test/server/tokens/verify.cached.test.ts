/** The memory of verified tokens, at its bound. Not among the tests that mutation runs: each takes thousands of tokens. */

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { importSecret } from '../../../server/src/tokens/keys.ts';
import { widgetTokenVerifier } from '../../../server/src/tokens/verify.ts';
import { hostSecret, publicUrl, token } from '../support/bff.ts';

const verifier = () =>
  widgetTokenVerifier(publicUrl, (host) =>
    host === 'acme' ? { keys: [importSecret(hostSecret, null)], jwks: null } : null,
  );

describe('a widget token', () => {
  it('stays cached however many others are refused: forged tokens do not evict it', async () => {
    const verify = verifier();
    const good = await token();
    const now = Date.now();
    const first = await verify(good, now);
    const forged = good.slice(0, -43);
    const random = (i: number) => Buffer.alloc(32, `forged ${i}`).toString('base64url');
    for (let i = 0; i < 10_001; i++) {
      await expect(verify(forged + random(i), now)).rejects.toMatchObject({ code: 'token_invalid' });
    }
    expect(await verify(good, now)).toBe(first);
  });

  it('is cached among at most 10000', async () => {
    const verify = verifier();
    const now = 1_800_000_000_000;
    vi.setSystemTime(now);
    onTestFinished(() => void vi.useRealTimers());
    const [oldest, second] = [await token(), await token()];
    const verdicts = [await verify(oldest, now), await verify(second, now)];
    for (let i = 0; i < 9_999; i++) await verify(await token(), now);
    expect(await verify(second, now)).toBe(verdicts[1]);
    expect(await verify(oldest, now)).not.toBe(verdicts[0]);
  });
});
