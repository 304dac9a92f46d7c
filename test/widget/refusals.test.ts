/**
 * Every refusal: what the person reads, who can act, and the way out. Nobody is sent to support where the customer or the
 * host could act: a fault of the set-up is calm words for the customer, and named to the host.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProblemCode } from '@billhook/widget/contract';
import { BillhookError as ServerError } from '../../server/src/problem.ts';
import { createLocalizer, type Words } from '../../widget/src/i18n/localizer.ts';
import { BillhookError, type WidgetErrorCode } from '../../widget/src/page/errors.ts';
import { failureText } from '../../widget/src/view/sentences.ts';
import { en } from './english.ts';

/** `passes`: by itself, and the page asks again. `host`: the customer reads calm words, and the code stands beside them. */
type Actor = 'customer' | 'passes' | 'host';
type WayOut = readonly [actor: Actor, wayOut: string];

/** In the words of the guides: each name between backticks stands in one of them. */
const ofTheServer = {
  token_missing: ['host', 'a proxy takes the `Authorization` header out'],
  token_malformed: ['host', '`billhook token` prints a good one to compare'],
  token_invalid: ['host', '`BILLHOOK_HOST_SECRET` is the same on both sides'],
  token_expired: ['host', 'the page mints anew by itself; `billhook doctor` compares the clocks'],
  token_issuer_unknown: ['host', '`BILLHOOK_HOST_ID` is the token’s issuer'],
  token_audience_wrong: ['host', '`BILLHOOK_URL` is the token’s audience'],
  token_keys_unavailable: ['passes', 'the host: `billhook doctor` says whether `BILLHOOK_HOST_JWKS_URL` answers'],
  scope_missing: ['customer', 'asks an owner; the host: the scope `billing:manage`'],
  origin_not_allowed: ['host', '`BILLHOOK_HOST_ORIGINS`; the log names the origin'],
  return_url_not_allowed: ['host', '`BILLHOOK_HOST_ORIGINS` has the origin of each return address'],
  body_too_large: ['host', 'a proxy or the host’s code changes requests'],
  body_malformed: ['host', 'a proxy or the host’s code changes requests'],
  body_consumed: ['host', 'mounts Billhook before `express.json()`'],
  field_invalid: ['host', 'the answer’s `field` names it'],
  no_customer: ['customer', 'has nothing to manage; buys by an offer'],
  no_open_invoice: ['customer', 'has nothing to pay any more'],
  subscription_exists: ['customer', 'manages the plan in the portal'],
  checkout_busy: ['customer', 'tries again in a moment, or goes on in the other tab'],
  offer_unavailable: ['customer', 'chooses among the plans that are sold; the page reads anew by itself'],
  visit_not_found: ['host', 'the page reads anew by itself'],
  introduction_refused: ['host', '`billhook link` moves an account’s customer'],
  portal_not_configured: ['host', '`billhook setup` makes the configurations'],
  portal_flow_unavailable: ['customer', 'opens the portal’s home instead'],
  stripe_customer_missing: ['host', '`billhook doctor`: a test key with live customers, or the other way round'],
  stripe_unavailable: ['passes', 'the page asks again'],
  stripe_rate_limited: ['passes', 'the page asks again'],
  stripe_rejected: ['host', 'the log has Stripe’s words; `billhook doctor` names what a key lacks'],
  webhook_signature_invalid: ['host', '`STRIPE_WEBHOOK_SECRET`; `billhook doctor` finds it'],
  webhook_livemode_mismatch: ['host', '`STRIPE_SECRET_KEY` and the endpoint are of one mode'],
  store_unavailable: ['passes', 'the host: `DATABASE_URL`'],
  rate_limited: ['customer', 'tries again in a moment'],
  not_found: ['host', '`api` is the address of the server'],
  method_not_allowed: ['host', '`api` is the address of the server'],
  stopping: ['passes', 'the page asks again'],
  internal: ['passes', 'the page asks again; the host: the log'],
} as const satisfies Readonly<Record<ProblemCode, WayOut>>;

const ofThePage = {
  offline: ['customer', 'is told so; the page asks again when the network is back'],
  unreachable: ['passes', 'the page asks again; the host: `billhook doctor`'],
  timed_out: ['passes', 'the page asks again'],
  response_malformed: ['passes', 'the page asks again; a proxy answers for the server'],
  token_unavailable: ['passes', 'the page asks again; the host: `token-url` fails, and the console says how'],
  token_source_missing: ['host', '`token-url` or `getToken`'],
  api_missing: ['host', '`api`'],
  api_not_allowed: ['host', '`configureBillhook`'],
  token_url_not_allowed: ['host', '`configureBillhook`'],
  unsupported_frame: ['customer', 'opens the page in its own tab'],
  address_refused: ['host', 'addresses are https'],
  element_name_taken: ['host', 'another script defines an element of this name'],
  render_failed: ['host', 'the event `billhook-error` carries the cause'],
} as const satisfies Readonly<Record<Exclude<WidgetErrorCode, ProblemCode>, WayOut>>;

const rows: readonly (readonly [code: string, status: number, actor: Actor, wayOut: string])[] = [
  ...Object.entries(ofTheServer).map(
    ([code, [actor, wayOut]]) => [code, new ServerError(code as ProblemCode).status, actor, wayOut] as const,
  ),
  ...Object.entries(ofThePage).map(([code, [actor, wayOut]]) => [code, 0, actor, wayOut] as const),
];

const english = createLocalizer('en', en as Partial<Words>, 'UTC');
const reads = (code: string, status: number) => failureText(new BillhookError(code, status), english, true);

const root = new URL('../../', import.meta.url);
const guides = ['README.md', 'server/README.md', 'widget/README.md', 'docs/tokens.md']
  .map((path) => readFileSync(new URL(path, root), 'utf8'))
  .join('\n');

describe('a read that passes by itself', () => {
  const passing = rows.filter(([code, status, actor]) => actor !== 'host' && new BillhookError(code, status).transient);
  it.each(passing)('%s is told in words that need no fetch', (code, status) => {
    const missing: string[] = [];
    const script = createLocalizer('en', {}, 'UTC', () => missing.push(code));
    expect(failureText(new BillhookError(code, status), script, false)).not.toBe('');
    expect(missing).toEqual([]);
  });
});

/** Of a set-up that is at fault, without the code: the console has it. */
const calm: readonly string[] = [en['failure.portal_not_configured'], en['failure.unreachable']];

describe('a refusal', () => {
  it.each(rows)('%s (%j)', (code, status, actor, wayOut) => {
    const text = reads(code, status);
    const codeIsShown = text.includes(code);
    expect(text).not.toBe('');
    for (const [, name = ''] of wayOut.matchAll(/`([^`]+)`/g)) expect(guides, `a guide says ${name}`).toContain(name);
    // A fault of the host's is not blamed on the customer: calm words, and the code for the developer or a word of its own.
    if (actor === 'host') expect(codeIsShown || calm.includes(text)).toBe(true);
    if (actor === 'customer') expect(text).not.toContain(en['failure.support']);
    if (actor === 'passes') expect([en['failure.unreachable'], en['failure.stripe']]).toContain(text);
  });

  it('N14: the console names each that the host must mend, and none that the customer or the network made', () => {
    const named = rows.filter(([code, status]) => new BillhookError(code, status).setUp).map(([code]) => code);
    const ofTheHost = rows.filter(([, , actor]) => actor === 'host').map(([code]) => code);
    expect(ofTheHost.filter((code) => !named.includes(code))).toEqual(['body_consumed', 'visit_not_found']);
    expect(named.filter((code) => !ofTheHost.includes(code))).toEqual([
      // The customer's words for it are true; a developer has to take the frame away.
      'scope_missing',
      'unreachable',
      'timed_out',
      'response_malformed',
      'token_unavailable',
      'unsupported_frame',
    ]);
  });

  it('sends nobody to support, in any language, nor in the server’s own words', () => {
    const help = /support|assist|asisten|pomoc|suporte|サポート|客服|الدعم/i;
    const folder = new URL('widget/src/i18n/locales/', root);
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
      const words = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, string>;
      const failures = Object.entries(words).filter(([key]) => key.startsWith('failure.'));
      expect(failures.length, name).toBeGreaterThan(10);
      expect(
        failures.filter(([, text]) => help.test(text)),
        name,
      ).toEqual([]);
    }
    for (const code of Object.keys(ofTheServer) as ProblemCode[])
      expect(new ServerError(code).toProblem().detail, code).not.toMatch(help);
  });

  it('the table', () => {
    const lines = rows.map(
      ([code, status, actor, wayOut]) =>
        `${code.padEnd(26)}${String(status || '').padEnd(5)}${actor.padEnd(10)}${reads(code, status)}  → ${wayOut}`,
    );
    process.stdout.write(`${lines.join('\n')}\n${lines.length} refusals\n`);
    expect(new Set(rows.map(([code]) => code)).size).toBe(rows.length);
  });
});
