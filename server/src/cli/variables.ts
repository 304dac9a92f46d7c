/** The variables of the environment: which sets which option, and which are set in vain. */

import type { BillhookOptions, ConfigProblem } from '../config/config.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Which variable sets which option; also how a problem is named to the operator. */
export const variables: Record<string, string> = {
  publicUrl: 'BILLHOOK_URL',
  database: 'DATABASE_URL',
  proxies: 'BILLHOOK_PROXIES',
  'stripe.secretKey': 'STRIPE_SECRET_KEY',
  'stripe.webhookSecrets': 'STRIPE_WEBHOOK_SECRET',
  'stripe.apiUrl': 'STRIPE_API_URL',
  'stripe.requestsPerSecond': 'STRIPE_REQUESTS_PER_SECOND',
  metrics: 'BILLHOOK_METRICS',
  'metrics.token': 'BILLHOOK_METRICS_TOKEN',
  'upkeep.secret': 'BILLHOOK_UPKEEP_SECRET',
  'hosts.0.id': 'BILLHOOK_HOST_ID',
  'hosts.0.secrets': 'BILLHOOK_HOST_SECRET',
  'hosts.0.publicKeys': 'BILLHOOK_HOST_PUBLIC_KEY',
  'hosts.0.jwksUrl': 'BILLHOOK_HOST_JWKS_URL',
  'hosts.0.origins': 'BILLHOOK_HOST_ORIGINS',
  'hosts.0.returnUrl': 'BILLHOOK_HOST_RETURN_URL',
  'hosts.0.returnUrlKeeps': 'BILLHOOK_HOST_RETURN_URL_KEEPS',
  'hosts.0.portalConfiguration': 'STRIPE_PORTAL_CONFIGURATION',
  'hosts.0.offers': 'BILLHOOK_OFFERS',
  'hosts.0.webhook.url': 'BILLHOOK_HOST_WEBHOOK_URL',
  'hosts.0.webhook.secrets': 'BILLHOOK_HOST_WEBHOOK_SECRET',
  'hosts.0.policy.graceDays': 'BILLHOOK_GRACE_DAYS',
  'hosts.0.policy.freePlan.name': 'BILLHOOK_FREE_PLAN',
  'hosts.0.policy.freePlan.access': 'BILLHOOK_FREE_PLAN_ACCESS',
  'hosts.0.policy.upgradeUrl': 'BILLHOOK_UPGRADE_URL',
};

/** Variables of the process, no options. */
export const ownVariables: ReadonlySet<string> = new Set([
  'BILLHOOK_CONFIG',
  'BILLHOOK_CONNECTIONS',
  'HOST',
  'LOG_LEVEL',
  'PORT',
]);

/** Secrets of one of several hosts stand in variables that end with its id. */
export const hostVariables = ['BILLHOOK_HOST_SECRET', 'BILLHOOK_HOST_WEBHOOK_SECRET'] as const;

export const variableOf = (variable: string, id: unknown): string =>
  `${variable}_${String(id).toUpperCase().replaceAll(/\W/g, '_')}`;

/** Kubernetes sets them where a service is called `billhook`. */
const ofAService = /^BILLHOOK_(?:PORT|SERVICE)(?:_|$)/;

/**
 * Variables that look like settings and are read by nothing: most often a slip of the pen, with the default in its place; or a
 * secret of a host that there is not, or one that stands beside the host's own.
 */
export function unknownVariables(env: Environment, { hosts = [] }: Partial<BillhookOptions>): string[] {
  const known = new Set([...Object.values(variables), ...ownVariables]);
  if (env['BILLHOOK_CONFIG']?.trim()) {
    for (const name of hostVariables) {
      const own = hosts.map(({ id }) => variableOf(name, id));
      for (const variable of own) known.add(variable);
      if (hosts.length !== 1 || own.some((variable) => env[variable] !== undefined)) known.delete(name);
    }
  }
  return Object.keys(env).filter((name) => name.startsWith('BILLHOOK_') && !known.has(name) && !ofAService.test(name));
}

/** A variable of one host says nothing of a file's hosts: it is named, with its place in the file, and not passed over. */
export function unreadVariables(env: Environment): ConfigProblem[] {
  const isRead = (option: string) => !option.startsWith('hosts.0.') || option.endsWith('.secrets');
  return Object.entries(variables)
    .filter(([option, variable]) => !isRead(option) && env[variable])
    .map(([option, variable]) => ({
      option: variable,
      must: `must not be set beside BILLHOOK_CONFIG, which is read in its place: say hosts[].${option.slice('hosts.0.'.length)} in the file`,
    }));
}
