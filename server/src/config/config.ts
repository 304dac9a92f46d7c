/**
 * The options, checked once at the start: every problem is reported together, each with the option's name and its rule.
 * From here on the rest of the server reads {@link Config} and never an option again.
 */

import { z } from 'zod';
import { Jwks } from '../tokens/jwks.ts';
import { describeCause, silentLog, type Log } from '../log.ts';
import { inconsistencies, isLiveKey, type ConfigProblem } from './consistency.ts';
import { withHostCheckout } from './checkout.ts';
import { planOptions } from './plans.ts';
import { trimmed } from './trimmed.ts';
import { defaultPolicy, type Policy } from '../billing/policy.ts';
import { portalOptions, portalPolicy, portalSettings, type PortalSettings } from './portal.ts';
import { isPostgresAddress, postgresAddressProblem } from '../ledger/postgres/address.ts';
import { hasSomeKey, keyOptions, someKeyMissing, type TokenKey } from '../tokens/keys.ts';
import type { Notice } from '../billing/notice-types.ts';
import { CodedError } from '../coded-error.ts';
import { type LimitOptions, defaultLimits } from './limits.ts';
import { isWebAddress, originOf } from '../tokens/web-address.ts';
import { type HostWebhook, webhookOption } from './webhook.ts';

export type { ConfigProblem };

/** Options are wrong. `problems` names every one of them. */
export class ConfigError extends CodedError<'config_invalid'> {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  /** @param nameOf - how the reader knows an option: an environment variable's name, say */
  constructor(problems: readonly ConfigProblem[], nameOf: (option: string) => string = (option) => option) {
    const lines = problems.map(({ option, must }) => `- ${nameOf(option)} ${must}`);
    const heading = `the configuration has ${lines.length} problem${lines.length === 1 ? '' : 's'}:`;
    super('config_invalid', [heading, ...lines].join('\n'));
    this.problems = problems;
  }
}

const text = (must: string) => z.string(must).min(1, must);
const address = (must: string) => z.string(must).refine(isWebAddress, must);

const access = z.enum(['full', 'readOnly', 'none'], 'must be full, readOnly or none');
const policy = z
  .strictObject({
    graceDays: z.number().min(0).max(365),
    afterGrace: z.enum(['readOnly', 'none']),
    pausedAccess: access,
    unknownAccess: z.enum(['full', 'readOnly', 'none', 'unknown']),
    staleLimitHours: z
      .number()
      .min(0)
      .max(24 * 14),
    freePlan: z.strictObject({ name: text('must be what having no subscription is called'), access }).nullable(),
    upgradeUrl: address('must be a web address').nullable(),
    resumeUrl: address('must be a web address').nullable(),
  })
  .partial();

const host = z
  .strictObject({
    id: z.string('must be a short name').regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"'),
    ...keyOptions,
    origins: z
      .array(
        z.string().transform((text, { addIssue }) => {
          const origin = originOf(text);
          if (origin === null) addIssue('must be an origin such as https://app.example, without a path');
          return origin ?? text;
        }),
        'must be a list of origins',
      )
      .min(1, 'must hold at least one origin'),
    returnUrl: address('must be the web address of the host’s billing page'),
    returnUrlKeeps: z
      .array(z.enum(['query', 'fragment'], 'must be "query" or "fragment"'), 'must be a list of "query" and "fragment"')
      .default([]),
    portalConfiguration: z
      .string()
      .startsWith('bpc_', 'must be the id of a portal configuration (bpc_…)')
      .nullable()
      .default(null),
    portal: portalOptions.optional(),
    webhook: webhookOption,
    ...planOptions,
    policy: policy.default({}),
  })
  .refine(hasSomeKey, someKeyMissing);

const databaseForm = 'must be a file’s path, ":memory:", or postgres://user:password@host:5432/database';

/** A path may look like anything but an address of some other kind of database. */
function databaseProblem(given: string): string | null {
  if (isPostgresAddress(given)) return postgresAddressProblem(given);
  return /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? databaseForm : null;
}

const upkeepSecret = 'must be a secret of at least 16 characters, for the cron that calls POST /v1/upkeep';
const metricsToken = 'must be at least 16 characters';
const metricsForm = 'must be false, "open", or an object with a token';

const perMinute = z.int('must be a whole number').min(1, 'must be at least 1');

const options = z.strictObject({
  limits: z
    .strictObject({
      asksPerMinute: perMinute.default(defaultLimits.asksPerMinute),
      accessPerMinute: perMinute.default(defaultLimits.accessPerMinute),
      openingsPerMinute: perMinute.default(defaultLimits.openingsPerMinute),
      refusalsPerMinute: perMinute.default(defaultLimits.refusalsPerMinute),
    })
    .default(defaultLimits),
  proxies: z.int('must be a whole number').min(0, 'must not be negative').max(10, 'must be at most 10').default(0),
  publicUrl: address('must be the web address under which this server is reached'),
  database: text(databaseForm).refine((given) => databaseProblem(given) === null, {
    error: ({ input }) => databaseProblem(String(input)) ?? databaseForm,
  }),
  stripe: z.strictObject({
    secretKey: z
      .string('must be a secret or restricted key')
      .regex(/^(?:sk|rk)_(?:test|live)_\w+$/, 'must be a secret or restricted key (sk_… or rk_…)'),
    webhookSecrets: z
      .array(
        z.string().regex(/^whsec_[\w+/=-]+$/, 'must be "whsec_" and what Stripe wrote behind it'),
        'must be a list of secrets',
      )
      .min(1, 'must hold at least one secret'),
    apiUrl: address('must be a web address').optional(),
    timeoutMs: z.number().min(100).max(60_000).optional(),
    requestsPerSecond: z
      .number('must be a number')
      .min(1, 'must be at least 1')
      .max(10_000, 'must be at most 10000')
      .optional(),
  }),
  background: z.enum(['process', 'none'], 'must be process or none').default('process'),
  upkeep: z
    .strictObject(
      {
        secret: z.string(upkeepSecret).min(16, upkeepSecret),
        seconds: z
          .int('must be a whole number')
          .min(1, 'must be at least 1')
          .max(300, 'must be at most 300')
          .default(20),
      },
      'must be { secret, seconds }',
    )
    .nullable()
    .default(null),
  metrics: z
    .union(
      [z.literal(false), z.literal('open'), z.strictObject({ token: z.string().min(16, metricsToken) })],
      metricsForm,
    )
    .default(false),
  hosts: z
    .array(host, 'must be a list of hosts')
    .min(1, 'must hold at least one host')
    .refine((hosts) => new Set(hosts.map(({ id }) => id)).size === hosts.length, 'must not hold two hosts with one id'),
});

/**
 * Everything a BFF is told.
 *
 * `database` is where the ledger is: a file's path for SQLite and one process, or `postgres://user:password@host/database`
 * for several processes. Its tables are in the schema `billhook`; `?schema=…` names another.
 *
 * `stripe.requestsPerSecond` is what all processes of one ledger together may ask of Stripe. Default: 80 with a live key,
 * 20 with a test key; Stripe itself allows 100 and 25, and the rest is the host's own.
 *
 * `metrics` opens `GET /metrics` to requests with `Authorization: Bearer` and the token, or to all (`'open'`).
 * Default: none, for pages reach this server from the internet, and how a business goes can be read there. `'open'` is
 * for a server with a proxy that keeps `/metrics` to a private network.
 *
 * `background: 'none'` is for functions, which are frozen between requests: no timer runs and no connection listens. What a
 * request causes is handed to `waitUntil`; what time asks for is done by `POST /v1/upkeep`, which a cron calls with
 * `upkeep.secret` and which takes `upkeep.seconds` at most (default: 20). Default: `'process'`, a server that lives on.
 *
 * @example
 * ```ts
 * const options: BillhookOptions = {
 *   publicUrl: 'https://billing.acme.example',
 *   database: '/var/lib/billhook/ledger.db',
 *   stripe: { secretKey: 'sk_live_…', webhookSecrets: ['whsec_…'] },
 *   hosts: [{
 *     id: 'acme',
 *     secrets: [process.env.BILLHOOK_HOST_SECRET],
 *     origins: ['https://app.acme.example'],
 *     returnUrl: 'https://app.acme.example/billing',
 *     policy: { graceDays: 7, freePlan: { name: 'Free', access: 'readOnly' } },
 *   }],
 * };
 * ```
 */
export type BillhookOptions = z.input<typeof options> & {
  /**
   * Says what Stripe is to know of an account whose customer is about to be made, before its first purchase: Checkout then
   * asks for no e-mail, and invoices are addressed. It is awaited, for 5 seconds at most; without an answer the token's
   * `email` and `name` are used. Billhook stores neither. Default: not asked.
   */
  readonly onCreateCustomer?: CustomerDetailsOf;
  /**
   * Keeps a function alive for work that goes on after its answer: `after` of Next.js, `waitUntil` of others. Without it that
   * work is done by the next request or the next upkeep.
   */
  readonly waitUntil?: (work: Promise<void>) => void;
  /** Where log lines go. Default: nowhere. */
  readonly log?: Log;
  /** The clock, in Unix milliseconds. Default: the database's on PostgreSQL, else the machine's. */
  readonly now?: () => number;
  /**
   * Is told what happened to the accounts of all hosts, to send e-mails for example. It is awaited, for 30 seconds at
   * most; when it throws it is called again later, for three days. The same notice may come twice, always with the same
   * `id`. Default: not told.
   */
  readonly onChange?: (notice: Notice) => void | Promise<void>;
};

/** A new customer's details at Stripe. */
export interface CustomerDetails {
  readonly email?: string | undefined;
  readonly name?: string | undefined;
}

export type CustomerDetailsOf = (account: {
  readonly host: string;
  readonly account: string;
}) => CustomerDetails | null | undefined | Promise<CustomerDetails | null | undefined>;

/** A host as the server reads it. */
export interface Host {
  readonly id: string;
  readonly keys: readonly TokenKey[];
  /** Where the host publishes more keys. */
  readonly jwks: Jwks | null;
  readonly origins: readonly string[];
  readonly returnUrl: string;
  /** The parts of a page's address that Stripe gets with it, to lead back there. */
  readonly returnUrlKeeps: readonly ('query' | 'fragment')[];
  /** A portal configuration kept outside Billhook: used for all accounts, in place of `portal`. */
  readonly portalConfiguration: string | null;
  /** Nothing is said of a portal: the Dashboard's default configuration is used, where one was saved there (N15). */
  readonly dashboardPortal: boolean;
  /** The portal configurations that Billhook keeps at Stripe, by name. */
  readonly portal: ReadonlyMap<string, PortalSettings>;
  /** Where the host is told what happened to its accounts. */
  readonly webhook: HostWebhook | null;
  readonly policy: Policy;
}

export interface Config {
  readonly publicUrl: string;
  readonly database: string;
  /** How often one account, and one address, may ask; options that are not set have the defaults. */
  readonly limits: LimitOptions;
  /** The operator's own proxies before the server. */
  readonly proxies: number;
  /** The mode of the Stripe key: events of the other mode are refused. */
  readonly livemode: boolean;
  readonly stripe: z.output<typeof options>['stripe'] & { readonly requestsPerSecond: number };
  /** The right to read the metrics. */
  readonly metrics: z.output<typeof options>['metrics'];
  /** Who does the work that no request waits for: this process by itself, or the requests and `POST /v1/upkeep`. */
  readonly background: 'process' | 'none';
  readonly upkeep: { readonly secret: string; readonly seconds: number } | null;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly log: Log;
  readonly now: () => number;
  readonly onChange: ((notice: Notice) => void | Promise<void>) | null;
  readonly onCreateCustomer: CustomerDetailsOf | null;
  readonly waitUntil: ((work: Promise<void>) => void) | null;
}

/**
 * Checks options and fills in defaults.
 *
 * @throws {ConfigError} `config_invalid`, with every problem at once.
 */
export async function readConfig({
  log,
  now,
  onChange,
  onCreateCustomer,
  waitUntil,
  ...given
}: BillhookOptions): Promise<Config> {
  const parsed = options.safeParse(trimmed(given));
  const problems =
    parsed.error?.issues
      .flatMap(nearest)
      .map((issue) => ({ option: issue.path.join('.') || 'options', must: problemText(issue) })) ?? [];
  if (parsed.success) problems.push(...inconsistencies(parsed.data, given.hosts));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);

  const { hosts, ...rest } = parsed.data;
  const read = hosts.map(({ secrets, publicKeys, jwksUrl, policy: given, ...host }): [string, Host] => {
    const onTrouble = (cause: unknown) =>
      log?.warn('token_keys.failed', { host: host.id, cause: describeCause(cause) });
    const jwks = jwksUrl === null ? null : new Jwks(jwksUrl, { onTrouble });
    const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const portal = portalSettings(host.returnUrl, host.portal);
    return [
      host.id,
      {
        ...host,
        keys: [...secrets, ...publicKeys],
        jwks,
        portal,
        dashboardPortal: host.portal === undefined && host.portalConfiguration === null,
        policy: {
          ...defaultPolicy,
          ...chosen,
          plans: host.plans ?? 'all',
          offers: host.offers.map((offer) => withHostCheckout(offer, host.checkout)),
          metadata: host.metadata,
          entitlements: host.entitlements,
          portal: portalPolicy(host, portal),
        },
      },
    ];
  });
  const livemode = isLiveKey(rest.stripe.secretKey);
  return {
    ...rest,
    livemode,
    stripe: { ...rest.stripe, requestsPerSecond: rest.stripe.requestsPerSecond ?? (livemode ? 80 : 20) },
    hosts: new Map(read),
    log: log ?? silentLog,
    now: now ?? (() => Date.now()),
    onChange: onChange ?? null,
    onCreateCustomer: onCreateCustomer ?? null,
    waitUntil: waitUntil ?? null,
  };
}

/** Where one of several forms was meant, the fault of the one that was nearly met says more than "none of these". */
function nearest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find((found) =>
    found.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys' || code === 'custom'),
  );
  if (meant === undefined) return [issue];
  return meant.flatMap((each) => nearest({ ...each, path: [...issue.path, ...each.path] }));
}

/** zod's own words for faults that it finds by itself, and ours for the rules that it was given. */
function problemText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'unrecognized_keys') return `has no option ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) return `must be a ${issue.expected}`;
  return issue.message.startsWith('must') ? issue.message : `is not right: ${issue.message}`;
}
