/** The control room's page and what its buttons do. Every form leads back to the page, so that reloading repeats nothing. */

import { Hono } from 'hono';
import { createPortalSession, defaultConfiguration } from '../engine/portal.ts';
import { nextRenewal } from '../engine/renewal.ts';
import { frame, send, type Notice } from '../pages/layout.ts';
import type { StripeSandbox } from '../sandbox.ts';
import { back } from './back.ts';
import { controlParts, controlRoom } from './control-room.ts';
import { networkForms } from './network-forms.ts';

const notices: Record<string, Notice> = {
  clock: { kind: 'done', words: 'The clock has moved, and what fell due has happened.' },
  running: { kind: 'done', words: 'The clock was set.' },
  charges: { kind: 'done', words: 'The next payments are arranged.' },
  deliveries: { kind: 'done', words: 'The settings are saved.' },
  nextDelivery: { kind: 'done', words: 'The next event is arranged.' },
  endpoint: { kind: 'done', words: 'The endpoint’s version is set.' },
  faults: { kind: 'done', words: 'The next call is arranged.' },
  limit: { kind: 'done', words: 'The limit is set.' },
  keys: { kind: 'done', words: 'The key is made: see the list.' },
  unknown: { kind: 'problem', words: 'That cannot be arranged here.' },
  resend: { kind: 'done', words: 'The event was sent again.' },
  portal: {
    kind: 'problem',
    words: 'The portal’s settings were never saved, so Stripe would refuse too. They are saved now: try again.',
  },
  number: { kind: 'problem', words: 'Enter a whole number, 0 or more.' },
  gone: { kind: 'problem', words: 'That is not there any more.' },
};

export function createControlPages(sandbox: StripeSandbox): Hono {
  const pages = new Hono();
  const { state } = sandbox;

  pages.get('/', (c) =>
    send(
      c,
      frame(
        {
          title: 'Control room',
          business: state.settings.businessName,
          tagline: 'Stripe sandbox',
          returnUrl: '/',
          returnWords: 'Start page',
          parts: controlParts,
          notice: notices[c.req.query('did') ?? ''] ?? null,
        },
        controlRoom(sandbox),
      ),
    ),
  );

  pages.post('/do/clock', async (c) => {
    const form = await c.req.parseBody();
    if (form['frozen'] !== undefined) {
      if (form['frozen'] === 'true') sandbox.clock.freeze();
      else sandbox.clock.run();
      return back(c, 'running', 'clock');
    }
    const renewal = form['to'] === 'renewal' ? nextRenewal(state) : null;
    if (renewal) await sandbox.clock.advanceTo(renewal.at * 1000);
    else await sandbox.clock.advance(Number(form['advanceSeconds'] ?? 0) * 1000);
    return back(c, 'clock', 'clock');
  });

  pages.post('/do/charges', async (c) => {
    const { outcome } = await c.req.parseBody();
    if (outcome === 'forget') state.nextCharges.splice(0);
    if (outcome === 'failsOnCharge' || outcome === 'needsAuthentication') state.nextCharges.push(outcome);
    return back(c, 'charges', 'payments');
  });

  pages.post('/do/portal', async (c) => {
    const { customer } = await c.req.parseBody();
    const found = state.customers.get(String(customer));
    if (!found) return back(c, 'gone', 'customers');
    const configuration = defaultConfiguration(state);
    if (!configuration) {
      sandbox.savePortalSettings();
      return back(c, 'portal', 'customers');
    }
    const session = createPortalSession(state, found.id, configuration, { return_url: `${state.origin()}/sandbox` });
    return c.redirect(new URL(session.url).pathname, 303);
  });

  pages.post('/do/resend', async (c) => {
    const { event } = await c.req.parseBody();
    if (!state.events.get(String(event))) return back(c, 'gone', 'events');
    await sandbox.deliveries.resend(String(event));
    return back(c, 'resend', 'events');
  });
  networkForms(pages, sandbox);
  return pages;
}
