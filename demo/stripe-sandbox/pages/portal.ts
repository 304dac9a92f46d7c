/** The customer portal: a session's address, and everything a person can do from there. */

import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { cancelInPortal, endSubscription, keepInPortal, type CancellationWords } from '../engine/cancellation.ts';
import { payNow } from '../engine/collection.ts';
import { payingMethod } from '../engine/customers.ts';
import { pauseByRequest, pauseUntil, resume } from '../engine/pause.ts';
import { addInterval } from '../engine/periods.ts';
import { isPutOff, planChoices } from '../engine/plan-choices.ts';
import { visitSession } from '../engine/portal.ts';
import { releaseSchedule, scheduleOf } from '../engine/schedule-end.ts';
import { putOffChange } from '../engine/schedules.ts';
import { saveCard } from '../engine/setup.ts';
import { changeItems, type ProrationBehavior } from '../engine/subscription-change.ts';
import { isTerminal } from '../engine/subscription-status.ts';
import { endTrialNow } from '../engine/trials.ts';
import { StripeError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Customer, Invoice, ItemChange, PortalConfiguration, PortalSession, Subscription } from '../state/wire.ts';
import { chosenMethod } from './card-fields.ts';
import { deadEnd } from './dead-end.ts';
import { frame, send, type Html } from './layout.ts';
import { cancelForm, cardForm, changeForm, isReason, pauseForm } from './portal-forms.ts';
import { canPause, portalHome } from './portal-home.ts';

interface Visit {
  session: PortalSession;
  configuration: PortalConfiguration;
  customer: Customer;
  /** The session's address, as a path. */
  base: string;
}

type Answer = Response | Promise<Response>;
type Feature = keyof PortalConfiguration['features'];

const DONE: Record<string, string> = {
  card: 'Your payment method was updated.',
  cardButDue: 'Your payment method was updated. The open invoice is not paid yet: you can pay it below.',
  paid: 'Thank you. Your payment went through.',
  canceled: 'Your plan was canceled. You can use it until it ends.',
  kept: 'Good to have you back. Your plan renews as before.',
  changed: 'Your plan was changed.',
  putOff: 'Your plan will change when this period ends.',
  keptCurrent: 'Your plan stays as it is.',
  paused: 'Your plan is paused.',
  resumed: 'Your plan goes on.',
};

export function createPortal(state: State): Hono {
  const pages = new Hono();

  /** Runs a page for a living session, or says why there is none. Pages of a feature that is switched off lead home. */
  const visiting =
    (page: (context: Context, visit: Visit) => Answer, feature?: Feature) =>
    async (context: Context): Promise<Response> => {
      const key = context.req.param('key') ?? '';
      const found = visitSession(state, key);
      if (found === 'unknown' || found === 'expired') return deadEnd(context, state, found);
      const customer = state.customers.get(found.session.customer);
      if (!customer) return deadEnd(context, state, 'expired');
      const visit = { ...found, customer, base: `/p/session/${key}` };
      const enabled = feature === undefined || found.configuration.features[feature].enabled;
      return enabled ? page(context, visit) : context.redirect(visit.base, 303);
    };

  /** As `visiting`, for one of the customer's own living subscriptions: somebody else's is as good as none. */
  const aboutSubscription = (
    page: (context: Context, visit: Visit, subscription: Subscription) => Answer,
    feature?: Feature,
  ) =>
    visiting((context, visit) => {
      const subscription = state.subscriptions.get(context.req.param('subscription') ?? '');
      const own = subscription?.customer === visit.customer.id && !isTerminal(subscription);
      return own ? page(context, visit, subscription) : context.redirect(visit.base, 303);
    }, feature);

  const show = (
    context: Context,
    visit: Visit,
    title: string,
    content: Html,
    said: { done?: string; problem?: string } = {},
  ): Answer => {
    const { businessName } = state.settings;
    const words = said.problem ?? said.done;
    return send(
      context,
      frame(
        {
          title,
          business: businessName,
          tagline: visit.configuration.business_profile.headline ?? `Manage your billing with ${businessName}`,
          returnUrl: visit.session.return_url,
          notice: words === undefined ? null : { kind: said.problem === undefined ? 'done' : 'problem', words },
        },
        content,
      ),
      said.problem === undefined ? 200 : 402,
    );
  };

  const home = (context: Context, visit: Visit, said: { done?: string; problem?: string } = {}): Answer => {
    const { customer, configuration, base } = visit;
    return show(
      context,
      visit,
      'Billing',
      portalHome({ state, customer, features: configuration.features, base }),
      said,
    );
  };

  /** PORT-2: where a finished flow leads. Without a flow, or once it is done, home. */
  const finished = (context: Context, visit: Visit, done: string): Answer => {
    const { id, flow } = visit.session;
    const after = flow === null || state.finishedFlows.has(id) ? null : flow.after_completion;
    state.finishedFlows.add(id);
    if (after?.redirect) return context.redirect(after.redirect.return_url, 303);
    if (after?.type === 'hosted_confirmation') {
      const words = after.hosted_confirmation?.custom_message ?? DONE[done];
      return show(
        context,
        visit,
        'Done',
        html`<div>
          <h1>Done</h1>
          <p class="lede">${words}</p>
        </div>`,
      );
    }
    return context.redirect(`${visit.base}?done=${done}`, 303);
  };

  pages.get(
    '/:key',
    visiting((context, visit) => {
      const start = state.finishedFlows.has(visit.session.id) ? null : flowStart(visit);
      if (start !== null && context.req.query('home') === undefined) return context.redirect(start, 303);
      const done = DONE[context.req.query('done') ?? ''];
      return home(context, visit, done === undefined ? {} : { done });
    }),
  );

  pages.get(
    '/:key/payment-method',
    visiting(
      (context, visit) => show(context, visit, 'Update payment method', cardForm(visit.base)),
      'payment_method_update',
    ),
  );
  pages.post(
    '/:key/payment-method',
    visiting(async (context, visit) => {
      const form = await context.req.parseBody();
      const problem = attempt(() => saveCard(state, visit.customer, chosenMethod(form)));
      if (problem)
        return show(context, visit, 'Update payment method', cardForm(visit.base), { problem: problem.body.message });
      const open = state.invoices.of(visit.customer.id, (row) => row.status === 'open');
      if (state.settings.portal.newCardPaysOpenInvoice)
        for (const invoice of open) attempt(() => payNow(state, invoice, undefined));
      return finished(context, visit, open.some((invoice) => invoice.status === 'open') ? 'cardButDue' : 'card');
    }, 'payment_method_update'),
  );

  pages.get(
    '/:key/subscriptions/:subscription/cancel',
    aboutSubscription(
      (context, visit, subscription) =>
        show(context, visit, 'Cancel plan', cancelForm(state, visit.configuration.features, subscription, visit.base)),
      'subscription_cancel',
    ),
  );
  pages.post(
    '/:key/subscriptions/:subscription/cancel',
    aboutSubscription(async (context, visit, subscription) => {
      const words = wordsFrom(await context.req.parseBody());
      const { mode } = visit.configuration.features.subscription_cancel;
      if (mode === 'immediately') endSubscription(state, subscription, 'cancellation_requested', words);
      else cancelInPortal(state, subscription, words);
      return finished(context, visit, 'canceled');
    }, 'subscription_cancel'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/keep',
    aboutSubscription((context, visit, subscription) => {
      keepInPortal(state, subscription);
      return context.redirect(`${visit.base}?done=kept`, 303);
    }),
  );

  const change = (context: Context, visit: Visit, subscription: Subscription, problem?: string): Answer => {
    const chosen = { price: context.req.query('price'), quantity: context.req.query('quantity') };
    const form = changeForm(state, visit.configuration.features, subscription, visit.base, chosen);
    return show(context, visit, 'Change plan', form, problem === undefined ? {} : { problem });
  };
  pages.get(
    '/:key/subscriptions/:subscription/update',
    aboutSubscription((context, visit, subscription) => change(context, visit, subscription), 'subscription_update'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/update',
    aboutSubscription(async (context, visit, subscription) => {
      const form = await context.req.parseBody();
      const { features } = visit.configuration;
      const [item] = subscription.items.data;
      const choice = planChoices(state, features, subscription).find(({ price }) => price.id === form['price']);
      if (!item || !choice) return change(context, visit, subscription, 'Choose one of the plans.');
      const wanted = choice.quantity ? Number(form['quantity']) : (item.quantity ?? 1);
      const { minimum = 1, maximum = null } = choice.quantity ?? {};
      if (!Number.isInteger(wanted) || (choice.quantity && (wanted < minimum || wanted > (maximum ?? wanted)))) {
        return change(
          context,
          visit,
          subscription,
          `Choose a quantity from ${minimum}${maximum === null ? ' up' : ` to ${maximum}`}.`,
        );
      }
      if (isPutOff(features, subscription, choice.price, wanted)) {
        putOffChange(state, subscription, choice.price, wanted);
        return finished(context, visit, 'putOff');
      }
      changeNow(state, features, subscription, { id: item.id, price: choice.price, quantity: wanted });
      return finished(context, visit, 'changed');
    }, 'subscription_update'),
  );

  pages.post(
    '/:key/subscriptions/:subscription/keep-current',
    aboutSubscription((context, visit, subscription) => {
      const schedule = scheduleOf(state, subscription);
      if (schedule) releaseSchedule(state, schedule);
      return context.redirect(`${visit.base}?done=keptCurrent`, 303);
    }),
  );

  pages.get(
    '/:key/subscriptions/:subscription/pause',
    aboutSubscription((context, visit, subscription) => {
      const { features } = visit.configuration;
      if (!canPause(features, subscription)) return context.redirect(`${visit.base}?home`, 303);
      return show(context, visit, 'Pause plan', pauseForm(state, features, subscription, visit.base));
    }, 'subscription_pause'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/pause',
    aboutSubscription(async (context, visit, subscription) => {
      const form = await context.req.parseBody();
      const { features } = visit.configuration;
      if (!canPause(features, subscription)) return context.redirect(`${visit.base}?home`, 303);
      const { type, interval_options: options } = features.subscription_pause.duration;
      const length = type === 'interval_options' ? options[Number(form['length'] ?? 0)] : undefined;
      if (length) {
        const until = addInterval(state.clock.seconds(), length.interval, length.interval_count);
        pauseUntil(state, subscription, until);
      } else pauseByRequest(state, subscription);
      return finished(context, visit, 'paused');
    }, 'subscription_pause'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/resume',
    aboutSubscription((context, visit, subscription) => {
      // A trial that ended with no card needs one first: otherwise the plan would go straight to past due.
      if (subscription.status !== 'paused') return context.redirect(visit.base, 303);
      if (!payingMethod(state, subscription, visit.customer))
        return home(context, visit, { problem: 'Add a payment method first. Then you can resume your plan.' });
      resume(state, subscription, {});
      return context.redirect(`${visit.base}?done=resumed`, 303);
    }),
  );

  pages.post(
    '/:key/invoices/:invoice/pay',
    visiting((context, visit) => {
      const invoice: Invoice | undefined = state.invoices.get(context.req.param('invoice') ?? '');
      if (invoice?.customer !== visit.customer.id || invoice.status !== 'open')
        return context.redirect(visit.base, 303);
      const problem = attempt(() => payNow(state, invoice, undefined));
      if (problem === null) return context.redirect(`${visit.base}?done=paid`, 303);
      if (problem.body.code === 'invoice_payment_intent_requires_action') {
        return context.redirect(invoice.hosted_invoice_url ?? visit.base, 303);
      }
      return home(context, visit, {
        problem: `${problem.body.message} You can update your payment method and try again.`,
      });
    }),
  );
  return pages;
}

/** SUB-10: a change that happens at once, as the configuration has it. */
function changeNow(
  state: State,
  { subscription_update: update }: PortalConfiguration['features'],
  subscription: Subscription,
  change: ItemChange,
): void {
  // What was planned before is planned no more.
  const schedule = scheduleOf(state, subscription);
  if (schedule) releaseSchedule(state, schedule);
  const trialing = subscription.status === 'trialing';
  const proration = trialing ? 'none' : (update.proration_behavior as ProrationBehavior);
  changeItems(state, subscription, [change], proration, state.clock.seconds());
  if (trialing && update.trial_update_behavior === 'end_trial') endTrialNow(state, subscription);
}

/** Does something that may be refused; answers the refusal. */
function attempt(work: () => unknown): StripeError | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof StripeError) return error;
    throw error;
  }
}

/** Where a session with `flow_data` begins; other flows begin at home. */
function flowStart({ session: { flow }, base }: Visit): string | null {
  if (flow?.type === 'payment_method_update') return `${base}/payment-method`;
  if (flow?.subscription_cancel) return `${base}/subscriptions/${flow.subscription_cancel.subscription}/cancel`;
  if (flow?.subscription_update) return `${base}/subscriptions/${flow.subscription_update.subscription}/update`;
  if (flow?.subscription_pause) return `${base}/subscriptions/${flow.subscription_pause.subscription}/pause`;
  const confirm = flow?.subscription_update_confirm;
  if (!confirm) return null;
  const [item] = confirm.items;
  const chosen = new URLSearchParams();
  if (item?.price) chosen.set('price', item.price);
  if (item?.quantity !== undefined) chosen.set('quantity', String(item.quantity));
  return `${base}/subscriptions/${confirm.subscription}/update?${chosen.toString()}`;
}

function wordsFrom(form: Record<string, unknown>): CancellationWords {
  const feedback = String(form['feedback'] ?? '');
  return isReason(feedback) ? { feedback: feedback as NonNullable<CancellationWords['feedback']> } : {};
}
