/** The command line of `cli.ts`, read and checked at once: every problem is named, none is guessed around. */

import { parseArgs } from 'node:util';
import { isOwnEndpoint } from './state/loopback.ts';

export interface CliOptions {
  readonly port: number;
  readonly secretKey: string;
  readonly webhooks: readonly string[];
  /** One secret for every webhook; without it each endpoint is given its own. */
  readonly webhookSecret: string | undefined;
  readonly publicUrl: string | undefined;
  /** The account and its ids, to be the same again; without it they are others at each start. */
  readonly seed: number | undefined;
  /** Unix milliseconds at which the clock stands, frozen. */
  readonly startAt: number | undefined;
  /** Saves the Dashboard's portal settings, so that portal sessions work without a configuration. */
  readonly portal: boolean;
  /** Fills the sandbox with the demo's business. */
  readonly demo: boolean;
}

export type CliCommand =
  | { readonly kind: 'start'; readonly options: CliOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

export const helpText = `Usage: billhook-sandbox [options]

Starts a twin of Stripe on this machine: no key, no network, nothing kept when it stops. Each start is
another Stripe account: what an app remembers of the last one, such as its ledger, is deleted with it.
Point the official SDK at it: new Stripe(key, { host: '127.0.0.1', port, protocol: 'http' }).

Options:
  -p, --port <number>       Port on the loopback address; 0 takes any that is free. Default: 12111
  -k, --secret-key <key>    The key that clients must send (sk_test_…). Default: sk_test_sandbox
  -w, --webhook <url>       Sends every event here; may be given several times
      --webhook-secret <s>  The secret that signs them (whsec_…). Default: one is made and printed
      --public-url <url>    The origin in the addresses of hosted pages. Default: where it listens
      --start-at <time>     Stands the clock, frozen, at an ISO 8601 time. Default: real time
      --seed <number>       The same number makes the same account and ids. Default: others at each start
      --no-portal           Leaves the Dashboard's portal settings unsaved, as in a new account
      --demo                Fills the account with a small business, a customer in every situation
  -h, --help                Prints this

The control room (clock, failing payments, lost webhooks) is at /sandbox, as a page and as JSON.
`;

/**
 * Reads the arguments behind `node cli.ts`.
 *
 * @example
 * readCommand(['--port', '0', '--webhook', 'http://localhost:3000/hooks']); // { kind: 'start', options: … }
 */
export function readCommand(args: readonly string[]): CliCommand {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        port: { type: 'string', short: 'p', default: '12111' },
        'secret-key': { type: 'string', short: 'k', default: 'sk_test_sandbox' },
        webhook: { type: 'string', short: 'w', multiple: true, default: [] },
        'webhook-secret': { type: 'string' },
        'public-url': { type: 'string' },
        'start-at': { type: 'string' },
        seed: { type: 'string' },
        portal: { type: 'boolean', default: true },
        demo: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (cause) {
    return { kind: 'problems', problems: [cause instanceof Error ? cause.message : String(cause)] };
  }
  if (values.help) return { kind: 'help' };

  const startAt = values['start-at'] === undefined ? undefined : new Date(values['start-at']).getTime();
  const checks: readonly (readonly [boolean, string])[] = [
    [/^\d{1,5}$/.test(values.port) && Number(values.port) <= 65_535, '--port must be a number from 0 to 65535'],
    [/^(?:sk|rk)_test_\w+$/.test(values['secret-key']), '--secret-key must begin with sk_test_'],
    [values.webhook.every(isOwnEndpoint), '--webhook must be an http or https URL of this machine'],
    [
      values['webhook-secret'] === undefined || values['webhook-secret'].startsWith('whsec_'),
      '--webhook-secret must begin with whsec_',
    ],
    [
      values['public-url'] === undefined || isHttpUrl(values['public-url']),
      '--public-url must be an http or https URL',
    ],
    [values.seed === undefined || /^[1-9]\d{0,8}$/.test(values.seed), '--seed must be a whole number from 1'],
    [startAt === undefined || Number.isFinite(startAt), '--start-at must be an ISO 8601 time'],
    [startAt === undefined || !values.demo, '--demo lives through real time: it cannot be combined with --start-at'],
  ];
  const problems = checks.filter(([holds]) => !holds).map(([, problem]) => problem);
  if (problems.length > 0) return { kind: 'problems', problems };
  return {
    kind: 'start',
    options: {
      port: Number(values.port),
      secretKey: values['secret-key'],
      webhooks: values.webhook,
      webhookSecret: values['webhook-secret'],
      publicUrl: values['public-url'],
      seed: values.seed === undefined ? undefined : Number(values.seed),
      startAt,
      portal: values.portal,
      demo: values.demo,
    },
  };
}

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
