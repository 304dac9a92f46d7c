/** Changing a plan in the portal, now or at the period's end (SUB-10). */

import type { Context, Hono } from 'hono';
import { isPutOff, planChoices } from '../engine/plan-choices.ts';
import { releaseSchedule, scheduleOf } from '../engine/schedule-end.ts';
import { putOffChange } from '../engine/schedules.ts';
import { changeItems, type ProrationBehavior } from '../engine/subscription-change.ts';
import { endTrialNow } from '../engine/trials.ts';
import type { State } from '../state/state.ts';
import type { ItemChange, PortalConfiguration, Subscription } from '../state/wire.ts';
import { changeForm } from './portal-forms.ts';
import type { Answer, Portal, Visit } from './portal-visit.ts';

export function changeRoutes(pages: Hono, portal: Portal): void {
  const { state } = portal;
  pages.get(
    '/:key/subscriptions/:subscription/update',
    portal.aboutSubscription((c, visit, subscription) => form(portal, c, visit, subscription), 'subscription_update'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/update',
    portal.aboutSubscription(
      async (c, visit, subscription) => change(portal, c, visit, subscription, await c.req.parseBody()),
      'subscription_update',
    ),
  );
  pages.post(
    '/:key/subscriptions/:subscription/keep-current',
    portal.aboutSubscription((c, visit, subscription) => {
      const schedule = scheduleOf(state, subscription);
      if (schedule) releaseSchedule(state, schedule);
      return c.redirect(`${visit.base}?done=keptCurrent`, 303);
    }),
  );
}

function form(portal: Portal, c: Context, visit: Visit, subscription: Subscription, problem?: string): Answer {
  const chosen = { price: c.req.query('price'), quantity: c.req.query('quantity') };
  const content = changeForm(portal.state, visit.configuration.features, subscription, visit.base, chosen);
  return portal.show(c, visit, 'Change plan', content, problem === undefined ? {} : { problem });
}

function change(
  portal: Portal,
  c: Context,
  visit: Visit,
  subscription: Subscription,
  typed: Record<string, unknown>,
): Answer {
  const { state } = portal;
  const { features } = visit.configuration;
  const [item] = subscription.items.data;
  const choice = planChoices(state, features, subscription).find(({ price }) => price.id === typed['price']);
  if (!item || !choice) return form(portal, c, visit, subscription, 'Choose one of the plans.');
  const quantity = choice.quantity ? Number(typed['quantity']) : (item.quantity ?? 1);
  const { minimum = 1, maximum = null } = choice.quantity ?? {};
  if (!Number.isInteger(quantity) || (choice.quantity && (quantity < minimum || quantity > (maximum ?? quantity)))) {
    const range = `${minimum}${maximum === null ? ' up' : ` to ${maximum}`}`;
    return form(portal, c, visit, subscription, `Choose a quantity from ${range}.`);
  }
  if (choice.price.id === item.price.id && quantity === (item.quantity ?? 1))
    return portal.finished(c, visit, 'keptCurrent');
  if (isPutOff(features, subscription, choice.price, quantity)) {
    putOffChange(state, subscription, choice.price, quantity);
    return portal.finished(c, visit, 'putOff');
  }
  changeNow(state, features, subscription, { id: item.id, price: choice.price, quantity });
  return portal.finished(c, visit, 'changed');
}

/** SUB-10: a change that happens at once, as the configuration has it. */
function changeNow(
  state: State,
  { subscription_update: update }: PortalConfiguration['features'],
  subscription: Subscription,
  change: ItemChange,
): void {
  // An earlier plan is released.
  const schedule = scheduleOf(state, subscription);
  if (schedule) releaseSchedule(state, schedule);
  const trialing = subscription.status === 'trialing';
  const proration = trialing ? 'none' : (update.proration_behavior as ProrationBehavior);
  changeItems(state, subscription, [change], proration, state.clock.seconds());
  if (trialing && update.trial_update_behavior === 'end_trial') endTrialNow(state, subscription);
}
