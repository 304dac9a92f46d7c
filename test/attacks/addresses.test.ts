/** Return addresses under two readings, WHATWG's and RFC 3986's: an address sent to Stripe is the host's under both. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { returnUrlOf } from '../../server/src/http/open-visit.ts';
import type { Host } from '../../server/src/config/config.ts';
import { problemOf, type CallInit } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';
import { crafted, honest, own } from './addresses.ts';
import { report, someOf, tally } from './corpus.ts';

const fields = ['returnUrl', 'completionUrl', 'checkout'] as const;

/** RFC 3986, appendix B, which knows no backslash and repairs nothing. */
function rfc3986(text: string): { readonly scheme: string; readonly host: string } {
  const [, , scheme = '', , authority = ''] = /^(([^:/?#]+):)?(\/\/([^/?#]*))?([^?#]*)/.exec(text) ?? [];
  return { scheme: scheme.toLowerCase(), host: (authority.split('@').at(-1) ?? '').replace(/:443$/, '').toLowerCase() };
}

/** The reading under which an address leads elsewhere, in words, or `null`. */
function leadsElsewhere(sent: string): string | null {
  if (new URL(sent).origin !== own) return 'to a browser';
  const { scheme, host } = rfc3986(sent);
  if (scheme !== 'https' || host !== 'app.acme.example') return 'under RFC 3986';
  // oxlint-disable-next-line no-control-regex -- what must not be there
  if (/[\u0000-\u0020\u007f-\uffff\\]/.test(sent)) return 'with letters that parsers read differently';
  if (sent.includes('@') && /^[^/]*\/\/[^/]*@/.test(sent)) return 'with a user';
  return sent.length > 5_000 ? 'and is longer than Stripe takes' : null;
}

const host = { origins: [own], returnUrl: `${own}/settings` };
/** A host that has Stripe told everything gives an attacker most to play with. */
const everything: Host['returnUrlKeeps'] = ['query', 'fragment'];
const sentFor = (wanted: string, returnUrlKeeps = everything): string | null => {
  try {
    return returnUrlOf({ ...host, returnUrlKeeps } as unknown as Host, wanted);
  } catch {
    return null;
  }
};

it('L17: no crafted return URL leads to another origin, under either parser', () => {
  expect(new Set(crafted).size).toBeGreaterThanOrEqual(350);
  const { counts, add } = tally();
  const wrong: unknown[] = [];
  for (const wanted of crafted) {
    const sent = sentFor(wanted);
    add(sent === null ? 'refused' : 'sent as the host’s own');
    const elsewhere = sent === null ? null : leadsElsewhere(sent);
    if (elsewhere !== null) wrong.push({ wanted, sent, elsewhere });
  }
  report('return addresses', { tried: crafted.length, 'lead elsewhere': wrong.length, ...counts });
  expect(wrong).toEqual([]);
  // Those that are sent are the host's in other spellings, and few.
  expect(counts['refused']).toBeGreaterThan(crafted.length * 0.8);
});

it('the checked URL is the one that is sent, and checking it again gives the same', () => {
  for (const wanted of [...crafted, ...honest]) {
    const sent = sentFor(wanted);
    if (sent !== null) expect(sentFor(sent), wanted).toBe(sent);
  }
});

describe('the URL of the current page', () => {
  it.each(honest.map((page) => [page.slice(0, 60), page]))('is the return URL: %s', (_, page) => {
    const sent = sentFor(page);
    expect(sent).not.toBeNull();
    expect(leadsElsewhere(sent ?? '')).toBeNull();
  });

  it.each(honest.map((page) => [page.slice(0, 60), page]))('is sent without query and fragment: %s', (_, page) => {
    const { origin, pathname } = new URL(page);
    const sent = sentFor(page, []);
    expect(sent).toBe(`${origin}${pathname}`.length > 5_000 ? host.returnUrl : `${origin}${pathname}`);
  });

  it('is sent with the parts of it that the host names', () => {
    const page = `${own}/settings?tab=billing&token=secret#/plans`;
    expect(sentFor(page, [])).toBe(`${own}/settings`);
    expect(sentFor(page, ['query'])).toBe(`${own}/settings?tab=billing&token=secret`);
    expect(sentFor(page, ['fragment'])).toBe(`${own}/settings#/plans`);
    expect(sentFor(page)).toBe(page);
  });

  it('F14: is the return URL without its query where it is longer than Stripe takes', () => {
    expect(sentFor(`${own}/billing?${'q'.repeat(2_130)}`)).toHaveLength(own.length + '/billing?'.length + 2_130);
    expect(sentFor(`${own}/billing?${'q'.repeat(5_000)}#x`)).toBe(`${own}/billing`);
    expect(sentFor(`${own}/${'p'.repeat(5_000)}`)).toBe(host.returnUrl);
  });
});

describe('over HTTP, with the URL that Stripe gets', () => {
  let harness: BffHarness;
  let buyers = 0;
  beforeAll(async () => {
    harness = await startBffHarness({
      host: { offers: [{ id: 'team', price: 'team_monthly' }], returnUrlKeeps: ['query', 'fragment'] },
    });
    await harness.bff.snapshot(harness.as('active'));
  });
  afterAll(() => harness.close());

  const requests: Record<(typeof fields)[number], (url: string) => readonly [string, CallInit]> = {
    returnUrl: (returnUrl) => ['/v1/portal-sessions', { ...harness.as('active'), body: { seen: null, returnUrl } }],
    completionUrl: (completionUrl) => [
      '/v1/portal-sessions',
      { ...harness.as('active'), body: { seen: null, flow: 'payment_method_update', completionUrl } },
    ],
    checkout: (returnUrl) => [
      '/v1/checkout-sessions',
      { account: `team_buyer_${(buyers += 1)}`, body: { seen: null, offer: 'team', returnUrl } },
    ],
  };

  /** Every address in what Stripe was asked, however deep. */
  const addressesIn = (value: unknown): string[] => {
    if (typeof value === 'string') return /^[a-z]+:/i.test(value) ? [value] : [];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(addressesIn) : [];
  };

  it.each(fields)('%s', async (field) => {
    const { counts, add } = tally();
    for (const wanted of [...someOf(crafted, 24), ...someOf(honest, 4)]) {
      harness.sandbox.requests.clear();
      const [path, init] = requests[field](wanted);
      const response = await harness.bff.call(path, init);
      add(String(response.status));
      if (response.status === 400) {
        expect((await problemOf(response)).field, wanted).toBe(field === 'checkout' ? 'returnUrl' : field);
        expect(harness.sandbox.requests.count({ method: 'POST', path: /sessions$/ })).toBe(0);
        continue;
      }
      expect(response.status, wanted).toBe(200);
      const sent = harness.sandbox.requests
        .list({ method: 'POST', path: /sessions$/ })
        .flatMap(({ params }) => addressesIn(params));
      expect(sent.length).toBeGreaterThan(0);
      for (const address of sent) expect(leadsElsewhere(address), `${wanted} → ${address}`).toBeNull();
    }
    report(`return addresses over HTTP, ${field}`, counts);
    expect(Object.keys(counts).toSorted()).toEqual(['200', '400']);
  });
});
