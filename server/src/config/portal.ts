/**
 * Portal configurations as code: the host's option `portal`, checked like every other option, and the settings made
 * from it. `portal-parameters.ts` puts it into Stripe's words, `judge/portal.ts` chooses by its rules.
 */

import { z } from 'zod';
import { defaultPolicy, type PortalFeatures, type PortalView, type PortalPolicy } from '../billing/policy.ts';
import { plan } from './plans.ts';
import { isWebAddress } from '../tokens/web-address.ts';

/** Stripe's own spellings of `features.customer_update.allowed_updates`. */
const customerUpdates = ['email', 'address', 'phone', 'tax_id', 'name', 'shipping'] as const;
const reasons = [
  'too_expensive',
  'missing_features',
  'switched_service',
  'unused',
  'customer_service',
  'too_complex',
  'low_quality',
  'other',
] as const;

/** Stripe allows no pause longer than three years. */
const longestPause = { day: 3 * 365, week: 156, month: 36, year: 3 };

/** `false` switches a feature off. */
function offOr<Schema extends z.ZodType>(schema: Schema, what: string) {
  return z.union([z.literal(false), schema], `must be false, or ${what}`);
}

const address = z.string('must be a web address').refine(isWebAddress, 'must be a web address');
const quantity = z
  .strictObject({
    minimum: z.int('must be a whole number').min(0, 'must not be negative').default(1),
    maximum: z.int('must be a whole number').min(1, 'must be at least 1').optional(),
  })
  .refine(({ minimum, maximum }) => maximum === undefined || maximum >= minimum, 'must not end before it begins');
const priceName = z.string('must be a price’s id or lookup key').min(1, 'must be a price’s id or lookup key');

const cancellation = z
  .strictObject({
    when: z.enum(['atPeriodEnd', 'immediately'], 'must be "atPeriodEnd" or "immediately"').default('atPeriodEnd'),
    proration: z.enum(['none', 'create_prorations'], 'must be "none" or "create_prorations"').default('none'),
    reasons: z
      .array(z.enum(reasons, `must be one of ${reasons.join(', ')}`), 'must be a list of Stripe’s cancellation reasons')
      .default([...reasons]),
    deepLink: z.boolean().default(true),
  })
  // Stripe refuses it: nothing is unused at the end of a period.
  .refine(({ when, proration }) => when === 'immediately' || proration === 'none', {
    path: ['proration'],
    error: 'must be "none" unless it is cancelled "immediately"',
  });

const interval = z.enum(['day', 'week', 'month', 'year'], 'must be "day", "week", "month" or "year"');
const duration = z
  .strictObject({ interval, count: z.int('must be a whole number').min(1, 'must be at least 1').default(1) })
  .refine((pause) => pause.count <= longestPause[pause.interval], 'must be three years at most');
const pause = z.strictObject({
  durations: z
    .union(
      [z.literal('indefinite'), z.array(duration).min(1, 'must hold at least one duration')],
      'must be "indefinite" or a list such as [{ interval: "month", count: 1 }]',
    )
    .default([{ interval: 'month', count: 1 }]),
});

const switchable = z.union(
  [
    priceName.transform((price) => ({ price, quantity: undefined })),
    z.strictObject({ price: priceName, quantity: offOr(quantity, 'the bounds of a quantity').optional() }),
  ],
  'must be a price’s id or lookup key, or { price, quantity }',
);
const planSwitching = z.strictObject({
  plans: z
    .union(
      [z.literal('offers'), z.array(switchable).min(1, 'must hold at least one price')],
      'must be "offers" or a list of prices',
    )
    .default('offers'),
  changes: z
    .array(z.enum(['price', 'quantity', 'promotion_code']), 'must be a list of "price", "quantity", "promotion_code"')
    .min(1, 'must hold at least one')
    .default(['price']),
  proration: z
    .enum(['always_invoice', 'create_prorations', 'none'], 'must be "always_invoice", "create_prorations" or "none"')
    .default('always_invoice'),
  atPeriodEnd: z
    .array(
      z.enum(['decreasing_item_amount', 'shortening_interval']),
      'must be a list of "decreasing_item_amount", "shortening_interval"',
    )
    .default(['decreasing_item_amount', 'shortening_interval']),
  trial: z.enum(['end_trial', 'continue_trial'], 'must be "end_trial" or "continue_trial"').default('end_trial'),
});

const configuration = z
  .strictObject({
    headline: z.string().min(1, 'must not be empty').max(60, 'must have 60 letters at most').nullable(),
    privacyUrl: address.nullable(),
    termsUrl: address.nullable(),
    returnUrl: address,
    invoiceHistory: z.boolean(),
    paymentMethodUpdate: z.boolean(),
    customerUpdates: z.array(
      z.enum(customerUpdates, `must be one of ${customerUpdates.join(', ')}`),
      `must be a list of ${customerUpdates.join(', ')}`,
    ),
    cancellation: offOr(cancellation, 'how people cancel, {} for the defaults'),
    pause: offOr(pause, 'how long people pause, {} for the defaults'),
    planSwitching: offOr(planSwitching, 'what people switch to, {} for the defaults'),
  })
  .partial();

const condition = z
  .strictObject({
    subscriptions: z.enum(['one', 'several'], 'must be "one" or "several"'),
    interval,
    withinDaysOfStart: z.number('must be a number of days').positive('must be a number of days'),
    plans: z.array(plan, 'must be a list of prices, products or lookup keys').min(1, 'must hold one'),
    currency: z.string().regex(/^[a-z]{3}$/, 'must be a currency such as "eur"'),
  })
  .partial()
  .refine((given) => Object.keys(given).length > 0, 'must ask for something');

const whenForms = 'must be conditions such as { subscriptions: "several" }, or a function';
const rule = z.strictObject({
  use: z.string('must be the name of a configuration'),
  when: z.union(
    [condition, z.custom<(view: PortalView) => boolean>((given) => typeof given === 'function', whenForms)],
    whenForms,
  ),
});

const name = z.string().regex(/^[\w.-]{1,64}$/, 'must be named with 1 to 64 letters, digits, ".", "_" or "-"');

/**
 * The host option `portal`. A host that does not give it has the Dashboard's default configuration, where one was saved
 * there (N15); `{}` is Billhook's own with nothing changed.
 *
 * Every configuration begins as `standard` does, and says where it differs; `limited` allows no change of plan and no
 * direct way into cancelling, because with several subscriptions "my plan" is not one thing. Rules are asked in order,
 * and behind the host's own stands one more: `limited` for an account with several subscriptions.
 *
 * @example
 * ```ts
 * portal: {
 *   configurations: {
 *     standard: { headline: 'Acme', privacyUrl: 'https://acme.example/privacy', planSwitching: { plans: 'offers' } },
 *     committed: { planSwitching: false },
 *   },
 *   // No downgrade in the first six months of a yearly plan.
 *   rules: [{ use: 'committed', when: { interval: 'year', withinDaysOfStart: 180 } }],
 * }
 * ```
 */
export const portalOptions = z
  .strictObject({
    configurations: z.record(name, configuration, 'must hold configurations by their names').default({}),
    rules: z.array(rule).default([]),
  })
  .superRefine(({ configurations, rules }, context) => {
    for (const [index, { use }] of rules.entries()) {
      if (Object.hasOwn(houseFeatures, use) || Object.hasOwn(configurations, use)) continue;
      context.addIssue({
        code: 'custom',
        path: ['rules', index, 'use'],
        message: 'must name one of the configurations',
      });
    }
  });

const houseFeatures = defaultPolicy.portal.features;

type Given = z.output<typeof configuration>;

/** One configuration with everything decided. */
export type PortalSettings = Required<{ [Key in keyof Given]: Exclude<Given[Key], undefined> }>;
export type PlanSwitching = Exclude<PortalSettings['planSwitching'], false>;

/** The default for an account with one subscription. */
function houseStandard(returnUrl: string): PortalSettings {
  return {
    headline: null,
    privacyUrl: null,
    termsUrl: null,
    returnUrl,
    invoiceHistory: true,
    paymentMethodUpdate: true,
    customerUpdates: ['email', 'address', 'phone', 'tax_id'],
    cancellation: cancellation.parse({}),
    pause: false,
    planSwitching: planSwitching.parse({}),
  };
}

type PortalOptions = z.output<typeof portalOptions>;
const nothingSaid: PortalOptions = { configurations: {}, rules: [] };

/** The configurations of a host by name, each complete. */
export function portalSettings(
  returnUrl: string,
  { configurations }: PortalOptions = nothingSaid,
): ReadonlyMap<string, PortalSettings> {
  const standard = { ...houseStandard(returnUrl), ...given(configurations['standard']) };
  const limited: PortalSettings = {
    ...standard,
    cancellation: standard.cancellation && { ...standard.cancellation, deepLink: false },
    planSwitching: false,
    ...given(configurations['limited']),
  };
  const others = Object.entries(configurations).filter(([named]) => named !== 'standard' && named !== 'limited');
  return new Map<string, PortalSettings>([
    ['standard', standard],
    ['limited', limited],
    ...others.map(([named, own]): [string, PortalSettings] => [named, { ...standard, ...given(own) }]),
  ]);
}

/** Assumed of a configuration that is kept outside Billhook, until Stripe has told. */
const assumedFeatures: PortalFeatures = { cancel: true, update: true, pause: false, paymentMethod: true };

/** One configuration, maintained at Stripe, for all accounts. */
export const externalPortalPolicy = (standard: PortalFeatures): PortalPolicy => ({ features: { standard }, rules: [] });

/** The judge's part of a host's portal: the features by name, and the rules. */
export function portalPolicy(
  {
    portal: { rules } = nothingSaid,
    portalConfiguration,
    offers,
  }: {
    readonly portal?: PortalOptions | undefined;
    readonly portalConfiguration: string | null;
    readonly offers: readonly unknown[];
  },
  settings: ReadonlyMap<string, PortalSettings>,
): PortalPolicy {
  if (portalConfiguration !== null) return externalPortalPolicy(assumedFeatures);
  const features = [...settings].map(([named, each]) => [named, featuresOf(each, offers.length > 0)] as const);
  return { features: Object.fromEntries(features), rules: [...rules, ...defaultPolicy.portal.rules] };
}

/** @param switchable - there is a plan to switch to */
export function featuresOf(
  { cancellation, planSwitching, ...rest }: PortalSettings,
  switchable: boolean,
): PortalFeatures {
  return {
    cancel: cancellation !== false && cancellation.deepLink,
    update: planSwitching !== false && (planSwitching.plans !== 'offers' || switchable),
    pause: rest.pause !== false,
    paymentMethod: rest.paymentMethodUpdate,
  };
}

/** The options that were given a value: an explicit `undefined` is none. */
function given(own: Given | undefined): Partial<PortalSettings> {
  return Object.fromEntries(Object.entries(own ?? {}).filter(([, value]) => value !== undefined));
}
