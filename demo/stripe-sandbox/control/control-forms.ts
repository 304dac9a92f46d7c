/** The control room's page and what its buttons do. Every form leads back to the page, so that reloading repeats nothing. */

import { Hono, type Context } from 'hono';
import { createPortalSession, defaultConfiguration } from '../engine/portal.ts';
import { nextRenewal } from '../engine/renewal.ts';
import { frame, send, type Notice } from '../pages/layout.ts';
import type { StripeSandbox } from '../sandbox.ts';
import { CONTROL_PARTS, controlRoom } from './control-room.ts';

const DID: Record<string, Notice> = {
  clock: { kind: 'done', words: 'The clock has moved, and what fell due has happened.' },
  running: { kind: 'done', words: 'The clock was set.' },
  charges: { kind: 'done', words: 'The next payments are arranged.' },
  deliveries: { kind: 'done', words: 'The settings are saved.' },
  resend: { kind: 'done', words: 'The event was sent again.' },
  portal: {
    kind: 'problem',
    words: 'The portal’s settings were never saved, so Stripe would refuse too. They are saved now: try again.',
  },
  number: { kind: 'problem', words: 'Enter milliseconds as a whole number, 0 or more.' },
  gone: { kind: 'problem', words: 'That is not there any more.' },
};

export function createControlPages(sandbox: StripeSandbox): Hono {
  const pages = new Hono();
  const { state } = sandbox;
  const back = (context: Context, did: string, part: string): Response =>
    context.redirect(`/sandbox?did=${did}#${part}`, 303);

  pages.get('/', (context) =>
    send(
      context,
      frame(
        {
          title: 'Control room',
          business: state.settings.businessName,
          tagline: 'Stripe sandbox',
          returnUrl: '/',
          returnWords: 'Start page',
          parts: CONTROL_PARTS,
          notice: DID[context.req.query('did') ?? ''] ?? null,
        },
        controlRoom(sandbox),
      ),
    ),
  );

  pages.post('/do/clock', async (context) => {
    const form = await context.req.parseBody();
    if (form['frozen'] !== undefined) {
      if (form['frozen'] === 'true') sandbox.clock.freeze();
      else sandbox.clock.run();
      return back(context, 'running', 'clock');
    }
    const renewal = form['to'] === 'renewal' ? nextRenewal(state) : null;
    if (renewal) await sandbox.clock.advanceTo(renewal.at * 1000);
    else await sandbox.clock.advance(Number(form['advanceSeconds'] ?? 0) * 1000);
    return back(context, 'clock', 'clock');
  });

  pages.post('/do/charges', async (context) => {
    const { outcome } = await context.req.parseBody();
    if (outcome === 'forget') state.nextCharges.splice(0);
    if (outcome === 'failsOnCharge' || outcome === 'needsAuthentication') state.nextCharges.push(outcome);
    return back(context, 'charges', 'payments');
  });

  pages.post('/do/portal', async (context) => {
    const { customer } = await context.req.parseBody();
    const found = state.customers.get(String(customer));
    if (!found) return back(context, 'gone', 'customers');
    const configuration = defaultConfiguration(state);
    if (!configuration) {
      sandbox.savePortalSettings();
      return back(context, 'portal', 'customers');
    }
    const session = createPortalSession(state, found.id, configuration, { return_url: `${state.origin()}/sandbox` });
    return context.redirect(new URL(session.url).pathname, 303);
  });

  pages.post('/do/deliveries', async (context) => {
    const form = await context.req.parseBody();
    const [delayMs, latencyMs] = [form['delayMs'], form['latencyMs']].map((value) =>
      value === '' || value === undefined ? Number.NaN : Number(value),
    );
    const isTime = (value: number | undefined): value is number => Number.isInteger(value) && (value ?? -1) >= 0;
    if (!isTime(delayMs) || !isTime(latencyMs)) return back(context, 'number', 'deliveries');
    const { settings } = sandbox.deliveries;
    const chosen = <const T extends string>(name: string, allowed: readonly T[], otherwise: T): T =>
      allowed.find((value) => value === form[name]) ?? otherwise;
    settings.delayMs = delayMs;
    settings.lose = chosen('lose', ['no', 'noticed', 'silently'], settings.lose);
    settings.order = chosen('order', ['asSent', 'reversed', 'shuffled'], settings.order);
    settings.copies = Number(chosen('copies', ['1', '2', '3'], '1'));
    sandbox.faults.latencyMs = latencyMs;
    if (form['paused'] === 'true') sandbox.deliveries.pause();
    else sandbox.deliveries.resume();
    return back(context, 'deliveries', 'deliveries');
  });

  pages.post('/do/resend', async (context) => {
    const { event } = await context.req.parseBody();
    if (!state.events.get(String(event))) return back(context, 'gone', 'events');
    await sandbox.deliveries.resend(String(event));
    return back(context, 'resend', 'events');
  });
  return pages;
}
