/** The questions of a host's code in the same process: the account that is meant, and the answers. */

import { describe, expect, it } from 'vitest';
import { Waiters } from '../../../server/src/background/waiters.ts';
import { refusalTexts } from '../../../server/src/accounts/link-refusal.ts';
import { hostCalls, type AccountName } from '../../../server/src/http/host-calls.ts';
import type { RouteContext } from '../../../server/src/http/route-context.ts';

function calls(outcome: string, ...ids: string[]) {
  const asked: unknown[] = [];
  const parts = {
    config: { hosts: new Map(ids.map((id) => [id, { id, policy: { of: id } }])), now: () => 0 },
    waiters: new Waiters(),
    linking: {
      introduce: async () => false,
      link: async (...given: unknown[]) => {
        asked.push(given);
        return outcome;
      },
    },
    read: async (caller: unknown) => {
      asked.push(caller);
      throw new Error('read');
    },
  };
  return { asked, ...hostCalls(parts as unknown as RouteContext) };
}

describe('an account of the host', () => {
  it.each<[AccountName, string[], object]>([
    ['team_1', ['acme'], { host: 'acme', account: 'team_1' }],
    [{ account: 'team_1' }, ['acme'], { host: 'acme', account: 'team_1' }],
    [{ account: 'team_1', host: 'beta' }, ['acme', 'beta'], { host: 'beta', account: 'team_1' }],
  ])('is meant by %j', async (name, hosts, ref) => {
    const { link, access, asked } = calls('linked', ...hosts);
    expect(await link(name, 'cus_1')).toBe('linked');
    await expect(access(name)).rejects.toThrow('read');
    expect(asked).toEqual([
      [ref, 'cus_1'],
      { ...ref, policy: { of: (ref as { host: string }).host }, mayManage: false, introduces: null },
    ]);
  });

  it.each<[AccountName, string[], string, string]>([
    ['', ['acme'], 'account', 'account must be the account’s id, 1 to 255 characters'],
    [{ account: 7 as never }, ['acme'], 'account', 'account must be the account’s id, 1 to 255 characters'],
    ['team_1', ['acme', 'beta'], 'host', 'host must be one of acme, beta'],
    [{ account: 'team_1', host: 'gamma' }, ['acme', 'beta'], 'host', 'host must be one of acme, beta'],
    [{ account: 'team_1', host: 'gamma' }, ['acme'], 'host', 'host must be one of acme'],
  ])('is not meant by %j', async (name, hosts, field, message) => {
    const { link, asked } = calls('linked', ...hosts);
    await expect(link(name, 'cus_1')).rejects.toMatchObject({ code: 'field_invalid', field, message });
    expect(asked).toEqual([]);
  });
});

describe('a link', () => {
  it('that stood before is told as such', async () =>
    expect(await calls('alreadyLinked', 'acme').link('team_1', 'cus_1')).toBe('alreadyLinked'));

  it.each(Object.entries(refusalTexts))('that is refused is told in words: %s', async (outcome, message) => {
    const refusal = { code: 'introduction_refused', message };
    await expect(calls(outcome, 'acme').link('team_1', 'cus_1')).rejects.toMatchObject(refusal);
  });
});
