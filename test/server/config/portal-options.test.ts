import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig, type BillhookOptions } from '../../../server/src/config/config.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';

/** The problems of a wrong `portal`, each with its place. */
async function problems(portal: unknown): Promise<readonly string[]> {
  const host = { id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing`, portal };
  const error = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
    hosts: [host] as BillhookOptions['hosts'],
  }).then(
    () => expect.unreachable('it was taken'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map(({ option, must }) => `${option.replace('hosts.0.portal.', '')} ${must}`);
}
const standard = (own: object) => ({ configurations: { standard: own } });
const switching = (own: object) => standard({ planSwitching: own });
const rule = (when: unknown, use = 'limited') => ({ rules: [{ use, when }] });
const at = 'configurations.standard.';

describe('the option portal is refused with', () => {
  it.each<[string, unknown, readonly string[]]>([
    ['an unknown setting', standard({ logo: 'x' }), ['configurations.standard has no option "logo"']],
    [
      'a name that is none',
      { configurations: { 'a b': {} } },
      ['configurations.a b must be named with 1 to 64 letters, digits, ".", "_" or "-"'],
    ],
    ['an address that is none', standard({ privacyUrl: 'here' }), [`${at}privacyUrl must be a web address`]],
    [
      'a headline that Stripe cuts',
      standard({ headline: 'x'.repeat(61) }),
      [`${at}headline must have 60 letters at most`],
    ],
    [
      'details that nobody can update',
      standard({ customerUpdates: ['iban'] }),
      [`${at}customerUpdates.0 must be one of email, address, phone, tax_id, name, shipping`],
    ],
    [
      'true, where only false is short',
      standard({ cancellation: true }),
      [`${at}cancellation must be false, or how people cancel, {} for the defaults`],
    ],
    [
      'proration at the end of a period',
      standard({ cancellation: { proration: 'create_prorations' } }),
      [`${at}cancellation.proration must be "none" unless it is cancelled "immediately"`],
    ],
    [
      'two problems in one place',
      standard({ cancellation: { when: 'now', deepLink: 1 } }),
      [`${at}cancellation.when must be "atPeriodEnd" or "immediately"`, `${at}cancellation.deepLink must be a boolean`],
    ],
    [
      'a pause of four years',
      standard({ pause: { durations: [{ interval: 'month', count: 37 }] } }),
      [`${at}pause.durations.0 must be three years at most`],
    ],
    [
      'a pause of any length',
      standard({ pause: { durations: 'forever' } }),
      [`${at}pause.durations must be "indefinite" or a list such as [{ interval: "month", count: 1 }]`],
    ],
    [
      'plans that are none',
      switching({ plans: 'all' }),
      [`${at}planSwitching.plans must be "offers" or a list of prices`],
    ],
    [
      'a plan that is none',
      switching({ plans: ['team', 7] }),
      [`${at}planSwitching.plans.1 must be a price’s id or lookup key, or { price, quantity }`],
    ],
    [
      'bounds that cross',
      switching({ plans: [{ price: 'team', quantity: { minimum: 3, maximum: 2 } }] }),
      [`${at}planSwitching.plans.0.quantity must not end before it begins`],
    ],
    [
      'a rule for a configuration that is not there',
      rule({ interval: 'year' }, 'toString'),
      ['rules.0.use must name one of the configurations'],
    ],
    ['a rule that asks for nothing', rule({}), ['rules.0.when must ask for something']],
    [
      'a rule that asks for what facts cannot say',
      rule({ country: 'DE' }),
      ['rules.0.when has no option "country"', 'rules.0.when must ask for something'],
    ],
    [
      'a rule of a wrong interval',
      rule({ interval: 'yearly' }),
      ['rules.0.when.interval must be "day", "week", "month" or "year"'],
    ],
    [
      'a rule that is neither',
      rule('several'),
      ['rules.0.when must be conditions such as { subscriptions: "several" }, or a function'],
    ],
  ])('%s', async (_, portal, expected) => {
    expect(await problems(portal)).toEqual(expected);
  });
});
