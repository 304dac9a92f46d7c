/** The demo's options, from its environment. */

import type { BillhookOptions } from '@billhook/server';
import { customerVariable, workspaceIds } from './workspaces.ts';

type Offer = NonNullable<BillhookOptions['hosts'][number]['offers']>[number];

/** A real Stripe test account instead of the sandbox. */
export interface StripeAccount {
  readonly secretKey: string;
  /** From `stripe listen --forward-to …/v1/webhooks/stripe`. */
  readonly webhookSecret: string;
  /** Default: the account's own. */
  readonly portalConfiguration?: string;
  /** Customers by workspace id, introduced with the workspace's tokens. */
  readonly customers: Readonly<Record<string, string>>;
}

export interface DemoOptions {
  /** 0 takes any free port. Default: 4000, 4001, 4002. */
  readonly hostPort?: number;
  readonly billhookPort?: number;
  readonly sandboxPort?: number;
  /** The public addresses, where a proxy or a tunnel stands before the demo. Default: `http://localhost:<port>`. */
  readonly hostUrl?: string;
  readonly billhookUrl?: string;
  readonly sandboxUrl?: string;
  /** The BFF's name in its default address. `127.0.0.1` makes it another *site* than the host. Default: `localhost`. */
  readonly billhookHostname?: 'localhost' | '127.0.0.1';
  /** Prices that may be bought, by lookup key, or whole offers. Default: Starter, Team, Business; on an account of your own, none. */
  readonly offers?: readonly (string | Offer)[];
  /** Default: none, the sandbox is started. */
  readonly stripe?: StripeAccount;
  /** The BFF's. Default: `warn`. */
  readonly logLevel?: string;
  /** The BFF ended by itself. Default: nothing; it may be started again. */
  readonly onBillhookDeath?: (how: string) => void;
}

/** The environment cannot be right. The message has one line for every problem. */
export class DemoOptionsError extends Error {
  override readonly name = 'DemoOptionsError';
  readonly code = 'demo_options_invalid';
}

/**
 * Reads `HOST_PORT`, `BILLHOOK_PORT`, `SANDBOX_PORT`, `HOST_URL`, `BILLHOOK_URL`, `SANDBOX_URL`, `LOG_LEVEL`; and, for a
 * real test account, `STRIPE_SECRET_KEY`, `STRIPE_WEBHOOK_SECRET`, `STRIPE_PORTAL_CONFIGURATION` and
 * `DEMO_CUSTOMER_<WORKSPACE>`.
 *
 * @throws {DemoOptionsError} `demo_options_invalid`, with every problem at once.
 */
export function demoOptionsFrom(env: Readonly<Record<string, string | undefined>>): DemoOptions {
  const problems: string[] = [];
  const port = (variable: string): number | undefined => {
    const text = env[variable];
    if (!text) return undefined;
    if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
    problems.push(`${variable} must be a port number, 0 to 65535.`);
    return undefined;
  };
  const address = (variable: string): string | undefined => {
    const text = env[variable];
    if (!text) return undefined;
    if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
    problems.push(`${variable} must be a web address such as https://demo.example.`);
    return undefined;
  };

  const options = {
    hostPort: port('HOST_PORT'),
    billhookPort: port('BILLHOOK_PORT'),
    sandboxPort: port('SANDBOX_PORT'),
    hostUrl: address('HOST_URL'),
    billhookUrl: address('BILLHOOK_URL'),
    sandboxUrl: address('SANDBOX_URL'),
    logLevel: env['LOG_LEVEL'] || undefined,
    stripe: env['STRIPE_SECRET_KEY'] ? stripeAccount(env['STRIPE_SECRET_KEY'], env, problems) : undefined,
  };
  if (problems.length > 0) throw new DemoOptionsError(problems.join('\n'));
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function stripeAccount(
  secretKey: string,
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): StripeAccount {
  if (/^(?:sk|rk)_live_/.test(secretKey)) {
    problems.push('STRIPE_SECRET_KEY is a live key. Anybody may sign in to the demo as anybody: give it a test key.');
  } else if (!/^(?:sk|rk)_test_/.test(secretKey)) {
    problems.push('STRIPE_SECRET_KEY must be a test key (sk_test_… or rk_test_…).');
  }
  const webhookSecret = env['STRIPE_WEBHOOK_SECRET'] ?? '';
  if (!webhookSecret.startsWith('whsec_')) {
    const port = env['BILLHOOK_PORT'] || '4001';
    problems.push(
      `STRIPE_WEBHOOK_SECRET must be the whsec_… that "stripe listen --forward-to localhost:${port}/v1/webhooks/stripe" prints.`,
    );
  }
  const introduced = workspaceIds.map((id) => [id, env[customerVariable(id)]] as const);
  return {
    secretKey,
    webhookSecret,
    ...(env['STRIPE_PORTAL_CONFIGURATION'] ? { portalConfiguration: env['STRIPE_PORTAL_CONFIGURATION'] } : {}),
    customers: Object.fromEntries(introduced.flatMap(([id, customer]) => (customer ? [[id, customer]] : []))),
  };
}
