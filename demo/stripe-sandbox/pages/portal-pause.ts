/** Pausing and resuming a plan in the portal (SUB-15, PORT-6). */

import type { Hono } from 'hono';
import { payingMethod } from '../engine/customers.ts';
import { pauseByRequest, pauseUntil, resume } from '../engine/pause.ts';
import { addInterval } from '../engine/periods.ts';
import { pauseForm } from './portal-forms.ts';
import { canPause } from './portal-home.ts';
import type { Portal } from './portal-visit.ts';

export function pauseRoutes(pages: Hono, portal: Portal): void {
  const { state } = portal;
  pages.get(
    '/:key/subscriptions/:subscription/pause',
    portal.aboutSubscription((c, visit, subscription) => {
      const { features } = visit.configuration;
      if (!canPause(features, subscription)) return c.redirect(`${visit.base}?home`, 303);
      return portal.show(c, visit, 'Pause plan', pauseForm(state, features, subscription, visit.base));
    }, 'subscription_pause'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/pause',
    portal.aboutSubscription(async (c, visit, subscription) => {
      const typed = await c.req.parseBody();
      const { features } = visit.configuration;
      if (!canPause(features, subscription)) return c.redirect(`${visit.base}?home`, 303);
      const { type, interval_options: options } = features.subscription_pause.duration;
      const length = type === 'interval_options' ? options[Number(typed['length'] ?? 0)] : undefined;
      if (length) {
        const until = addInterval(state.clock.seconds(), length.interval, length.interval_count);
        pauseUntil(state, subscription, until);
      } else pauseByRequest(state, subscription);
      return portal.finished(c, visit, 'paused');
    }, 'subscription_pause'),
  );
  pages.post(
    '/:key/subscriptions/:subscription/resume',
    portal.aboutSubscription((c, visit, subscription) => {
      // A trial that ended with no card needs one first: otherwise the plan would go straight to past due.
      if (subscription.status !== 'paused') return c.redirect(visit.base, 303);
      if (!payingMethod(state, subscription, visit.customer))
        return portal.home(c, visit, { problem: 'Add a payment method first. Then you can resume your plan.' });
      resume(state, subscription, {});
      return c.redirect(`${visit.base}?done=resumed`, 303);
    }),
  );
}
