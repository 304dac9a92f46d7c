/** Everything that a host's backend does with Billhook, made once from its settings. */

import { AccessClient, type AccessClientOptions } from './access-client.ts';
import { canonicalAudience } from '../../src/tokens/claims.ts';
import type { AccessAnswer } from './contract.ts';
import { BillhookOptionError } from './errors.ts';
import { decide, decidedRule, decideWithout, type GuardDefaults, type GuardRule } from './guard.ts';
import { guarded, type Guard } from './guarded.ts';
import { mintWidgetToken, type TokenContents } from '../../src/tokens/mint.ts';
import {
  checkOptions,
  mustBeAmount,
  mustBeFunction,
  mustBeList,
  mustBeName,
  mustBeNames,
  type Must,
} from './options.ts';
import { verifyNotice, type HostNotice, type NoticeDelivery } from './notice.ts';
import { readSecret, type SigningKey } from '../../src/tokens/signing-key.ts';

export type BillhookHostOptions = SigningKey &
  GuardDefaults &
  AccessClientOptions & {
    /** The BFF's public address: where it is asked, and the tokens' `aud`. */
    readonly url: string | undefined;
    /** The host's id at the BFF (`iss`). */
    readonly issuer: string;
    /** The BFF's public address as the BFF has it, where this backend reaches it under another. Default: `url`. */
    readonly audience?: string;
    /** Secrets of the BFF's notices, `whsec_…`. Default: none, and no notice can be verified. */
    readonly webhookSecrets?: readonly (string | undefined)[];
    /** Hears why a guard could not ask, for the log. Default: nobody. */
    readonly onError?: (cause: unknown) => void;
  };

export interface BillhookHost {
  /** A widget token for the signed-in user's account, for the page. */
  token(contents: Omit<TokenContents, 'issuer' | 'audience'>): Promise<string>;
  /**
   * May this account use the product, and what did it buy? Kept as the answer allows; asked once for all who ask together.
   *
   * @throws {BillhookHostError} `billing_unreachable`, `billing_refused`, `answer_invalid`
   */
  access(account: string): Promise<AccessAnswer>;
  /** The next question about this account is asked anew: after a purchase, say. */
  forget(account: string): void;
  /**
   * Makes a guard, checking what it is to do at once.
   *
   * @throws {BillhookOptionError} `undecided`, `plan_unknown`, `feature_unknown`, `level_invalid`, `option_unknown`
   */
  guard(rule?: GuardRule): Guard;
  /**
   * Verifies a notice, and goes on with the access that it brings.
   *
   * @throws {BillhookHostError} `notice_signature_invalid`, `notice_too_old`, `notice_malformed`
   */
  notice(delivery: NoticeDelivery): Promise<HostNotice>;
}

/**
 * @example
 * ```ts
 * const billing = createBillhookHost({
 *   url: process.env.BILLHOOK_URL,
 *   issuer: 'acme',
 *   secret: process.env.BILLHOOK_HOST_SECRET,
 *   onUnknown: 'refuse',
 *   onUnreachable: 'allow',
 * });
 *
 * app.get('/export', billing.guard({ feature: 'export' }).hono((c) => c.get('team')), exportRoute);
 * ```
 *
 * @throws {BillhookOptionError} `url_invalid`, `secret_missing`, `secret_weak`, `issuer_missing`, `option_unknown`,
 *   `option_invalid`: at the start, not at the first request.
 */
export function createBillhookHost(options: BillhookHostOptions): BillhookHost {
  checkOptions('options', options, settings);
  const { issuer, webhookSecrets = [], onError, onUnknown, onUnreachable, plans, features } = options;
  const url = addressOf(options.url);
  if (typeof issuer !== 'string' || issuer === '')
    throw new BillhookOptionError('issuer_missing', 'issuer', 'must be the host’s id at the BFF');
  const key = keyOf(options);
  const mint = { ...key, issuer, audience: options.audience ?? url };
  const client = new AccessClient(url, mint, clientOptions(options));
  const defaults: GuardDefaults = {
    ...(onUnknown === undefined ? {} : { onUnknown }),
    ...(onUnreachable === undefined ? {} : { onUnreachable }),
    ...(plans === undefined ? {} : { plans }),
    ...(features === undefined ? {} : { features }),
  };
  return {
    token: (contents) => mintWidgetToken({ ...mint, ...contents }),
    access: (account) => client.access(account),
    forget: (account) => client.forget(account),

    guard(rule = {}) {
      const decided = decidedRule(rule, defaults);
      return guarded(async (account) => {
        try {
          return decide(await client.access(account), decided);
        } catch (cause) {
          onError?.(cause);
          return decideWithout(cause, decided);
        }
      });
    },

    async notice(delivery) {
      const notice = await verifyNotice(delivery, { secrets: webhookSecrets });
      if (notice.access) client.learn(notice.access);
      return notice;
    },
  };
}

/** Of each form that the settings may have. */
type NamesOf<Given> = Given extends unknown ? keyof Given : never;

const settings: Readonly<Record<NamesOf<BillhookHostOptions>, Must>> = {
  url: null,
  issuer: null,
  audience: mustBeName('the BFF’s public address, https://…'),
  secret: null,
  privateKey: null,
  algorithm: null,
  keyId: mustBeName('the key’s name'),
  plans: mustBeNames('your plan keys'),
  features: mustBeNames('your features'),
  onUnknown: null,
  onUnreachable: null,
  webhookSecrets: mustBeList('"whsec_…"'),
  onError: mustBeFunction,
  timeoutMs: mustBeAmount('milliseconds'),
  keepMs: mustBeAmount('milliseconds'),
  remember: mustBeAmount('accounts'),
  fetch: mustBeFunction,
  now: mustBeFunction,
};

function addressOf(given: unknown): string {
  const isAddress = typeof given === 'string' && URL.canParse(given) && /^https?:$/.test(new URL(given).protocol);
  if (isAddress) return canonicalAudience(given);
  throw new BillhookOptionError('url_invalid', 'url', 'must be the BFF’s public address, https://… (its BILLHOOK_URL)');
}

/** A secret is checked at the start. A private key, which takes a promise to read, is checked by the first token. */
function keyOf(options: BillhookHostOptions): SigningKey {
  if ('privateKey' in options) {
    const { privateKey, algorithm, keyId } = options;
    return { privateKey, algorithm, ...(keyId === undefined ? {} : { keyId }) };
  }
  const { secret, keyId } = options;
  readSecret(secret);
  return { secret, ...(keyId === undefined ? {} : { keyId }) };
}

function clientOptions({ timeoutMs, keepMs, remember, fetch, now }: AccessClientOptions): AccessClientOptions {
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(keepMs === undefined ? {} : { keepMs }),
    ...(remember === undefined ? {} : { remember }),
    ...(fetch === undefined ? {} : { fetch }),
    ...(now === undefined ? {} : { now }),
  };
}
