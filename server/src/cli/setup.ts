/** `billhook setup`: makes the portal configurations at Stripe before the first click has to. */

import { readConfig, type BillhookOptions, type Host } from '../config/config.ts';
import { gatewayOf } from '../services.ts';
import { describeCause } from '../log.ts';
import { externalPortal, planPortal, type PortalPlan } from '../stripe/portal-configurations.ts';
import type { LeftOut, SwitchableProduct } from '../stripe/portal-parameters.ts';
import { StripeFailure } from '../stripe/failure.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import { parse, type Output } from './args.ts';
import { patiently, whileLimited } from './patiently.ts';

export const setupUsage = `billhook setup [--check]

  Creates each host's portal configurations at Stripe, or updates what differs, and tells what it did. A host that says
  nothing of "portal" uses the Dashboard's default, where one was saved there. What Billhook did not make is never
  touched. It can be run again and again, and while a server runs.

  --check    only tell what would be done; the exit code is 1 when that is anything
`;

const reasons: Record<LeftOut['because'], string> = {
  unknown: 'Stripe knows no price of this id or lookup key',
  archived: 'the price is archived at Stripe',
  metered: 'it is billed by usage, which the portal cannot switch to',
  once: 'it is bought once, which the portal cannot switch to',
  many: 'the portal takes ten products at most',
};

/** Offers that the portal could not switch to: an operator has to act. */
const mistakes: readonly LeftOut['because'][] = ['unknown', 'archived', 'many'];

/**
 * Makes the portal configurations of all hosts.
 *
 * @param args - the arguments after `setup` on the command line
 * @returns The exit code: 0 when everything is as it should be, 1 when something is not (with `--check`: not yet), 2 when
 *   the command line is wrong.
 * @throws {ConfigError} `config_invalid`, with every problem at once.
 */
export async function setUp(args: readonly string[], options: BillhookOptions, output: Output): Promise<number> {
  const flags = { check: { type: 'boolean', default: false } } as const;
  const parsed = parse(args, { name: 'setup', usage: setupUsage, options: flags }, output);
  if (parsed.exitCode !== null) return parsed.exitCode;
  const { check } = parsed.values;
  const config = await readConfig(options);
  const gateway = gatewayOf(config);
  const say = (line: string) => output.stdout.write(`${line}\n`);
  let wrong = false;
  try {
    const { account, livemode } = await patiently(() => gateway.identity(), whileLimited('billhook setup', output));
    say(`Stripe account ${account} (${livemode ? 'live' : 'test'} mode)`);
    for (const host of config.hosts.values()) {
      // oxlint-disable-next-line no-await-in-loop -- told in order, and gentle on Stripe's limits
      wrong = (await configureHost(host, gateway, check, output)) || wrong;
    }
  } finally {
    gateway.close();
  }
  return wrong ? 1 : 0;
}

/** @returns Whether something is not as it should be. */
async function configureHost(host: Host, gateway: StripeGateway, check: boolean, output: Output): Promise<boolean> {
  const say = (line: string) => output.stdout.write(`${line}\n`);
  const external = await orFailure(`${host.id}:standard`, () => externalPortal(host, gateway), output);
  if (external === undefined) return true;
  if (external !== null) {
    const which = host.dashboardPortal ? `the Dashboard’s default, ${external.id},` : `${external.id},`;
    say(`${host.id}  uses ${which} which is maintained at Stripe: left as it is`);
    return false;
  }
  let wrong = false;
  for (const name of host.portal.keys()) {
    // oxlint-disable-next-line no-await-in-loop -- told in order, and gentle on Stripe's limits
    const isWrong = await orFailure(`${host.id}:${name}`, () => configure(host, name, gateway, check, say), output);
    wrong = (isWrong ?? true) || wrong;
  }
  return wrong;
}

/** @returns `undefined` where Stripe refused it, which is said. */
async function orFailure<T>(what: string, ask: () => Promise<T>, { stderr }: Output): Promise<T | undefined> {
  try {
    return await patiently(ask, whileLimited(what, { stderr }));
  } catch (cause) {
    if (!(cause instanceof StripeFailure)) throw cause;
    stderr.write(`${what}  failed: ${describeCause(cause.cause)} [${cause.code}]\n`);
    return undefined;
  }
}

/** @returns Whether something is not as it should be. */
async function configure(
  host: Host,
  name: string,
  gateway: StripeGateway,
  check: boolean,
  say: (line: string) => void,
): Promise<boolean> {
  const plan = await planPortal(host, name, gateway);
  say(`${plan.owner}  ${check ? intended(plan) : await done(plan)}`);
  for (const { product, prices, adjustable_quantity: quantity } of plan.products) {
    say(`  switches to ${prices.join(', ')} of ${product}${quantityWords(quantity)}`);
  }
  for (const { ref, because } of plan.leftOut) say(`  left out ${ref}: ${reasons[because]}`);
  return plan.leftOut.some(({ because }) => mistakes.includes(because)) || (check && plan.needs !== 'nothing');
}

const did = { nothing: 'unchanged', create: 'created', update: 'updated' };

const done = async (plan: PortalPlan) => `${did[plan.needs]} ${await plan.apply()}`;

function intended({ needs, id }: PortalPlan): string {
  if (needs === 'create') return 'would be created';
  return needs === 'update' ? `would be updated: ${id}` : `unchanged ${id}`;
}

function quantityWords({ enabled, minimum, maximum }: SwitchableProduct['adjustable_quantity']): string {
  return enabled ? `, in quantities from ${minimum}${maximum === undefined ? '' : ` to ${maximum}`}` : '';
}
