/** A host's settings in Stripe's words: field by field, in the types of the official SDK. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Stripe } from 'stripe';
import { describe, expect, it, test } from 'vitest';
import { readConfig, type BillhookOptions } from '../../../server/src/config/config.ts';
import {
  portalParameters,
  switchableProducts,
  type ResolvedPlan,
} from '../../../server/src/stripe/portal-parameters.ts';
import type { PortalSettings } from '../../../server/src/config/portal.ts';
import { checkoutLocales, stripeLocale, stripeLocales } from '../../../server/src/stripe/locale.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { item } from '../fixtures/facts.ts';

type Portal = NonNullable<BillhookOptions['hosts'][number]['portal']>;
type Configuration = NonNullable<NonNullable<Portal['configurations']>[string]>;

async function hostWith(portal: Portal) {
  const host = { id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing`, portal };
  const { hosts } = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
    hosts: [host],
  });
  return hosts.get('acme') ?? expect.unreachable();
}

async function settingsOf(
  standard: Configuration,
  name = 'standard',
  more: Portal['configurations'] = {},
): Promise<PortalSettings> {
  const { portal } = await hostWith({ configurations: { standard, ...more } });
  return portal.get(name) ?? expect.unreachable();
}

const products = [{ product: 'prod_team', prices: ['price_team'], adjustable_quantity: { enabled: false } }] as const;

/** That this compiles is half of the test: a field that the SDK does not know, or one of a wrong kind, stops the types. */
async function parametersOf(standard: Configuration): Promise<Stripe.BillingPortal.ConfigurationUpdateParams> {
  return portalParameters('acme:standard', await settingsOf(standard), products);
}

const reasons = [
  'too_expensive',
  'missing_features',
  'switched_service',
  'unused',
  'customer_service',
  'too_complex',
  'low_quality',
  'other',
];

describe('the parameters', () => {
  it('M8: without any option', async () => {
    expect(await parametersOf({})).toEqual({
      name: 'Billhook acme:standard',
      business_profile: { headline: '', privacy_policy_url: '', terms_of_service_url: '' },
      default_return_url: `${origin}/billing`,
      features: {
        customer_update: { enabled: true, allowed_updates: ['email', 'address', 'phone', 'tax_id'] },
        invoice_history: { enabled: true },
        payment_method_update: { enabled: true },
        subscription_cancel: {
          enabled: true,
          mode: 'at_period_end',
          proration_behavior: 'none',
          cancellation_reason: { enabled: true, options: reasons },
        },
        subscription_pause: { enabled: false },
        subscription_update: {
          enabled: true,
          default_allowed_updates: ['price'],
          products,
          proration_behavior: 'always_invoice',
          schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }, { type: 'shortening_interval' }] },
          trial_update_behavior: 'end_trial',
        },
      },
      login_page: { enabled: false },
      metadata: { billhook: 'acme:standard', billhook_digest: expect.stringMatching(/^[\w-]{22}$/) },
    });
  });

  test.each<[string, Configuration, object]>([
    ['headline', { headline: 'Acme' }, { business_profile: { headline: 'Acme' } }],
    [
      'privacyUrl',
      { privacyUrl: 'https://acme.example/p' },
      { business_profile: { privacy_policy_url: 'https://acme.example/p' } },
    ],
    [
      'termsUrl',
      { termsUrl: 'https://acme.example/t' },
      { business_profile: { terms_of_service_url: 'https://acme.example/t' } },
    ],
    ['returnUrl', { returnUrl: 'https://acme.example/back' }, { default_return_url: 'https://acme.example/back' }],
    ['invoiceHistory', { invoiceHistory: false }, { features: { invoice_history: { enabled: false } } }],
    [
      'paymentMethodUpdate',
      { paymentMethodUpdate: false },
      { features: { payment_method_update: { enabled: false } } },
    ],
    [
      'customerUpdates',
      { customerUpdates: ['email', 'address', 'phone', 'tax_id', 'name', 'shipping'] },
      {
        features: {
          customer_update: {
            enabled: true,
            allowed_updates: ['email', 'address', 'phone', 'tax_id', 'name', 'shipping'],
          },
        },
      },
    ],
    ['customerUpdates: none', { customerUpdates: [] }, { features: { customer_update: { enabled: false } } }],
    ['cancellation: off', { cancellation: false }, { features: { subscription_cancel: { enabled: false } } }],
    [
      'cancellation: at once, with proration, without reasons',
      { cancellation: { when: 'immediately', proration: 'create_prorations', reasons: [] } },
      {
        features: {
          subscription_cancel: {
            enabled: true,
            mode: 'immediately',
            proration_behavior: 'create_prorations',
            cancellation_reason: { enabled: false, options: '' },
          },
        },
      },
    ],
    [
      'cancellation: no deep link stays possible in the portal',
      { cancellation: { deepLink: false } },
      { features: { subscription_cancel: { enabled: true } } },
    ],
    [
      'pause: its default',
      { pause: {} },
      {
        features: {
          subscription_pause: {
            enabled: true,
            duration: { type: 'interval_options', interval_options: [{ interval: 'month', interval_count: 1 }] },
          },
        },
      },
    ],
    [
      'pause: without end',
      { pause: { durations: 'indefinite' } },
      { features: { subscription_pause: { enabled: true, duration: { type: 'indefinite' } } } },
    ],
    ['planSwitching: off', { planSwitching: false }, { features: { subscription_update: { enabled: false } } }],
    [
      'planSwitching: everything else',
      {
        planSwitching: {
          changes: ['price', 'quantity', 'promotion_code'],
          proration: 'none',
          atPeriodEnd: [],
          trial: 'continue_trial',
        },
      },
      {
        features: {
          subscription_update: {
            default_allowed_updates: ['price', 'quantity', 'promotion_code'],
            proration_behavior: 'none',
            schedule_at_period_end: { conditions: [] },
            trial_update_behavior: 'continue_trial',
          },
        },
      },
    ],
  ])('%s', async (_, configuration, expected) => {
    expect(await parametersOf(configuration)).toMatchObject(expected);
  });

  it('have no plan switching where there is no other plan, which Stripe would refuse', async () => {
    const parameters = portalParameters('acme:standard', await settingsOf({}), []);
    expect(parameters.features.subscription_update).toEqual({ enabled: false });
  });

  it('have a digest that changes with every setting and with the plans to switch to, and with nothing else', async () => {
    const digest = async (own: Configuration, of: Parameters<typeof portalParameters>[2] = products) =>
      portalParameters('acme:standard', await settingsOf(own), of).metadata.billhook_digest;
    const digests = [
      await digest({}),
      await digest({ headline: 'Acme' }),
      await digest({ pause: {} }),
      await digest({ planSwitching: { atPeriodEnd: [] } }),
      await digest({}, []),
      await digest({}, [{ ...products[0], prices: ['price_new'] }]),
    ];
    expect(new Set(digests).size).toBe(digests.length);
    expect(await digest({ headline: undefined })).toBe(digests[0]);
  });
});

describe('configurations', () => {
  it('start from the standard one', async () => {
    const own = await settingsOf({ headline: 'Acme', pause: {} }, 'committed', { committed: { planSwitching: false } });
    expect(own).toMatchObject({
      headline: 'Acme',
      planSwitching: false,
      pause: { durations: [{ interval: 'month' }] },
    });
  });

  it('limited differs by plan switching and the deep link to cancel, unless configured otherwise', async () => {
    const standard = await settingsOf({});
    const limited = await settingsOf({}, 'limited');
    expect(limited).toEqual({
      ...standard,
      planSwitching: false,
      cancellation: { ...standard.cancellation, deepLink: false },
    });
    expect(await settingsOf({}, 'limited', { limited: { cancellation: {} } })).toMatchObject({
      cancellation: { deepLink: true },
    });
    expect(await settingsOf({ cancellation: false }, 'limited')).toMatchObject({ cancellation: false });
  });

  it('give the judge their open features', async () => {
    const offers = { planSwitching: { plans: ['team_monthly'] } };
    const { policy } = await hostWith({
      configurations: {
        standard: { ...offers, pause: {} },
        closed: { cancellation: false, paymentMethodUpdate: false },
      },
      rules: [{ use: 'closed', when: { interval: 'year' } }],
    });
    expect(policy.portal).toEqual({
      features: {
        standard: { cancel: true, update: true, pause: true, paymentMethod: true },
        limited: { cancel: false, update: false, pause: true, paymentMethod: true },
        closed: { cancel: false, update: true, pause: true, paymentMethod: false },
      },
      rules: [
        { use: 'closed', when: { interval: 'year' } },
        { use: 'limited', when: { subscriptions: 'several' } },
      ],
    });
  });
});

describe('plans to switch to', () => {
  const price = (
    ref: string,
    own: Partial<NonNullable<ResolvedPlan['price']>> = {},
    quantity?: ResolvedPlan['quantity'],
  ): ResolvedPlan => ({
    ref,
    price: { ...item({ price: `price_${ref}`, product: 'prod_team' }), active: true, ...own },
    quantity,
  });

  it('are grouped by product, each price once', () => {
    const plans = [price('a'), price('b'), price('a'), price('c', { product: 'prod_starter' })];
    expect(switchableProducts(plans, ['price']).products).toEqual([
      { product: 'prod_team', prices: ['price_a', 'price_b'], adjustable_quantity: { enabled: false } },
      { product: 'prod_starter', prices: ['price_c'], adjustable_quantity: { enabled: false } },
    ]);
  });

  it.each<[string, ResolvedPlan, string]>([
    ['M8 metered', price('a', { metered: true }), 'metered'],
    ['unknown', { ref: 'a', price: null }, 'unknown'],
    ['archived', price('a', { active: false }), 'archived'],
    ['bought once', price('a', { interval: null }), 'once'],
  ])('leave out a price that is %s, and report it', (_, plan, because) => {
    expect(switchableProducts([plan, price('b')], ['price'])).toMatchObject({
      products: [{ prices: ['price_b'] }],
      leftOut: [{ ref: 'a', because }],
    });
  });

  it('are of ten products at most', () => {
    const plans = Array.from({ length: 11 }, (_, index) => price(`p${index}`, { product: `prod_${index}` }));
    const { products: found, leftOut } = switchableProducts(
      [...plans, price('again', { product: 'prod_0' })],
      ['price'],
    );
    expect(found).toHaveLength(10);
    expect(found[0]?.prices).toEqual(['price_p0', 'price_again']);
    expect(leftOut).toEqual([{ ref: 'p10', because: 'many' }]);
  });

  it('M7: let a business change the quantity within bounds, and a consumer not', () => {
    const plans = [
      price('team', {}, { minimum: 2, maximum: 50 }),
      price('solo', { product: 'prod_solo' }, false),
      price('plain', { product: 'prod_plain' }),
    ];
    expect(switchableProducts(plans, ['price', 'quantity']).products.map((row) => row.adjustable_quantity)).toEqual([
      { enabled: true, minimum: 2, maximum: 50 },
      { enabled: false },
      { enabled: true, minimum: 1 },
    ]);
    expect(switchableProducts(plans, ['price']).products.every((row) => !row.adjustable_quantity.enabled)).toBe(true);
  });
});

describe('a language', () => {
  it.each([
    ['de', 'de'],
    ['de-AT', 'de'],
    ['pt-BR', 'pt-BR'],
    ['PT-br', 'pt-BR'],
    ['pt-AO', 'pt'],
    ['no', 'nb'],
    ['nn-NO', 'nb'],
    ['zh-Hant-HK', 'zh-HK'],
    ['zh-Hant-MO', 'zh-TW'],
    ['zh-CN', 'zh'],
    ['es-419', 'es-419'],
    ['en-GB', 'en-GB'],
    ['en-ZA', 'en'],
    ['hi-IN', 'auto'],
    ['tlh', 'auto'],
    ['', 'auto'],
    ['-', 'auto'],
  ])('%s is %s to Stripe', (wanted, locale) => {
    expect(stripeLocale(wanted, 'portal')).toBe(locale);
    expect(stripeLocale(wanted, 'checkout')).toBe(locale);
  });

  it.each(['AU', 'CA', 'IE', 'IN', 'NZ', 'SG'])('F1 CHK-2: en-%s is the portal’s alone', (region) => {
    expect(stripeLocale(`en-${region}`, 'portal')).toBe(`en-${region}`);
    expect(stripeLocale(`en-${region}`, 'checkout')).toBe('en');
  });

  it('is one of those that the SDK declares for the page', () => {
    const declared = (resource: string): string[] => {
      const address = `../../../server/node_modules/stripe/esm/resources/${resource}/Sessions.d.ts`;
      const types = readFileSync(fileURLToPath(new URL(address, import.meta.url)), 'utf8');
      const union = /namespace SessionCreateParams [\s\S]*?type Locale = ([^;]+);/.exec(types)?.[1]?.match(/'[^']+'/g);
      return (union ?? []).map((each) => each.slice(1, -1));
    };
    expect(['auto', ...stripeLocales]).toEqual(declared('BillingPortal'));
    // Hindi is Checkout's alone: `auto` has it where the browser asks for it.
    expect(['auto', ...checkoutLocales]).toEqual(declared('Checkout').filter((each) => each !== 'hi-IN'));
  });
});
