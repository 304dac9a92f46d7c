import { describe, expect, it } from 'vitest';
import { describeCause } from '../../../server/src/log.ts';

describe('a cause in the log', () => {
  it.each([
    'sk_test_51Abc',
    'rk_live_9',
    'whsec_abc123',
    'https://billing.stripe.com/p/session/test_YWNjdF8x',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0ZWFtXzEifQ.c2lnbmF0dXJl',
  ])('never holds %s', (secret) => {
    const cause = new Error(`request with ${secret} failed`, { cause: new Error(`because of ${secret}`) });
    expect(describeCause(cause)).toBe('Error: request with [redacted] failed (because of [redacted])');
  });

  it('is one line of bounded length for any thrown value', () => {
    expect(describeCause('x'.repeat(9_999))).toHaveLength(500);
    expect(describeCause(undefined)).toBe('undefined');
  });
});
