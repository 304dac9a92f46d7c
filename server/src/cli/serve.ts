/** The standalone server: reads the environment, wires, listens, and stops without losing anything. */

import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { pino } from 'pino';
import { createBillhook, type Billhook } from '../billhook.ts';
import { ConfigError, type ConfigProblem } from '../config/config.ts';
import { ownServer } from '../http/widget-files.ts';
import { nameOf, optionsFrom } from './environment.ts';
import { stopAsked } from './stop-asked.ts';
import { unknownVariables, type Environment } from './variables.ts';
import type { Log, LogFields } from '../log.ts';
import type { SchedulerOptions } from '../background/scheduler.ts';
import type { WorkerOptions } from '../background/worker.ts';

/**
 * How long a client may take, in milliseconds, and how many connections there may be. A connection that sends nothing
 * costs memory, and so do thousands of them. A body has its own limit of 10 s (`read-body.ts`); the request's is for what
 * routes do not read.
 */
const patience = { headersTimeout: 12_000, requestTimeout: 25_000, connectionsCheckingInterval: 1_000 };
const mostConnections = 10_000;

function connectionsOf(env: Environment): number {
  const connections = Number(env['BILLHOOK_CONNECTIONS'] || mostConnections);
  if (Number.isInteger(connections) && connections > 0) return connections;
  throw new ConfigError([{ option: 'BILLHOOK_CONNECTIONS', must: 'must be a whole number of connections, from 1' }]);
}

function logLevelOf(env: Environment): string {
  const level = env['LOG_LEVEL']?.trim().toLowerCase() || 'info';
  const levels = [...Object.keys(pino.levels.values), 'silent'];
  if (levels.includes(level)) return level;
  throw new ConfigError([{ option: 'LOG_LEVEL', must: `must be one of ${levels.join(', ')}` }]);
}

const portOf = (env: Environment): number => Number(env['PORT'] || 4001);

/**
 * Serves until it is asked to stop: then held polls are answered, the work under way is finished, and the ledger closed.
 *
 * @param pace - how it works in the background, for tests that cannot wait as long as an operator can
 * @returns Resolves with the exit code when everything has ended.
 */
export async function serveBillhook(
  env: Environment,
  pace: { readonly worker?: WorkerOptions; readonly upkeep?: SchedulerOptions } = {},
): Promise<number> {
  const logger = pino({ level: logLevelOf(env) });
  const log: Log = {
    info: (what, fields) => logger.info(fields ?? ({} satisfies LogFields), what),
    warn: (what, fields) => logger.warn(fields ?? {}, what),
    error: (what, fields) => logger.error(fields ?? {}, what),
  };
  const port = portOf(env);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError([{ option: 'PORT', must: 'must be a port number, 0 to 65535' }]);
  }

  const connections = connectionsOf(env);

  // Before anything is open: a signal that comes while starting must not end the process in its middle.
  const stopping = stopAsked(env);
  const options = optionsFrom(env);
  for (const variable of unknownVariables(env, options)) log.warn('config.variable_unknown', { variable });
  let billhook: Billhook;
  try {
    billhook = await createBillhook({ ...options, log }, pace.worker, pace.upkeep);
  } catch (cause) {
    throw cause instanceof ConfigError ? new ConfigError(cause.problems, nameOf(env)) : cause;
  }

  const server = serve({
    fetch: withStrictTransport(options.publicUrl, (request, env) =>
      billhook.fetch(request, { ...(env as object), ...ownServer }),
    ),
    port,
    serverOptions: patience,
    ...(env['HOST'] ? { hostname: env['HOST'] } : {}),
  });
  server.maxConnections = connections;
  // Longer than the 60 s for which proxies keep a connection: Node's own 5 s would cut a request that is just being sent.
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 65_000;
  try {
    await new Promise<void>((listening, failed) => server.once('listening', listening).once('error', failed));
  } catch (cause) {
    await billhook.close();
    throw notListening(cause as NodeJS.ErrnoException, port, env['HOST']) ?? cause;
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

/** An address that cannot be listened at, by the variable that says it. */
function notListening({ code = '' }: NodeJS.ErrnoException, port: number, host = ''): ConfigError | null {
  const elsewhere = { option: 'HOST', must: `must be an address of this machine, or not be set: "${host}" is none` };
  const problems: Readonly<Record<string, ConfigProblem>> = {
    EADDRINUSE: { option: 'PORT', must: `${port} is taken by another program` },
    EACCES: { option: 'PORT', must: `${port} is not allowed to this user; ports from 1024 on are` },
    EADDRNOTAVAIL: elsewhere,
    ENOTFOUND: elsewhere,
    EAI_AGAIN: elsewhere,
    EINVAL: elsewhere,
  };
  const problem = Object.hasOwn(problems, code) ? problems[code] : undefined;
  return problem === undefined ? null : new ConfigError([problem]);
}

/**
 * Has browsers keep to https for half a year, where this server has the address to itself. Its neighbours' subdomains are
 * not its own to decide about (RFC 6797, 6.1.2).
 */
function withStrictTransport(publicUrl: string, fetch: Billhook['fetch']): Billhook['fetch'] {
  const { protocol, pathname } = new URL(publicUrl);
  if (protocol !== 'https:' || pathname !== '/') return fetch;
  return async (request, env) => {
    const response = await fetch(request, env);
    response.headers.set('Strict-Transport-Security', 'max-age=15552000');
    return response;
  };
}
