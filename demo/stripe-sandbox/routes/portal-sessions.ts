/** `/v1/billing_portal/sessions`: the way in, for one customer and a short time. */

import { requireCustomer } from '../engine/customers.ts';
import { canChangePlan, planChoices } from '../engine/plan-choices.ts';
import { createPortalSession, defaultConfiguration, noConfiguration } from '../engine/portal.ts';
import { isTerminal } from '../engine/subscription-status.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { natural, returnAddress } from '../http/bounds.ts';
import { hash, list, required, text, textUpTo, union, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { PortalConfiguration, PortalSession, Subscription } from '../state/wire.ts';
import { requireConfiguration } from './portal-configurations.ts';
import { requireSubscription } from './subscriptions.ts';

type Flow = NonNullable<PortalSession['flow']>;

const flowFields = {
  type: required(union<Flow['type']>()),
  after_completion: hash({
    type: required(union<Flow['after_completion']['type']>()),
    hosted_confirmation: hash({ custom_message: textUpTo(500) }),
    redirect: hash({ return_url: required(returnAddress) }),
  }),
  subscription_cancel: hash({ subscription: required(text) }),
  subscription_pause: hash({ subscription: required(text) }),
  subscription_update: hash({ subscription: required(text) }),
  subscription_update_confirm: hash({
    subscription: required(text),
    items: required(list(hash({ id: required(text), price: text, quantity: natural }))),
  }),
};

const sessionFields = {
  configuration: text,
  customer: text,
  customer_account: text,
  flow_data: hash(flowFields),
  locale: union<NonNullable<PortalSession['locale']>>(),
  return_url: returnAddress,
};

export function portalSessionRoutes(api: Api): void {
  api.post('/v1/billing_portal/sessions', sessionFields, ({ state, params }) => createSession(state, params));
}

function createSession(state: State, params: Read<typeof sessionFields>): PortalSession {
  // PORT-2: not required by the types, but by the API.
  if (params.customer === undefined) throw missingParam('customer');
  const customer = requireCustomer(state, params.customer, 'customer');
  const configuration =
    params.configuration === undefined
      ? defaultConfiguration(state)
      : requireConfiguration(state, params.configuration, 'configuration');
  if (!configuration) throw noConfiguration();
  if (!configuration.active)
    throw invalidRequest('The configuration specified is not active.', { param: 'configuration' });
  return createPortalSession(state, customer.id, configuration, {
    flow: params.flow_data ? flowOf(state, configuration, customer.id, params.flow_data) : null,
    locale: params.locale ?? null,
    return_url: params.return_url ?? configuration.default_return_url,
  });
}

type FlowParams = Read<typeof flowFields>;

function flowOf(
  state: State,
  configuration: PortalConfiguration,
  customer: string,
  params: FlowParams,
): NonNullable<PortalSession['flow']> {
  const feature: Partial<Record<FlowParams['type'], { enabled: boolean }>> = {
    customer_update: configuration.features.customer_update,
    payment_method_update: configuration.features.payment_method_update,
    subscription_cancel: configuration.features.subscription_cancel,
    subscription_pause: configuration.features.subscription_pause,
    subscription_update: configuration.features.subscription_update,
    subscription_update_confirm: configuration.features.subscription_update,
  };
  if (feature[params.type]?.enabled !== true) {
    // PORT-5: Stripe's refusal of a flow may name neither a parameter nor a code.
    throw invalidRequest(
      `This ${params.type} flow is unavailable because the feature is disabled in your portal configuration.`,
    );
  }
  const about =
    params.type === 'customer_update' || params.type === 'payment_method_update'
      ? undefined
      : params[params.type]?.subscription;
  if (params.type.startsWith('subscription_')) {
    if (about === undefined) throw missingParam(`flow_data[${params.type}]`);
    checkSubscription(state, configuration, customer, about, params);
  }
  const after = params.after_completion;
  if (after?.type === 'redirect' && !after.redirect) throw missingParam('flow_data[after_completion][redirect]');
  return {
    after_completion: {
      hosted_confirmation:
        after?.type === 'hosted_confirmation'
          ? { custom_message: after.hosted_confirmation?.custom_message ?? null }
          : null,
      redirect: after?.type === 'redirect' && after.redirect ? after.redirect : null,
      type: after?.type ?? 'portal_homepage',
    },
    customer_update: params.type === 'customer_update' ? {} : null,
    subscription_cancel:
      params.type === 'subscription_cancel' && about !== undefined ? { retention: null, subscription: about } : null,
    subscription_pause: params.type === 'subscription_pause' && about !== undefined ? { subscription: about } : null,
    subscription_update: params.type === 'subscription_update' && about !== undefined ? { subscription: about } : null,
    subscription_update_confirm:
      params.type === 'subscription_update_confirm' && params.subscription_update_confirm
        ? {
            discounts: null,
            items: params.subscription_update_confirm.items.map((item) => ({ ...item, price: item.price ?? null })),
            subscription: params.subscription_update_confirm.subscription,
          }
        : null,
    type: params.type,
  };
}

/** SUB-10, PORT-5, PORT-6: a flow must lead somewhere for this subscription. */
function checkSubscription(
  state: State,
  { features }: PortalConfiguration,
  customer: string,
  id: string,
  params: FlowParams,
): void {
  const { type: flow } = params;
  const param = `flow_data[${flow}][subscription]`;
  const subscription = requireSubscription(state, id, param);
  if (subscription.customer !== customer) throw noSuch('subscription', id, param);
  const refuse = (why: string): Error => invalidRequest(`The subscription cannot be ${why}`);
  if (isTerminal(subscription)) throw refuse(`changed because it is ${subscription.status}.`);
  const ends = subscription.cancel_at_period_end || subscription.cancel_at !== null;
  switch (flow) {
    case 'subscription_cancel':
      if (ends) throw refuse('canceled because it is already set to cancel.');
      return;
    case 'subscription_pause':
      if (subscription.billing_mode.type !== 'flexible') throw refuse('paused because its billing mode is classic.');
      if (subscription.schedule !== null) throw refuse('paused because it is managed by a schedule.');
      return;
    case 'subscription_update':
    case 'subscription_update_confirm':
      checkUpdate(state, features, subscription, params.subscription_update_confirm?.items);
      return;
    default:
      return;
  }
}

function checkUpdate(
  state: State,
  features: PortalConfiguration['features'],
  subscription: Subscription,
  items: NonNullable<FlowParams['subscription_update_confirm']>['items'] = [],
): void {
  const refuse = (why: string): Error => invalidRequest(`The subscription cannot be updated because ${why}`);
  if (subscription.items.data.length > 1) throw refuse('it has more than one item.');
  if (!canChangePlan(state, features, subscription))
    throw refuse('your portal configuration has no other price that it can be changed to.');
  const choices = planChoices(state, features, subscription);
  for (const [index, item] of items.entries()) {
    const path = `flow_data[subscription_update_confirm][items][${index}]`;
    if (item.id !== subscription.items.data[0]?.id) throw noSuch('subscription item', item.id, `${path}[id]`);
    if (item.price !== undefined && !choices.some(({ price }) => price.id === item.price))
      throw refuse(`the price ${item.price} is not in your portal configuration.`);
  }
}
