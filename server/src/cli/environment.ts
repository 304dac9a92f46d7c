/**
 * Options from what an operator sets: for one host, variables alone; for more, one file (`BILLHOOK_CONFIG`) with everything
 * that is no secret, and the secrets beside it in the environment. Nothing is checked here: `config.ts` does, all at once.
 */

import { readFileSync } from 'node:fs';
import { ConfigError, type BillhookOptions } from '../config/config.ts';
import { trimmed } from '../config/trimmed.ts';
import { hostVariables, ownVariables, unreadVariables, variableOf, variables, type Environment } from './variables.ts';

/** Secrets never stand in the file: it is read by more people, and copied to more places, than an environment is. */
const secretOptions = ['secrets', 'webhookSecrets', 'secretKey', 'token', 'secret'];

/**
 * The options that a program's environment says.
 *
 * @throws {ConfigError} `config_invalid`, when the file of `BILLHOOK_CONFIG` cannot be read, or holds a secret.
 */
export function optionsFrom(given: Environment): BillhookOptions {
  // A secret's file ends in a newline, and so does a variable that was read from it (F16).
  const env = trimmed({ ...given }) as Environment;
  // A missing variable stays missing: the one check in `config.ts` names it.
  return (env['BILLHOOK_CONFIG'] ? fromFile(env['BILLHOOK_CONFIG'], env) : oneHost(env)) as unknown as BillhookOptions;
}

/** How the operator knows an option: by its variable, or by its place in the file. */
export function nameOf(env: Environment): (option: string) => string {
  return (option) => {
    if (ownVariables.has(option)) return option;
    const list = /^(.+)\.(\d+)(?:\.key)?$/.exec(option);
    const [path, entry] =
      variables[list?.[1] ?? ''] === undefined ? [option, undefined] : [list?.[1] ?? option, list?.[2]];
    const host = env['BILLHOOK_CONFIG'] ? /^hosts\.\d+\.(.+)$/.exec(path) : null;
    const isSecret = host?.[1] === 'secrets' || host?.[1] === 'webhook.secrets';
    if (host && !isSecret) return `${env['BILLHOOK_CONFIG']}: ${option}`;
    const variable = host ? `${variables[`hosts.0.${host[1]}`]}_<ID>` : variables[path];
    if (variable === undefined) return env['BILLHOOK_CONFIG'] ? `${env['BILLHOOK_CONFIG']}: ${option}` : option;
    if (entry === undefined) return variable;
    const comma = /secrets$/i.test(path) ? '; a comma separates two secrets' : '';
    return `${variable} (entry ${Number(entry) + 1}${comma})`;
  };
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

function fromFile(path: string, env: Environment): Json {
  const file = readJson(path);
  const hosts = Array.isArray(file['hosts']) ? (file['hosts'] as Json[]) : [];
  const webhooks = hosts.map((host) => (host['webhook'] ?? {}) as Json);
  const parts = [file, file['stripe'], file['metrics'], file['upkeep'], ...hosts, ...webhooks].filter(isObject);
  const problems = parts.flatMap((part) =>
    secretOptions
      .filter((name) => name in part)
      .map((name) => ({ option: path, must: `must not hold "${name}": secrets come from the environment` })),
  );
  if (holdsPassword(file['database']))
    problems.push({ option: path, must: 'must not hold the password of "database": set DATABASE_URL' });
  problems.push(...unreadVariables(env));
  if (problems.length > 0) throw new ConfigError(problems);
  refuseSharedVariables(hosts, env);
  const { stripe, publicUrl, database, metrics, proxies, upkeep } = oneHost(env);
  return {
    ...file,
    publicUrl: env['BILLHOOK_URL'] ? publicUrl : (file['publicUrl'] ?? publicUrl),
    database: env['DATABASE_URL'] ? database : (file['database'] ?? database),
    stripe: { ...(file['stripe'] as Json | undefined), ...(stripe as Json) },
    ...(metrics === undefined ? {} : { metrics }),
    ...(proxies === undefined ? {} : { proxies }),
    ...(upkeep === undefined ? {} : { upkeep: { ...(file['upkeep'] as Json | null), ...(upkeep as Json) } }),
    ...('hosts' in file ? { hosts: hosts.map((host) => ({ ...host, ...secretsOf(host, hosts.length, env) })) } : {}),
  };
}

const holdsPassword = (address: unknown): boolean =>
  typeof address === 'string' && URL.canParse(address) && new URL(address).password !== '';

/** `team-a` and `team.a` would read one variable, and each could mint the other's tokens. */
function refuseSharedVariables(hosts: readonly Json[], env: Environment): void {
  const ids = hosts.map(({ id }) => id);
  const problems = ids.flatMap((id, index) =>
    hostVariables.flatMap((name) => {
      const variable = variableOf(name, id);
      const other = ids.slice(0, index).find((earlier) => earlier !== id && variableOf(name, earlier) === variable);
      if (other === undefined || env[variable] === undefined) return [];
      return [
        { option: variable, must: `must not be read by two hosts, "${String(other)}" and "${String(id)}": rename one` },
      ];
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

/** `BILLHOOK_HOST_SECRET_ACME`; for the only host `BILLHOOK_HOST_SECRET` will do. Its webhook’s likewise. */
function secretsOf({ id, webhook }: Json, count: number, env: Environment): Json {
  const own = (variable: string) => listOf(env[variableOf(variable, id)] ?? (count === 1 ? env[variable] : undefined));
  const [secrets, webhookSecrets] = hostVariables.map(own);
  return {
    ...(secrets === undefined ? {} : { secrets }),
    ...(webhookSecrets === undefined ? {} : { webhook: { ...(webhook as Json | null), secrets: webhookSecrets } }),
  };
}

function readJson(path: string): Json {
  try {
    // An editor's mark of the encoding at the head of a file is no part of its text.
    const json: unknown = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''));
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Json;
    throw new Error('it is no object');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([
      { option: 'BILLHOOK_CONFIG', must: `must name a file with one JSON object (${path}: ${why})` },
    ]);
  }
}

/** Options for one host, all of it from variables; lists are separated by commas. */
function oneHost(env: Environment): Record<string, unknown> {
  const text = (option: string) => env[variables[option] ?? ''] || undefined;
  const list = (option: string) => listOf(text(option));
  const number = (option: string) => (text(option) === undefined ? undefined : Number(text(option)));
  const given = <T>(name: string, value: T | undefined) => (value === undefined ? {} : { [name]: value });

  return {
    publicUrl: text('publicUrl') ?? defaultUrl(env),
    database: databaseFrom(env),
    ...given('proxies', number('proxies')),
    stripe: {
      ...given('secretKey', text('stripe.secretKey')),
      ...given('webhookSecrets', list('stripe.webhookSecrets')),
      ...given('apiUrl', text('stripe.apiUrl')),
      ...given('requestsPerSecond', number('stripe.requestsPerSecond')),
    },
    ...given('metrics', metricsFrom(text('metrics'), text('metrics.token'))),
    ...given('upkeep', text('upkeep.secret') && { secret: text('upkeep.secret') }),
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
        ...given('returnUrlKeeps', list('hosts.0.returnUrlKeeps')),
        ...given('portalConfiguration', text('hosts.0.portalConfiguration')),
        ...given('webhook', webhookFrom(text('hosts.0.webhook.url'), list('hosts.0.webhook.secrets'))),
        ...given(
          'offers',
          list('hosts.0.offers')?.map((price) => ({ id: price, price })),
        ),
        policy: {
          ...given('graceDays', number('hosts.0.policy.graceDays')),
          ...given('upgradeUrl', text('hosts.0.policy.upgradeUrl')),
          ...given('freePlan', freePlanFrom(text)),
        },
      },
    ],
  };
}

/** A name alone grants nothing: the level is said too, or the start names what is missing. */
function freePlanFrom(text: (option: string) => string | undefined): Json | undefined {
  const [name, access] = [text('hosts.0.policy.freePlan.name'), text('hosts.0.policy.freePlan.access')];
  return name === undefined && access === undefined ? undefined : { name, access };
}

/** A token is enough to say that they are wanted. */
const metricsFrom = (how: string | undefined, token: string | undefined): unknown =>
  token === undefined ? (how === 'off' ? false : how) : { token };

/** With either of them the other is wanted too. */
const webhookFrom = (url: string | undefined, secrets: string[] | undefined): Json | undefined =>
  url === undefined && secrets === undefined ? undefined : { url, secrets };

function listOf(text: string | undefined): string[] | undefined {
  return text
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}

const defaultUrl = (env: Environment): string => `http://localhost:${env['PORT'] || '4001'}`;

/** A path, also where it is written as an address. */
const databaseFrom = (env: Environment): string =>
  (env['DATABASE_URL'] || 'billhook.db').replace(/^(?:sqlite|file):(?:\/\/)?/, '');
