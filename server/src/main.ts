/** The standalone server: reads the environment, wires, listens, and stops without losing anything. */

import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { pino } from 'pino';
import { createBillhook } from './billhook.ts';
import { ConfigError, type BillhookOptions } from './config.ts';
import type { Log, LogFields } from './log.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Which variable sets which option; also how a problem is named to the operator. */
const variables: Record<string, string> = {
  publicUrl: 'BILLHOOK_URL',
  database: 'DATABASE_URL',
  'stripe.secretKey': 'STRIPE_SECRET_KEY',
  'stripe.webhookSecrets': 'STRIPE_WEBHOOK_SECRET',
  'stripe.apiUrl': 'STRIPE_API_URL',
  'hosts.0.id': 'BILLHOOK_HOST_ID',
  'hosts.0.secrets': 'BILLHOOK_HOST_SECRET',
  'hosts.0.publicKeys': 'BILLHOOK_HOST_PUBLIC_KEY',
  'hosts.0.jwksUrl': 'BILLHOOK_HOST_JWKS_URL',
  'hosts.0.origins': 'BILLHOOK_HOST_ORIGINS',
  'hosts.0.returnUrl': 'BILLHOOK_HOST_RETURN_URL',
  'hosts.0.portalConfiguration': 'STRIPE_PORTAL_CONFIGURATION',
  'hosts.0.policy.graceDays': 'BILLHOOK_GRACE_DAYS',
  'hosts.0.policy.freePlan.name': 'BILLHOOK_FREE_PLAN',
  'hosts.0.policy.upgradeUrl': 'BILLHOOK_UPGRADE_URL',
};

/** Options for one host from environment variables; lists are separated by commas. */
export function optionsFrom(env: Environment): BillhookOptions {
  const text = (option: string) => env[variables[option] ?? ''] || undefined;
  const list = (option: string) =>
    text(option)
      ?.split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  const number = (option: string) => (text(option) === undefined ? undefined : Number(text(option)));
  const given = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value });
  const freePlan = text('hosts.0.policy.freePlan.name');

  // What is missing stays missing: the one check in `config.ts` names it.
  return {
    publicUrl: text('publicUrl') ?? `http://localhost:${portOf(env)}`,
    database: (text('database') ?? 'billhook.db').replace(/^(?:sqlite|file):(?:\/\/)?/, ''),
    stripe: {
      ...given('secretKey', text('stripe.secretKey')),
      ...given('webhookSecrets', list('stripe.webhookSecrets')),
      ...given('apiUrl', text('stripe.apiUrl')),
    },
    hosts: [
      {
        id: text('hosts.0.id') ?? 'app',
        ...given('secrets', list('hosts.0.secrets')),
        // PEM keys one after the other, while one replaces another; or one JWK.
        ...given(
          'publicKeys',
          text('hosts.0.publicKeys')
            ?.split(/(?=-----BEGIN )/)
            .map((key) => ({ key })),
        ),
        ...given('jwksUrl', text('hosts.0.jwksUrl')),
        ...given('origins', list('hosts.0.origins')),
        ...given('returnUrl', text('hosts.0.returnUrl')),
        ...given('portalConfiguration', text('hosts.0.portalConfiguration')),
        policy: {
          ...given('graceDays', number('hosts.0.policy.graceDays')),
          ...given('upgradeUrl', text('hosts.0.policy.upgradeUrl')),
          ...given('freePlan', freePlan === undefined ? undefined : { name: freePlan, access: 'full' as const }),
        },
      },
    ],
  } as unknown as BillhookOptions;
}

/** The name that an operator knows an option by. */
function variableOf(option: string): string {
  const list = /^(.+)\.(\d+)(?:\.key)?$/.exec(option);
  const [variable, entry] = [variables[list?.[1] ?? option], list?.[2]];
  if (variable === undefined) return variables[option] ?? option;
  return entry === undefined ? variable : `${variable} (entry ${Number(entry) + 1})`;
}

const portOf = (env: Environment): number => Number(env['PORT'] || 4001);

/**
 * Serves until SIGTERM or SIGINT: then whoever waits is answered, what is under way is finished, and the ledger closed.
 *
 * @returns Resolves with the exit code when everything has ended.
 */
export async function serveBillhook(env: Environment): Promise<number> {
  const logger = pino({ level: env['LOG_LEVEL'] || 'info' });
  const log: Log = {
    info: (what, fields) => logger.info(fields ?? ({} satisfies LogFields), what),
    warn: (what, fields) => logger.warn(fields ?? {}, what),
    error: (what, fields) => logger.error(fields ?? {}, what),
  };
  const port = portOf(env);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError([{ option: 'PORT', must: 'must be a port number, 0 to 65535' }]);
  }

  // Before anything is open: a signal that comes while starting must not end the process in its middle.
  const stopping = new Promise<void>((stop) => process.once('SIGTERM', () => stop()).once('SIGINT', () => stop()));
  let billhook: Awaited<ReturnType<typeof createBillhook>>;
  try {
    billhook = await createBillhook({ ...optionsFrom(env), log });
  } catch (cause) {
    throw cause instanceof ConfigError ? new ConfigError(cause.problems, variableOf) : cause;
  }

  const server = serve({ fetch: billhook.fetch, port, ...(env['HOST'] ? { hostname: env['HOST'] } : {}) });
  try {
    await new Promise<void>((listening, failed) => server.once('listening', listening).once('error', failed));
  } catch (cause) {
    await billhook.close();
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw taken ? new ConfigError([{ option: 'PORT', must: `${port} is taken by another program` }]) : cause;
  }
  log.info('server.listening', { port: (server.address() as AddressInfo).port });

  await stopping;
  log.info('server.stopping');
  billhook.answerWaiting();
  // A connection that was answered while stopping would be kept alive for seconds, and the stop with it.
  const idle = setInterval(() => 'closeIdleConnections' in server && server.closeIdleConnections(), 20);
  await new Promise<void>((closed) => server.close(() => closed()));
  clearInterval(idle);
  await billhook.close();
  log.info('server.stopped');
  return 0;
}
