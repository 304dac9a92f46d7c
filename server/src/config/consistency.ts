/** Contradictions between options that are each right by themselves. Pure. */

import type { CheckoutSettings, OfferRule } from '../billing/policy.ts';
import { metadataProblem } from './checkout.ts';
import { canonicalSecret } from '../tokens/claims.ts';
import type { TokenKey } from '../tokens/keys.ts';

export interface ConfigProblem {
  /** The option's path, such as `hosts.0.origins`. */
  readonly option: string;
  /** The demand, to be read after the option's name. */
  readonly must: string;
}

interface CheckedOptions {
  readonly publicUrl: string;
  readonly background: 'process' | 'none';
  readonly upkeep: { readonly secret: string } | null;
  readonly metrics: false | 'open' | { readonly token: string };
  readonly stripe: {
    readonly secretKey: string;
    readonly webhookSecrets: readonly string[];
    readonly apiUrl?: string | undefined;
  };
  readonly hosts: readonly CheckedHost[];
}

interface CheckedHost {
  readonly id: string;
  readonly publicKeys: readonly TokenKey[];
  readonly jwksUrl: string | null;
  readonly origins: readonly string[];
  readonly returnUrl: string;
  readonly checkout: CheckoutSettings;
  readonly offers: readonly OfferRule[];
  readonly portal?:
    | {
        readonly configurations: Readonly<
          Record<string, Partial<Record<'returnUrl' | 'privacyUrl' | 'termsUrl', string | null | undefined>>>
        >;
      }
    | undefined;
  readonly policy: Partial<Record<'upgradeUrl' | 'resumeUrl', string | null | undefined>>;
}

type GivenHost = {
  readonly id: string;
  readonly secrets?: readonly (string | { readonly secret: string })[] | undefined;
  readonly webhook?: { readonly secrets: readonly string[] } | null | undefined;
};

const stripeApi = 'https://api.stripe.com';

/** @param hosts - as they were given: a secret that was read says nothing of itself any more */
export function inconsistencies(options: CheckedOptions, hosts: readonly GivenHost[]): ConfigProblem[] {
  const elsewhere = options.hosts.flatMap(({ returnUrl, origins }, index) =>
    origins.includes(new URL(returnUrl).origin)
      ? []
      : [{ option: `hosts.${index}.returnUrl`, must: 'must lie on one of the host’s origins' }],
  );
  const metadata = options.hosts.flatMap(({ checkout, offers }, index) =>
    offers.flatMap((offer, at) => {
      const must = metadataProblem(offer, checkout);
      return must === null ? [] : [{ option: `hosts.${index}.offers.${at}.checkout.metadata`, must }];
    }),
  );
  const live = isLiveKey(options.stripe.secretKey) ? unsafeLive(options) : [];
  return [
    ...elsewhere,
    ...metadata,
    ...sharedSecrets(options, hosts),
    ...sharedKeys(options),
    ...live,
    ...upkeepOf(options),
  ];
}

export const isLiveKey = (secretKey: string): boolean => /^(?:sk|rk)_live_/.test(secretKey);

/** Without a background nothing that time asks for is done until a cron calls. */
function upkeepOf({ background, upkeep }: CheckedOptions): ConfigProblem[] {
  if ((background === 'none') === (upkeep !== null)) return [];
  return background === 'none'
    ? [{ option: 'upkeep', must: 'must be { secret } with background "none": a cron calls POST /v1/upkeep with it' }]
    : [{ option: 'upkeep', must: 'is for background "none" alone' }];
}

interface Held {
  readonly option: string;
  readonly owner: string;
  readonly texts: readonly string[];
}

/**
 * Each of two hosts with one secret could mint tokens for the other one's accounts; one that knows the secret of Stripe's
 * webhooks, of the metrics or of the upkeep could speak as those.
 */
function sharedSecrets({ stripe, metrics, upkeep }: CheckedOptions, hosts: readonly GivenHost[]): ConfigProblem[] {
  const held: readonly Held[] = [
    { option: 'stripe.webhookSecrets', owner: 'Stripe', texts: [stripe.secretKey, ...stripe.webhookSecrets] },
    { option: 'metrics.token', owner: 'the metrics', texts: typeof metrics === 'object' ? [metrics.token] : [] },
    { option: 'upkeep.secret', owner: 'the upkeep', texts: upkeep === null ? [] : [upkeep.secret] },
    ...hosts.flatMap(({ id, secrets = [], webhook }, index) => {
      const owner = `another host ("${id}")`;
      const own = secrets.map((given) => (typeof given === 'string' ? given : given.secret));
      return [
        { option: `hosts.${index}.secrets`, owner, texts: own },
        { option: `hosts.${index}.webhook.secrets`, owner, texts: webhook?.secrets ?? [] },
      ];
    }),
  ];
  return taken(
    held.map((each) => ({ ...each, texts: each.texts.map(keyOf) })),
    (owner) => `must not hold a secret of ${owner}`,
  );
}

/** As it is used: without the line end of a file, and of base64 without its padding. */
const keyOf = (secret: string): string => canonicalSecret(secret).replace(/=+$/, '');

/** The owner of a private key could speak for each host that its public key is given for. */
function sharedKeys({ hosts }: CheckedOptions): ConfigProblem[] {
  return taken(
    hosts.flatMap(({ id, publicKeys, jwksUrl }, index) => {
      const owner = `another host ("${id}")`;
      const keys = publicKeys.flatMap(({ fingerprint }) => fingerprint ?? []);
      return [
        { option: `hosts.${index}.publicKeys`, owner, texts: keys },
        { option: `hosts.${index}.jwksUrl`, owner, texts: jwksUrl === null ? [] : [new URL(jwksUrl).href] },
      ];
    }),
    (owner) => `must not name a key of ${owner}`,
  );
}

/** Names each option that holds what another owner has already. */
function taken(held: readonly Held[], must: (owner: string) => string): ConfigProblem[] {
  const owners = new Map<string, string>();
  return held.flatMap(({ option, owner, texts }) => {
    const other = texts.map((text) => owners.get(text)).find((first) => first !== undefined && first !== owner);
    for (const text of texts) if (!owners.has(text)) owners.set(text, owner);
    return other === undefined ? [] : [{ option, must: must(other) }];
  });
}

/** With a live key, tokens and addresses of billing pages are real: they must not be readable on the way. */
function unsafeLive({ publicUrl, stripe, hosts }: CheckedOptions): ConfigProblem[] {
  const addresses: readonly (readonly [option: string, address: string | null | undefined])[] = [
    ['publicUrl', publicUrl],
    ...hosts.flatMap(({ origins, returnUrl, policy, portal }, index) => [
      ...origins.map((origin, at) => [`hosts.${index}.origins.${at}`, origin] as const),
      [`hosts.${index}.returnUrl`, returnUrl] as const,
      ...Object.entries(portal?.configurations ?? {}).flatMap(([name, given]) =>
        (['returnUrl', 'privacyUrl', 'termsUrl'] as const).map(
          (option) => [`hosts.${index}.portal.configurations.${name}.${option}`, given[option]] as const,
        ),
      ),
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
