/** `billhook token`: a widget token made from the environment's secret, to try the server out with. */

import { misused, parse, type Output } from './args.ts';
import { ConfigError, type BillhookOptions } from '../config/config.ts';
import { nameOf, optionsFrom } from './environment.ts';
import type { Environment } from './variables.ts';
import { mintWidgetToken } from '../tokens/mint.ts';
import { importSecret } from '../tokens/keys.ts';
import type { Scope } from '../tokens/claims.ts';

export const tokenUsage = `billhook token --account <id> [--scope <scope>]… [--customer <cus_…>] [--expires <seconds>]
               [--host <id>]

  --account    who pays: your own id of a user, team or workspace
  --scope      billing:read, billing:manage or access; may be repeated (default: billing:read billing:manage)
  --customer   introduces this Stripe customer as the account's
  --expires    seconds until the token ends, 1 to 900 (default: 300)
  --host       which of several hosts makes the token (default: the only one)

  curl -H "Authorization: Bearer $(billhook token --account team_1)" "$BILLHOOK_URL/v1/billing"
`;

interface Flags {
  readonly account?: string;
  readonly scope?: readonly string[];
  readonly customer?: string;
  readonly expires?: string;
  readonly host?: string;
}

/**
 * Prints a token, and nothing else, so that it can be put into a command.
 *
 * @param args - the arguments after `token` on the command line
 * @returns The exit code: 0, or 2 when the command line is wrong, which is then explained.
 * @throws {ConfigError} `config_invalid`, when the environment has no secret to sign with. It never repeats one.
 */
export async function printToken(args: readonly string[], env: Environment, output: Output): Promise<number> {
  const wrong = (problem: string) => misused('token', tokenUsage, problem, output).exitCode;
  const parsed = parse(args, { name: 'token', usage: tokenUsage, options: flags }, output);
  if (parsed.exitCode !== null) return parsed.exitCode;
  const given = contentsOf(parsed.values);
  if (typeof given === 'string') return wrong(given);

  const { publicUrl, hosts = [] } = optionsFrom(env);
  const { host: named, ...contents } = given;
  const index = named === undefined && hosts.length === 1 ? 0 : hosts.findIndex(({ id }) => id === named);
  const host = hosts[index];
  if (!host) {
    const known = hosts.map(({ id }) => id).join(', ');
    return wrong(`--host must be one of the configured hosts (${known})`);
  }
  const secret = signingSecret(host, (must) => {
    throw new ConfigError([{ option: `hosts.${index}.secrets`, must }], nameOf(env));
  });
  try {
    const token = await mintWidgetToken({ secret, issuer: host.id, audience: publicUrl, ...contents });
    output.stdout.write(`${token}\n`);
    return 0;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return wrong(cause.message);
  }
}

const flags = {
  account: { type: 'string' },
  scope: { type: 'string', multiple: true },
  customer: { type: 'string' },
  expires: { type: 'string' },
  host: { type: 'string' },
} as const;

/** The token's contents by the command line; a sentence where they are not enough. */
function contentsOf({ account, scope, customer, expires, host }: Flags) {
  if (account === undefined) return '--account is missing: whose token shall it be?';
  if (expires !== undefined && !/^\d+$/.test(expires)) return '--expires must be a number of seconds';
  return {
    account,
    ...(host === undefined ? {} : { host }),
    // The minting checks the scopes.
    ...(scope === undefined ? {} : { scope: scope.flatMap((list) => list.split(/[\s,]+/)) as Scope[] }),
    ...(customer === undefined ? {} : { customer }),
    ...(expires === undefined ? {} : { expiresIn: Number(expires) }),
  };
}

/** The first of the host's secrets, as the one that it signs with. */
function signingSecret({ secrets }: BillhookOptions['hosts'][number], refuse: (must: string) => never): string {
  const first = secrets?.[0];
  const secret = typeof first === 'object' ? first.secret : first;
  if (secret === undefined) {
    return refuse(
      'must be set: the secret that the host signs with. With a private key, only the host can make tokens',
    );
  }
  try {
    importSecret(secret, null);
  } catch (cause) {
    return refuse((cause as TypeError).message.replace(/^a host secret /, ''));
  }
  return secret;
}
