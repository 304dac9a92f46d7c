/** A visit to Stripe's pages: the address that back leads to, the account's customer, and the record that begins. */

import { describe, expect, it } from 'vitest';
import type { Host } from '../../../server/src/config/config.ts';
import { customerOf, openVisit, returnUrlOf } from '../../../server/src/http/open-visit.ts';
import { logRecorder } from '../../support/log-recorder.ts';
import { origin } from '../support/bff.ts';

const here = `${origin}/billing`;
const hostWith = (...returnUrlKeeps: string[]) =>
  ({ origins: [origin], returnUrl: `${origin}/settings`, returnUrlKeeps }) as unknown as Host;

describe('back leads', () => {
  it('to the host’s own address where a page names none', () =>
    expect(returnUrlOf(hostWith(), undefined)).toBe(`${origin}/settings`));

  it.each<[string[], string]>([
    [[], here],
    [['query'], `${here}?a=b`],
    [['fragment'], `${here}#c`],
    [['query', 'fragment'], `${here}?a=b#c`],
  ])('to the page, with %j of its address', (keeps, sent) =>
    expect(returnUrlOf(hostWith(...keeps), `${here}?a=b#c`)).toBe(sent),
  );

  it('to a page of this machine, over plain http too', () => {
    const local = { ...hostWith(), origins: ['http://localhost:3000'] };
    expect(returnUrlOf(local, 'http://localhost:3000/billing')).toBe('http://localhost:3000/billing');
  });

  it('to the address as it was parsed, with no backslash', () => {
    expect(returnUrlOf(hostWith(), 'HTTPS://APP.acme.example:443/a/../billing')).toBe(here);
    expect(returnUrlOf(hostWith('query', 'fragment'), `${here}?a=\\b#\\c`)).toBe(`${here}?a=%5Cb#%5Cc`);
  });

  it('to less of an address that is longer than Stripe takes', () => {
    const long = (length: number, path = here) => `${path}?${'q'.repeat(length - path.length - 1)}`;
    const pathOf = (length: number) => `${origin}/${'p'.repeat(length - origin.length - 1)}`;
    const sent = (wanted: string) => returnUrlOf(hostWith('query'), wanted);
    expect(sent(long(5_000))).toBe(long(5_000));
    expect(sent(long(5_001))).toBe(here);
    expect(sent(`${pathOf(5_000)}?q`)).toBe(pathOf(5_000));
    expect(sent(pathOf(5_001))).toBe(`${origin}/settings`);
  });

  it.each([
    ['https://evil.example/billing', 'https://evil.example'],
    [`blob:${here}`, origin],
    [`${origin.replace('//', '//user@')}/billing`, origin],
    [`${origin.replace('//', '//:pass@')}/billing`, origin],
    [`${origin}\\@evil.example`, origin],
    [`${origin}/a\\b`, origin],
    [`${here}\n`, undefined],
    [`${here}\u0000`, undefined],
    ['billing', undefined],
    ['', undefined],
  ])('nowhere by %j', (wanted, named) => {
    for (const field of ['returnUrl', 'completionUrl'] as const) {
      const refusal = { code: 'return_url_not_allowed', field, origin: named };
      const message = `${field} must lie on one of the host’s configured origins.`;
      expect(() => returnUrlOf(hostWith(), wanted, field)).toThrow(expect.objectContaining({ ...refusal, message }));
    }
  });
});

describe('the account’s customer', () => {
  const refusal = (record: object | null) => {
    try {
      return customerOf({ record } as never);
    } catch (cause) {
      return cause;
    }
  };
  it('is the living one', () => {
    const record = { customer: 'cus_1', facts: null, deletedAt: null };
    expect(refusal(record)).toBe(record);
  });
  it('is none where there was never one', () =>
    expect(refusal(null)).toMatchObject({
      code: 'no_customer',
      message: expect.stringContaining('never bought') as string,
    }));
  it('is none where it was deleted, in other words', () =>
    expect(refusal({ customer: 'cus_1', facts: { deleted: true }, deletedAt: 1 })).toMatchObject({
      code: 'no_customer',
      message: 'This account’s customer was deleted at Stripe, so there is no billing to manage until it buys again.',
    }));
});

describe('a visit that begins', () => {
  async function opened(seen: string | null) {
    const stored: object[] = [];
    const log = logRecorder();
    const store = { epoch: 'e1', openVisit: async (visit: object) => void stored.push(visit) };
    const parts = { config: { now: () => 7_000, log }, store };
    const record = { customer: 'cus_1', revision: 5 };
    const caller = { host: 'acme', account: 'team_1' };
    const answer = await openVisit(
      parts as never,
      caller as never,
      record as never,
      'portal',
      seen,
      'https://stripe.example',
    );
    return { answer, stored, log };
  }

  it('is kept for a day, and told in the log', async () => {
    const { answer, stored, log } = await opened('e1.3');
    expect(answer).toEqual({ url: 'https://stripe.example', visit: expect.stringMatching(/^[\w-]{22}$/) as string });
    expect(stored).toEqual([
      {
        id: answer.visit,
        host: 'acme',
        account: 'team_1',
        customer: 'cus_1',
        kind: 'portal',
        seen: 3,
        openedAt: 7_000,
        expiresAt: 7_000 + 86_400_000,
      },
    ]);
    const fields = { host: 'acme', account: 'team_1', customer: 'cus_1', audit: true };
    expect(log.lines).toEqual([{ level: 'info', what: 'portal.opened', fields }]);
  });

  it.each([
    ['e1.3', 3],
    ['e1.6', 5],
    ['e2.3', 5],
    ['e1.0', 0],
    ['e1.', 5],
    ['e1.1e0', 5],
    ['e1.-1', 5],
    [null, 5],
  ])('was seen at %j: compared with revision %d', async (seen, revision) =>
    expect((await opened(seen)).stored).toMatchObject([{ seen: revision }]),
  );
});
