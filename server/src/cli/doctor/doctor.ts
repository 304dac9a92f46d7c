/** `billhook doctor`: looks at everything that can be wrong around a Billhook, and says for each what to do (B6). */

import { ConfigError, readConfig, type Config, type BillhookOptions } from '../../config/config.ts';
import { type Diagnosis, fail, ok, warn } from './diagnosis.ts';
import { diagnoseLedger } from './ledger.ts';
import { diagnoseHost, diagnoseServer } from './server.ts';
import { diagnoseStripe } from './stripe.ts';
import { nameOf, optionsFrom } from '../environment.ts';
import { unknownVariables, type Environment } from '../variables.ts';
import { gatewayOf } from '../../services.ts';
import { parse, type Output } from '../args.ts';

export const doctorUsage = `billhook doctor [--json]

  Looks at the configuration, Stripe, the webhook endpoint and its events, the clock, the catalogue, the portal, the
  public address, the hosts' keys, and the ledger. Nothing is changed anywhere. Run it where the server runs.

  --json    print the findings as JSON

  The exit code is 0, 1 when something will not work, 2 when the command line is wrong.
`;

/**
 * @param args - the arguments after `doctor` on the command line
 * @returns The exit code.
 */
export async function examine(args: readonly string[], env: Environment, output: Output): Promise<number> {
  const flags = { json: { type: 'boolean', default: false } } as const;
  const parsed = parse(args, { name: 'doctor', usage: doctorUsage, options: flags }, output);
  if (parsed.exitCode !== null) return parsed.exitCode;
  const found = await diagnosesOf(env);
  output.stdout.write(parsed.values.json ? `${JSON.stringify(found, null, 2)}\n` : found.map(textOf).join(''));
  return found.some(({ level }) => level === 'fail') ? 1 : 0;
}

async function diagnosesOf(env: Environment): Promise<Diagnosis[]> {
  let config: Config;
  let options: BillhookOptions;
  try {
    options = optionsFrom(env);
    config = await readConfig(options);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    const name = nameOf(env);
    return cause.problems.map(({ option, must }) =>
      fail('configuration', `${name(option)} ${must}`, `Correct ${name(option)}; nothing else was checked.`),
    );
  }
  const hosts = [...config.hosts.values()];
  const gateway = gatewayOf(config);
  try {
    const checks = await Promise.all([
      [ok('configuration', hosts.length === 1 ? 'one host' : `${hosts.length} hosts`)],
      unknownVariables(env, options).map((name) =>
        warn('configuration', `${name} is set, and nothing reads it`, 'Correct its name, or remove it.'),
      ),
      diagnoseStripe(config, gateway),
      diagnoseServer(config),
      ...hosts.map((host) => diagnoseHost(host, config.now())),
      diagnoseLedger(config, options),
    ]);
    return checks.flat();
  } finally {
    gateway.close();
  }
}

const textOf = ({ level, check, what, fix }: Diagnosis): string =>
  `${level.padEnd(6)}${check.padEnd(15)}${what}\n${fix === null ? '' : `${' '.repeat(21)}→ ${fix}\n`}`;
