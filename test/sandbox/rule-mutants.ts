/**
 * Every rule of docs/stripe-behaviour.md that the sandbox carries out: the test that holds it, and a way to break it that
 * the test must notice. `node test/sandbox/kill-mutants.ts` breaks each in turn and says which tests noticed.
 */

export interface RuleMutant {
  readonly rule: string;
  /** A file of test/sandbox; of its tests, those with the rule in their title are run, or those that `title` names. */
  readonly test: string;
  readonly title?: string;
  /** In demo/stripe-sandbox. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

/** Rules that bind readers of Stripe's answers rather than the sandbox. */
export const notOfTheSandbox: Readonly<Record<string, string>> = {
  'SDK-1': 'is the client’s',
  'SDK-2': 'is the client’s',
  'SUB-2': 'forbids a reader to use `created` as a version',
};

const mutant = (rule: string, test: string, file: string, from: string, to: string, title?: string): RuleMutant => ({
  rule,
  test,
  file,
  from,
  to,
  ...(title === undefined ? {} : { title }),
});

export const ruleMutants: readonly RuleMutant[] = [
  mutant('HTTP-9', 'bounds', 'http/params.ts', 'if (raw.length <= most) return raw;', 'return raw;'),
  mutant('OBJ-1', 'subscriptions', 'engine/invoice-draft.ts', 'subscription: id }', "subscription: '' }"),
  mutant('OBJ-2', 'subscriptions', 'engine/subscriptions.ts', 'only.plan : null', 'null : null'),
  mutant('OBJ-3', 'versions', 'webhooks/endpoints.ts', 'api_version: version,', 'api_version: apiVersion,'),
  mutant('OBJ-4', 'subscriptions', 'engine/subscriptions.ts', "billingMode === 'classic'", "billingMode !== 'classic'"),
  mutant(
    'OBJ-5',
    'checkout.test',
    'routes/checkout-create.ts',
    'const at = given ?? now + daySeconds;',
    'const at = given ?? now + hourSeconds;',
  ),
  mutant('OBJ-6', 'versions', 'http/versions.ts', 'if (!known.includes(version))', "if (version === '')"),
  mutant('HTTP-1', 'http', 'http/answers.ts', "'request-id': requestId,", "'x-request-id': requestId,"),
  mutant('HTTP-2', 'http', 'errors.ts', "status: param === 'id' ? 404 : 400", 'status: 404'),
  mutant('HTTP-3', 'http', 'engine/cards.ts', '  refuseDeclinedCard(behaviourOf(method));\n', ''),
  mutant(
    'HTTP-4',
    'http',
    'engine/subscriptions.ts',
    "if (charged && !method && draft.paymentBehavior !== 'default_incomplete') throw noPaymentSource();",
    '',
  ),
  mutant(
    'HTTP-5',
    'http',
    'routes/portal-sessions.ts',
    'if (!configuration) throw noConfiguration();',
    "if (!configuration) throw missingParam('configuration');",
  ),
  mutant(
    'HTTP-6',
    'http',
    'http/params.ts',
    'if (!Object.hasOwn(shape, key)) throw unknownParam(at(key));',
    'if (!Object.hasOwn(shape, key)) continue;',
  ),
  mutant(
    'HTTP-7',
    'http',
    'http/faults.ts',
    'callsInSecond > this.rateLimitPerSecond',
    'callsInSecond > this.rateLimitPerSecond + 100',
  ),
  mutant(
    'HTTP-8',
    'http',
    'http/idempotency.ts',
    'if (entry) entry.answer = answer;',
    'if (entry) entries.delete(key);',
  ),
  mutant('SUB-1', 'subscriptions', 'state/events.ts', 'rank(a.type) - rank(b.type)', 'rank(b.type) - rank(a.type)'),
  mutant(
    'SUB-3',
    'subscriptions',
    'engine/renewal.ts',
    'incompleteLifetime = 23 * hourSeconds',
    'incompleteLifetime = 25 * hourSeconds',
  ),
  mutant('SUB-4', 'subscriptions', 'engine/trials.ts', 'trialNotice = 3 * daySeconds', 'trialNotice = 1 * daySeconds'),
  mutant(
    'SUB-5',
    'webhooks',
    'engine/invoices.ts',
    'state.clock.seconds();\n  state.touch(invoice);',
    'state.clock.seconds() + 7200;\n  state.touch(invoice);',
  ),
  mutant(
    'SUB-6',
    'dunning',
    'engine/collection.ts',
    "setStatus(state, subscription, 'unpaid');\n}",
    "setStatus(state, subscription, 'past_due');\n}",
  ),
  mutant(
    'SUB-7',
    'dunning',
    'engine/collection.ts',
    "  if (waiting && subscription.latest_invoice === invoice.id) setStatus(state, subscription, 'active');\n  state.tellInvoicePaid",
    '  state.tellInvoicePaid',
  ),
  mutant(
    'SUB-8',
    'portal.test',
    'engine/setup.ts',
    "  state.emit('setup_intent.succeeded', intent);\n  attach",
    '  attach',
  ),
  mutant('SUB-9', 'subscription-changes', 'engine/prorations.ts', '(end - at) /', '(end - at - 86_400) /'),
  mutant(
    'SUB-10',
    'portal.test',
    'pages/portal-change.ts',
    'choice.quantity && (quantity < minimum ||',
    'choice.quantity && (quantity < 1 ||',
  ),
  mutant(
    'SUB-11',
    'subscription-changes',
    'engine/subscription-change.ts',
    '    for (const change of changes) applyChange(state, changed, change, at);\n    mirrorSingleItem(changed);',
    '    for (const change of changes) applyChange(state, changed, change, at);',
  ),
  mutant(
    'SUB-12',
    'subscription-changes',
    'engine/cancellation.ts',
    '  subscription.cancel_at_period_end = true;\n  markCancelAt',
    '  markCancelAt',
  ),
  mutant(
    'SUB-13',
    'portal.test',
    'engine/cancellation.ts',
    "if (changed.billing_mode.type === 'classic') changed",
    'changed',
  ),
  mutant(
    'SUB-14',
    'subscription-changes',
    'engine/cancellation.ts',
    'subscription.canceled_at ??= now;',
    'subscription.canceled_at = now;',
  ),
  mutant(
    'SUB-15',
    'pause',
    'engine/subscription-status.ts',
    "  state.emit('customer.subscription.paused', subscription);",
    "  state.emit('customer.subscription.updated', subscription);",
  ),
  mutant(
    'SUB-16',
    'late-payments',
    'engine/pending-update.ts',
    'const lifetime = 23 * hourSeconds;',
    'const lifetime = 26 * hourSeconds;',
  ),
  mutant(
    'SUB-17',
    'billing-behaviour',
    'engine/trials.ts',
    'if (endsWithoutMethod(state, subscription, customer)) return;',
    '',
  ),
  mutant(
    'SUB-18',
    'refusals',
    'routes/subscriptions.ts',
    '  itemsAfter(state, subscription, changes, params.proration_date ?? now);\n',
    '',
  ),
  mutant(
    'SUB-19',
    'billing-behaviour',
    'engine/renewal.ts',
    "if (pause.behavior === 'void') voidInvoice",
    "if (pause.behavior !== 'void') voidInvoice",
  ),
  mutant('ENT-1', 'entitlements', 'engine/entitlements.ts', 'const summarySize = 10;', 'const summarySize = 100;'),
  mutant('INV-1', 'previews', 'engine/preview.ts', 'if (isTerminal(subscription) ||', 'if ('),
  mutant('CHK-1', 'checkout-options', 'routes/checkout-create.ts', "address !== 'auto' &&", "address === 'never' &&"),
  mutant(
    'CHK-2',
    'declared-parameters',
    'http/declared.ts',
    'if (endpoint) check(endpoint, raw,',
    'if (!endpoint) check(endpoint!, raw,',
    'Checkout and the portal have a list each',
  ),
  mutant(
    'PORT-1',
    'portal.test',
    'engine/portal.ts',
    'now > session.created + unusedSeconds',
    'now > session.created + idleSeconds',
  ),
  mutant(
    'PORT-2',
    'portal.test',
    'pages/portal-visit.ts',
    'if (after?.redirect) return c.redirect(after.redirect.return_url, 303);',
    '',
  ),
  mutant('PORT-3', 'portal-rules', 'routes/portal-configurations.ts', '    seen.add(interval);\n', ''),
  mutant(
    'PORT-4',
    'portal-rules',
    'routes/portal-configurations.ts',
    'if (change.enabled && !card.enabled)',
    'if (false as boolean)',
  ),
  mutant(
    'PORT-5',
    'portal-rules',
    'engine/plan-choices.ts',
    'price.id !== current || quantity !== null',
    'price.id !== null',
  ),
  mutant(
    'PORT-6',
    'portal-rules',
    'routes/portal-sessions.ts',
    "      if (subscription.billing_mode.type !== 'flexible') throw refuse('paused because its billing mode is classic.');\n",
    '',
  ),
  mutant('WH-1', 'webhooks', 'webhooks/signature.ts', 'update(`${at}.${body}`)', 'update(body)'),
  mutant('WH-2', 'webhooks', 'webhooks/deliveries.ts', 'record.status < 300', 'record.status < 400'),
  mutant('WH-3', 'webhooks', 'webhooks/deliveries.ts', 'copy < copies; copy += 1', 'copy < 1; copy += 1'),
  mutant('WH-4', 'webhooks', 'state/events.ts', 'request: { ...cause },', 'request: { ...automatic },'),
  mutant(
    'WH-5',
    'webhooks',
    'state/events.ts',
    'changed[key] = was === undefined ? null : structuredClone(was);',
    'changed[key] = structuredClone(is);',
  ),
  mutant('WH-6', 'webhooks', 'engine/portal.ts', "  state.emit('billing_portal.session.created', session);\n", ''),
  mutant('KEY-1', 'versions', 'http/keys.ts', 'rak_${needed}', 'rak_${method}'),
];
