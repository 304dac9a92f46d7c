/**
 * M33: each mistake that a host's backend can make, with its code and words, as a table. Every guard here says `allow` wherever it
 * can be said: a mistake opens nothing all the same. The exceptions stand in the last test.
 */

import { getRequestListener } from '@hono/node-server';
import { createServer } from 'node:http';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createBillhookHost,
  lazyBillhookHost,
  mintWidgetToken,
  type BillhookHost,
  type BillhookHostOptions,
  type GuardRule,
} from '../../../server/host/src/index.ts';
import { hostSecret, problemOf, publicUrl } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';
import { listening } from '../../support/listening.ts';

const minute = 60_000;
const hour = 60 * minute;

let harness: BffHarness;
/** Something else answers where the BFF should, by the path. */
let elsewhere: Awaited<ReturnType<typeof listening>>;
/** Requests that a redirect brought along, with the token in them. */
let carried = 0;

beforeAll(async () => {
  harness = await startBffHarness({
    host: { plans: [{ key: 'team', lookupKey: 'team_monthly' }] },
    // The BFF's clock stays right while this backend's is set.
    now: () => Math.floor(performance.timeOrigin + performance.now()),
  });
  await harness.bff.snapshot(harness.as('active'));
  const answers: Record<string, () => Response> = {
    '/page/v1/access': () => new Response('<!doctype html><title>Acme</title>'),
    '/api/v1/access': () => Response.json({ error: 'no such thing' }, { status: 404 }),
    '/moved/v1/access': () => new Response(null, { status: 301, headers: { location: '/target' } }),
    '/other/v1/access': () =>
      Response.json({ account: 'team_2', level: 'full', until: null, plans: [], features: [], reason: 'active' }),
    '/down/v1/access': () => new Response('bad gateway', { status: 502 }),
  };
  elsewhere = await listening(
    createServer(
      getRequestListener((request) => {
        const { pathname } = new URL(request.url);
        if (pathname === '/target') carried += 1;
        return answers[pathname]?.() ?? new Response(null, { status: 404 });
      }),
    ),
  );
});
afterAll(async () => {
  await elsewhere.close();
  await harness.close();
});

afterEach(() => vi.useRealTimers());

/** The clock of this machine, which the tokens' moments come from. */
function setClock(ahead: number): void {
  if (ahead !== 0) vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ahead });
}

const settings = (): BillhookHostOptions => ({
  url: harness.url,
  audience: publicUrl,
  issuer: 'acme',
  secret: hostSecret,
  onUnknown: 'allow',
  onUnreachable: 'allow',
  timeoutMs: 60_000,
});

interface Mistake {
  readonly change?: () => Partial<BillhookHostOptions>;
  readonly rule?: GuardRule;
  /** How far this machine's clock is ahead, in milliseconds. */
  readonly ahead?: number;
  /** When it is said, its code, the BFF's own code where there is one, and the words. */
  readonly said: readonly ['at the start' | 'at the first question', string, string | null, RegExp] | null;
  /** The answer of a guarded route. */
  readonly route: readonly [status: number, code: string];
}

const misconfigured = [500, 'billing_misconfigured'] as const;
const opened = [200, 'in'] as const;
const nothing = [500, ''] as const;
const at = (path: string) => () => ({ url: `${elsewhere.url}${path}` });

const mistakes: Readonly<Record<string, Mistake>> = {
  'no mistake': { said: null, route: opened },
  'a wrong secret': {
    change: () => ({ secret: 'another-secret-of-somebody-of-32-bytes' }),
    said: ['at the first question', 'billing_refused', 'token_invalid', /secret must be .* BILLHOOK_HOST_SECRET/],
    route: misconfigured,
  },
  'an unset secret': {
    change: () => ({ secret: undefined }),
    said: ['at the start', 'secret_missing', null, /^secret is not set: .*BILLHOOK_HOST_SECRET/],
    route: nothing,
  },
  'an empty secret': {
    change: () => ({ secret: '' }),
    said: ['at the start', 'secret_missing', null, /^secret is not set/],
    route: nothing,
  },
  'a short secret': {
    change: () => ({ secret: 'secret' }),
    said: ['at the start', 'secret_weak', null, /^secret must have at least 32 bytes/],
    route: nothing,
  },
  'an unset address': {
    change: () => ({ url: undefined }),
    said: ['at the start', 'url_invalid', null, /^url must be .*BILLHOOK_URL/],
    route: nothing,
  },
  'an unknown plan key, the keys said': {
    change: () => ({ plans: ['team', 'business'] }),
    rule: { plan: 'taem' },
    said: ['at the start', 'plan_unknown', null, /^plan must be one of team, business$/],
    route: nothing,
  },
  'an unknown plan key, no keys said': { rule: { plan: 'taem' }, said: null, route: [403, 'plan_missing'] },
  'an unknown feature, the features said': {
    change: () => ({ features: ['export'] }),
    rule: { feature: 'exprot' },
    said: ['at the start', 'feature_unknown', null, /^feature must be one of export$/],
    route: nothing,
  },
  'a feature that is asked for in the plural': {
    rule: { features: 'export' } as GuardRule,
    said: ['at the start', 'option_unknown', null, /^features is none of level, plan, feature, /],
    route: nothing,
  },
  'a feature whose variable is not set': {
    rule: { feature: undefined } as unknown as GuardRule,
    said: ['at the start', 'feature_unknown', null, /^feature must be one of your features$/],
    route: nothing,
  },
  'a plan whose variable is not set': {
    rule: { plan: undefined } as unknown as GuardRule,
    said: ['at the start', 'plan_unknown', null, /^plan must be one of your plan keys$/],
    route: nothing,
  },
  'several features, of which a guard asks for one': {
    rule: { feature: ['export', 'audit'] } as unknown as GuardRule,
    said: ['at the start', 'feature_unknown', null, /^feature must be one of your features$/],
    route: nothing,
  },
  'a guard of nothing at all': {
    rule: null as unknown as GuardRule,
    said: ['at the start', 'option_invalid', null, /^rule must be an object$/],
    route: nothing,
  },
  'plan keys as a text': {
    change: () => ({ plans: 'team' as never }),
    rule: { plan: 'tea' },
    said: ['at the start', 'option_invalid', null, /^plans must be a list of your plan keys$/],
    route: nothing,
  },
  'a time limit as a text': {
    change: () => ({ timeoutMs: '3000' as never }),
    said: ['at the start', 'option_invalid', null, /^timeoutMs must be a number of milliseconds$/],
    route: nothing,
  },
  'a misspelt option': {
    change: () => ({ onUnreachabel: 'allow' }) as Partial<BillhookHostOptions>,
    said: ['at the start', 'option_unknown', null, /^onUnreachabel is none of url, issuer, /],
    route: nothing,
  },
  'a guard that is not told what happens without an answer': {
    change: () => ({ onUnreachable: undefined as never }),
    said: ['at the start', 'undecided', null, /^onUnreachable must be allow or refuse/],
    route: nothing,
  },
  'a BFF that is down at the first call': {
    change: () => ({ url: 'http://127.0.0.1:9' }),
    rule: { onUnreachable: 'refuse' },
    said: [
      'at the first question',
      'billing_unreachable',
      null,
      /^the BFF at http:\/\/127\.0\.0\.1:9 does not answer$/,
    ],
    route: [503, 'billing_unreachable'],
  },
  'a BFF that is down at the first call, and the host said "allow"': {
    change: () => ({ url: 'http://127.0.0.1:9' }),
    said: ['at the first question', 'billing_unreachable', null, /does not answer$/],
    route: opened,
  },
  'a proxy whose BFF is down': {
    change: at('/down'),
    rule: { onUnreachable: 'refuse' },
    said: ['at the first question', 'billing_unreachable', null, /^the BFF answered 502$/],
    route: [503, 'billing_unreachable'],
  },
  'another site’s page at the address': {
    change: at('/page'),
    said: ['at the first question', 'answer_invalid', null, /no BFF of Billhook’s .*: it is no JSON$/],
    route: misconfigured,
  },
  'another API at the address': {
    change: at('/api'),
    said: ['at the first question', 'answer_invalid', null, /: it is 404 without a problem’s code$/],
    route: misconfigured,
  },
  'a redirect at the address': {
    change: at('/moved'),
    said: ['at the first question', 'answer_invalid', null, /: it is a redirect, and none is followed$/],
    route: misconfigured,
  },
  'an answer about another account': {
    change: at('/other'),
    said: ['at the first question', 'answer_invalid', null, /speaks of another account$/],
    route: misconfigured,
  },
  'a BFF that does not know this host': {
    change: () => ({ issuer: 'acne' }),
    said: ['at the first question', 'billing_refused', 'token_issuer_unknown', /issuer must be the host’s id/],
    route: misconfigured,
  },
  'another BFF’s address in the token': {
    change: () => ({ audience: 'https://elsewhere.example' }),
    said: ['at the first question', 'billing_refused', 'token_audience_wrong', /audience .* BILLHOOK_URL/],
    route: misconfigured,
  },
  'a clock four minutes ahead': { ahead: 4 * minute, said: null, route: opened },
  'a clock four minutes behind': { ahead: -4 * minute, said: null, route: opened },
  'a clock three hours ahead': {
    ahead: 3 * hour,
    said: ['at the first question', 'billing_refused', 'token_malformed', /clock is 180 min ahead of the BFF’s\)$/],
    route: misconfigured,
  },
  'a clock three hours behind': {
    ahead: -3 * hour,
    said: ['at the first question', 'billing_refused', 'token_expired', /clock is 180 min behind the BFF’s\)$/],
    route: misconfigured,
  },
};

/** The answer of a route behind the guard, as Next.js, Hono or a worker would give it. */
async function routeOf(host: BillhookHost, rule: GuardRule | undefined): Promise<readonly [number, string]> {
  const route = host.guard(rule).route(
    () => 'team_active',
    () => new Response('in'),
  );
  try {
    const response = await route(new Request('https://app.example/export'));
    if (response.status === 200) return [200, await response.text()];
    return [response.status, ((await response.json()) as { code: string }).code];
  } catch {
    // A framework answers 500 for what is thrown.
    return [500, ''];
  }
}

describe('a mistake of a host’s backend', () => {
  const table: string[] = [];
  afterAll(() => void process.stdout.write(`${table.join('\n')}\n`));

  it.each(Object.entries(mistakes))('%s', async (name, { change, rule, ahead = 0, said, route }) => {
    setClock(ahead);
    const heard: unknown[] = [];
    const options = (): BillhookHostOptions => ({
      ...settings(),
      ...change?.(),
      onError: (cause) => void heard.push(cause),
    });
    const found = async () => {
      const host = createBillhookHost(options());
      host.guard(rule);
      return await host.access('team_active').then(
        () => null,
        (cause: unknown) => ['at the first question', cause] as const,
      );
    };
    const [when, cause] = (await found().catch((error: unknown) => ['at the start', error] as const)) ?? [null, null];
    const { code = null, problem = null, message = '' } = (cause ?? {}) as Record<string, string | undefined>;
    expect([when, code, problem]).toEqual(said === null ? [null, null, null] : said.slice(0, 3));
    if (said !== null) expect(message).toMatch(said[3]);
    expect(message, 'no secret is told').not.toContain(hostSecret);

    // The same settings in an application that is imported without them: nothing is known before the first request.
    const answered = await routeOf(lazyBillhookHost(options), rule);
    expect(answered).toEqual(route);
    if (when === 'at the first question') expect(heard).toContainEqual(expect.objectContaining({ code }));
    table.push(`${name}: ${code ?? '-'} ${problem ?? ''} ${when ?? ''} → ${answered.join(' ')} | ${message}`);
  });

  it('lets a redirect carry no token anywhere', () => {
    expect(carried).toBe(0);
  });

  it('opens only where nothing is wrong, and where the host said so of a BFF that is down', () => {
    const open = Object.entries(mistakes).filter(([, { route }]) => route[0] === 200);
    expect(open.map(([name]) => name)).toEqual([
      'no mistake',
      'a BFF that is down at the first call, and the host said "allow"',
      'a clock four minutes ahead',
      'a clock four minutes behind',
    ]);
  });
});

it.each<[string, number, string, RegExp]>([
  ['ahead', 3 * hour, 'token_malformed', /the clock of the machine that made the token is minutes ahead/],
  ['behind', -3 * hour, 'token_expired', /the clock of the machine that made it is behind/],
])('F15: a page’s token of a clock hours %s is refused in words about the clock', async (_, ahead, code, words) => {
  setClock(ahead);
  const contents = { issuer: 'acme', audience: publicUrl, account: 'team_active' };
  const token = await mintWidgetToken({ secret: hostSecret, ...contents });
  const problem = await problemOf(await harness.bff.call('/v1/billing', { token }));
  expect(problem).toMatchObject({ status: 401, code, detail: expect.stringMatching(words) });
});

it('N9: what is missing altogether is said by code and name, too', async () => {
  const codeOf = async (ask: () => unknown) => {
    try {
      return [await ask()];
    } catch (cause) {
      const { code, option } = cause as { code?: string; option?: string };
      return [code, option];
    }
  };
  const missing = undefined as never;
  const host = createBillhookHost({ ...settings(), webhookSecrets: [`whsec_${btoa('a'.repeat(32))}`] });
  expect(await codeOf(() => createBillhookHost(missing))).toEqual(['option_invalid', 'options']);
  expect(await codeOf(() => mintWidgetToken(missing))).toEqual(['option_invalid', 'options']);
  expect(await codeOf(() => host.token(missing))).toEqual(['account_invalid', 'account']);
  expect(await codeOf(() => host.access(missing))).toEqual(['account_invalid', 'account']);
  expect(await codeOf(() => host.notice(missing))).toEqual(['notice_malformed', undefined]);
  expect(await codeOf(() => host.notice({ body: '' } as never))).toEqual(['notice_malformed', undefined]);
  const guard = host.guard();
  const doors: readonly ((...given: never[]) => unknown)[] = [guard.hono, guard.express, guard.fastify, guard.route];
  for (const door of doors) expect(await codeOf(() => door(missing, missing))).toEqual(['option_invalid', 'accountOf']);
});
