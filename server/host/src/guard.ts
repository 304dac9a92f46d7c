/**
 * May this account do this? The host says what it needs, and what happens where that is not known: no answer is guessed. A
 * mistake in the settings opens nothing, whatever else was said.
 */

import type { AccessAnswer, AccessLevel } from './contract.ts';
import { BillhookHostError, BillhookOptionError } from './errors.ts';
import { checkOptions, type Must } from './options.ts';

export interface GuardRule {
  /** At least this. `readOnly` lets `full` pass too. Default: `full`. */
  readonly level?: 'full' | 'readOnly';
  /** One of these plans, by the host's own keys, on a subscription that gives the level. Default: any. */
  readonly plan?: string | readonly string[];
  /** This feature. Default: none. */
  readonly feature?: string;
  /** When Billhook does not know the account's customer (yet): `allow` or `refuse`. Said here, or for all guards. */
  readonly onUnknown?: 'allow' | 'refuse';
  /** When the BFF cannot be reached and no earlier answer stands in: `allow` or `refuse`. Said here, or for all guards. */
  readonly onUnreachable?: 'allow' | 'refuse';
}

export type DecidedRule = Required<Pick<GuardRule, 'level' | 'onUnknown' | 'onUnreachable'>> &
  Pick<GuardRule, 'feature'> & { readonly plans: readonly string[] };

export type RefusalCode =
  /** Nobody is signed in: the host's function gave no account. */
  | 'account_missing'
  /** Nothing that gives this level is paid for; or the account has no customer, and `onUnknown` refuses it. */
  | 'payment_required'
  | 'plan_missing'
  | 'feature_missing'
  /** The account has a customer about which Stripe was not asked yet, or is in doubt. */
  | 'access_unknown'
  | 'billing_unreachable'
  /** The host's settings are wrong: `onError` hears what. */
  | 'billing_misconfigured';

export interface Refusal {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: RefusalCode;
}

export type Decision =
  | { readonly allowed: true; readonly access: AccessAnswer | null }
  | { readonly allowed: false; readonly access: AccessAnswer | null; readonly refusal: Refusal };

const refusals: Record<RefusalCode, Omit<Refusal, 'type' | 'code'>> = {
  account_missing: { status: 401, title: 'Not signed in', detail: 'Sign in first.' },
  payment_required: { status: 402, title: 'Payment required', detail: 'This needs a subscription that is paid for.' },
  plan_missing: { status: 403, title: 'Not in your plan', detail: 'This needs another plan.' },
  feature_missing: { status: 403, title: 'Not in your plan', detail: 'Your plan does not include this.' },
  access_unknown: {
    status: 503,
    title: 'Not known yet',
    detail: 'Your plan is being looked up. Please try again in a moment.',
  },
  billing_unreachable: {
    status: 503,
    title: 'Not known now',
    detail: 'Your plan cannot be looked up just now. Please try again in a moment.',
  },
  billing_misconfigured: {
    status: 500,
    title: 'Something went wrong',
    detail: 'Your plan cannot be looked up. It has been noted.',
  },
};

export function refuse(code: RefusalCode, access: AccessAnswer | null = null): Decision {
  return { allowed: false, access, refusal: { type: 'about:blank', ...refusals[code], code } };
}

/** How much a level is: `unknown` is decided before anything is compared. */
const amount: Record<Exclude<AccessLevel, 'unknown'>, number> = { none: 0, readOnly: 1, full: 2 };

/** Pure: what the rule makes of an answer. */
export function decide(access: AccessAnswer, { level, plans, feature, onUnknown }: DecidedRule): Decision {
  if (access.level === 'unknown') {
    if (onUnknown === 'allow') return { allowed: true, access };
    // Linked to no customer: asked again, Billhook would know no more. Somebody can pay.
    return refuse(access.reason === 'none' ? 'payment_required' : 'access_unknown', access);
  }
  const isEnough = (given: AccessLevel) => given !== 'unknown' && amount[given] >= amount[level];
  if (!isEnough(access.level)) return refuse('payment_required', access);
  const has = access.plans.some(
    (each) => isEnough(each.access.level) && each.items.some(({ plan }) => plan !== null && plans.includes(plan)),
  );
  if (plans.length > 0 && !has) return refuse('plan_missing', access);
  if (feature !== undefined && !access.features.includes(feature)) return refuse('feature_missing', access);
  return { allowed: true, access };
}

/** Pure: what the rule makes of a failure. */
export function decideWithout(cause: unknown, { onUnreachable }: DecidedRule): Decision {
  if (!(cause instanceof BillhookHostError) || cause.code !== 'billing_unreachable')
    return refuse('billing_misconfigured');
  return onUnreachable === 'allow' ? { allowed: true, access: null } : refuse('billing_unreachable');
}

export interface GuardDefaults extends Pick<GuardRule, 'onUnknown' | 'onUnreachable'> {
  /** Every plan key there is: a guard that names another one is refused when it is made. Default: not checked. */
  readonly plans?: readonly string[];
  /** Every feature there is, likewise. Default: not checked. */
  readonly features?: readonly string[];
}

const ofGuard: Readonly<Record<keyof GuardRule, Must>> = {
  level: null,
  plan: null,
  feature: null,
  onUnknown: null,
  onUnreachable: null,
};

/** @throws {BillhookOptionError} `undecided`, `level_invalid`, `plan_unknown`, `feature_unknown`, `option_unknown` */
export function decidedRule(rule: GuardRule, defaults: GuardDefaults): DecidedRule {
  checkOptions('rule', rule, ofGuard);
  const { level = 'full', feature } = rule;
  if (level !== 'full' && level !== 'readOnly')
    throw new BillhookOptionError('level_invalid', 'level', 'must be full or readOnly');
  const plans = Object.hasOwn(rule, 'plan') ? plansOf(rule.plan, defaults.plans) : [];
  // A name that is asked for and is not set (a variable of the environment, say) must not ask for nothing.
  if (Object.hasOwn(rule, 'feature') && !isOneOf(feature, defaults.features))
    throw new BillhookOptionError(
      'feature_unknown',
      'feature',
      `must be one of ${(defaults.features ?? ['your features']).join(', ')}`,
    );
  return {
    level,
    plans,
    ...(feature === undefined ? {} : { feature }),
    onUnknown: said('onUnknown', rule.onUnknown ?? defaults.onUnknown),
    onUnreachable: said('onUnreachable', rule.onUnreachable ?? defaults.onUnreachable),
  };
}

const isOneOf = (given: unknown, names: readonly string[] | undefined): given is string =>
  typeof given === 'string' && given !== '' && (names?.includes(given) ?? true);

function plansOf(given: unknown, names: readonly string[] | undefined): readonly string[] {
  const plans: readonly unknown[] = Array.isArray(given) ? given : [given];
  const known = plans.filter((plan) => isOneOf(plan, names));
  if (known.length === plans.length && plans.length > 0) return known;
  throw new BillhookOptionError('plan_unknown', 'plan', `must be one of ${(names ?? ['your plan keys']).join(', ')}`);
}

function said(option: string, given: unknown): 'allow' | 'refuse' {
  if (given === 'allow' || given === 'refuse') return given;
  throw new BillhookOptionError('undecided', option, 'must be allow or refuse: what happens then is for you to say');
}
