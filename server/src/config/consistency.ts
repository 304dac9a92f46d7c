/** Contradictions between options that are each right by themselves. Pure. */

export interface ConfigProblem {
  /** The option's path, such as `hosts.0.origins`. */
  readonly option: string;
  /** The demand, to be read after the option's name. */
  readonly must: string;
}

interface CheckedOptions {
  readonly publicUrl: string;
  readonly background: 'process' | 'none';
  readonly upkeep: object | null;
  readonly stripe: { readonly secretKey: string; readonly apiUrl?: string | undefined };
  readonly hosts: readonly {
    readonly id: string;
    readonly origins: readonly string[];
    readonly returnUrl: string;
    readonly policy: {
      readonly upgradeUrl?: string | null | undefined;
      readonly resumeUrl?: string | null | undefined;
    };
  }[];
}

type GivenHost = {
  readonly id: string;
  readonly secrets?: readonly (string | { readonly secret: string })[] | undefined;
};

const stripeApi = 'https://api.stripe.com';

/** @param hosts - as they were given: a secret that was read says nothing of itself any more */
export function inconsistencies(options: CheckedOptions, hosts: readonly GivenHost[]): ConfigProblem[] {
  const elsewhere = options.hosts.flatMap(({ returnUrl, origins }, index) =>
    origins.includes(new URL(returnUrl).origin)
      ? []
      : [{ option: `hosts.${index}.returnUrl`, must: 'must lie on one of the host’s origins' }],
  );
  const live = isLiveKey(options.stripe.secretKey) ? unsafeLive(options) : [];
  return [...elsewhere, ...sharedSecrets(hosts), ...live, ...upkeepOf(options)];
}

export const isLiveKey = (secretKey: string): boolean => /^(?:sk|rk)_live_/.test(secretKey);

/** Without a background nothing that time asks for is done until a cron calls. */
function upkeepOf({ background, upkeep }: CheckedOptions): ConfigProblem[] {
  if ((background === 'none') === (upkeep !== null)) return [];
  return background === 'none'
    ? [{ option: 'upkeep', must: 'must be { secret } with background "none": a cron calls POST /v1/upkeep with it' }]
    : [{ option: 'upkeep', must: 'is for background "none" alone' }];
}

/** Each of two hosts with one secret could mint tokens for the other one's accounts. */
function sharedSecrets(hosts: readonly GivenHost[]): ConfigProblem[] {
  const owners = new Map<string, string>();
  return hosts.flatMap(({ id, secrets = [] }, index) => {
    const own = new Set(secrets.map((given) => (typeof given === 'string' ? given : given.secret)));
    const other = [...own].map((secret) => owners.get(secret)).find((owner) => owner !== undefined);
    for (const secret of own) owners.set(secret, id);
    return other === undefined
      ? []
      : [{ option: `hosts.${index}.secrets`, must: `must not hold a secret of another host ("${other}")` }];
  });
}

/** With a live key, tokens and addresses of billing pages are real: they must not be readable on the way. */
function unsafeLive({ publicUrl, stripe, hosts }: CheckedOptions): ConfigProblem[] {
  const addresses: readonly (readonly [option: string, address: string | null | undefined])[] = [
    ['publicUrl', publicUrl],
    ...hosts.flatMap(({ origins, returnUrl, policy }, index) => [
      ...origins.map((origin, at) => [`hosts.${index}.origins.${at}`, origin] as const),
      [`hosts.${index}.returnUrl`, returnUrl] as const,
      [`hosts.${index}.policy.upgradeUrl`, policy.upgradeUrl] as const,
      [`hosts.${index}.policy.resumeUrl`, policy.resumeUrl] as const,
    ]),
  ];
  const open = addresses.flatMap(([option, address]) =>
    address != null && new URL(address).protocol !== 'https:'
      ? [{ option, must: 'must be an https address with a live key' }]
      : [],
  );
  const isElsewhere = stripe.apiUrl !== undefined && new URL(stripe.apiUrl).origin !== stripeApi;
  return isElsewhere
    ? [...open, { option: 'stripe.apiUrl', must: `must be left out with a live key, which is for ${stripeApi} alone` }]
    : open;
}
