/** The control room's page: time, banks and webhooks in the hands of a person. Its forms are carried out in `control-forms.ts`. */

import { html } from 'hono/html';
import { openInvoices } from '../engine/cancellation.ts';
import { intentOf } from '../engine/payments.ts';
import { nextRenewal } from '../engine/renewal.ts';
import { plannedPhase } from '../engine/schedules.ts';
import { isTerminal, periodEnd } from '../engine/subscription-status.ts';
import type { Html } from '../pages/layout.ts';
import { planName, totalOf } from '../pages/plan-words.ts';
import { statusPill } from '../pages/portal-home.ts';
import type { StripeSandbox } from '../sandbox.ts';
import { formatDate, formatDateTime, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { Customer, SandboxEvent, Subscription } from '../state/wire.ts';
import { act } from './act.ts';
import { api, deliveries } from './network-room.ts';

/** Long lists are cut; a sandbox can hold thousands. */
const customersShown = 50;
const eventsShown = 25;

export const controlParts = [
  { href: '#clock', words: 'Clock' },
  { href: '#payments', words: 'Next payments' },
  { href: '#customers', words: 'Customers' },
  { href: '#deliveries', words: 'Webhook deliveries' },
  { href: '#events', words: 'Latest events' },
  { href: '#api', words: 'API' },
];

export const controlRoom = (sandbox: StripeSandbox): Html =>
  html`<div>
      <h1>Control room</h1>
      <p class="lede">
        This sandbox stands in for Stripe. Here you do what time, banks and bad networks would do. The same is there as
        JSON, for tests. It has no password and is for this machine alone: never make it public.
      </p>
    </div>
    ${clock(sandbox)} ${payments(sandbox)} ${customers(sandbox.state)} ${deliveries(sandbox)} ${events(sandbox)}
    ${api(sandbox)}`;

function clock({ clock, state }: StripeSandbox): Html {
  const renewal = nextRenewal(state);
  return html`<section aria-labelledby="clock">
    <h2 id="clock">Clock</h2>
    <p class="now">${formatDateTime(clock.seconds())}</p>
    <p class="soft">
      ${clock.frozen ? 'The clock stands still until you move it: everything meanwhile has the same second.' : 'The clock runs with real time.'}
      Whatever falls due on the way happens.
    </p>
    <div class="actions">
      ${act('clock', { advanceSeconds: '3600' }, '+ 1 hour')} ${act('clock', { advanceSeconds: '86400' }, '+ 1 day')}
      ${act('clock', { advanceSeconds: '691200' }, '+ 8 days')}
      ${
        renewal
          ? act(
              'clock',
              { to: 'renewal' },
              html`To the next renewal<span class="away"> of ${nameOf(state, renewal.subscription)}</span>`,
            )
          : ''
      }
      ${act('clock', { frozen: String(!clock.frozen) }, clock.frozen ? 'Let it run' : 'Stop the clock', 'quiet')}
    </div>
    ${
      renewal
        ? html`<p class="small soft hint">
            Next renewal: ${nameOf(state, renewal.subscription)}, ${formatDateTime(renewal.at)}. The charge follows an
            hour after it.
          </p>`
        : ''
    }
  </section>`;
}

const nameOf = (state: State, subscription: Subscription): string => {
  const customer = state.customers.get(subscription.customer);
  return customer?.name ?? customer?.email ?? subscription.customer;
};

const outcomeWords: Record<string, string> = {
  works: 'works',
  failsOnCharge: 'fails',
  insufficientFunds: 'fails',
  needsAuthentication: 'needs confirmation',
};

function payments({ state }: StripeSandbox): Html {
  const waiting = state.nextCharges.map((outcome) => outcomeWords[outcome] ?? outcome);
  return html`<section aria-labelledby="payments">
    <h2 id="payments">Next payments</h2>
    <p class="soft">
      ${
        waiting.length === 0
          ? 'Every card does what its number says.'
          : `Whatever the card: the next charge ${waiting.join(', the one after it ')}.`
      }
    </p>
    <div class="actions">
      ${act('charges', { outcome: 'failsOnCharge' }, 'Next charge fails')}
      ${act('charges', { outcome: 'needsAuthentication' }, 'Next charge needs confirmation')}
      ${waiting.length > 0 ? act('charges', { outcome: 'forget' }, 'Back to normal', 'quiet') : ''}
    </div>
  </section>`;
}

function customers(state: State): Html {
  const all = state.customers.list();
  return html`<section aria-labelledby="customers">
    <h2 id="customers">Customers</h2>
    ${all.length === 0 ? html`<p class="soft">There are none yet.</p>` : ''}
    <ul class="entries">
      ${all.slice(0, customersShown).map((row) => customer(state, row))}
    </ul>
    ${all.length > customersShown ? html`<p class="small soft">The newest ${customersShown} of ${all.length}.</p>` : ''}
  </section>`;
}

function customer(state: State, row: Customer): Html {
  const subscriptions = state.subscriptions.of(row.id);
  const owed = subscriptions.flatMap((subscription) =>
    openInvoices(state, subscription).filter((invoice) => invoice.status === 'open'),
  );
  const buying = state.checkoutSessions.of(row.id, ({ status }) => status === 'open');
  const name = row.name ?? row.email ?? row.id;
  return html`<li class="entry">
    <div class="entry-text">
      <h3>${name}</h3>
      ${subscriptions.length === 0 ? html`<span class="small soft">No subscription</span>` : ''}
      ${subscriptions.map(
        (subscription) =>
          html`<span class="line">
            ${statusPill(subscription)}
            <span class="small">
              ${planName(state, subscription)}, ${formatMoney(totalOf(subscription), subscription.currency)}
              <span class="soft">${whenOf(state, subscription)}</span>
            </span>
          </span>`,
      )}
      <code class="soft">${row.id}</code>
    </div>
    <div class="entry-side">
      ${owed.map(
        (invoice) =>
          html`<a class="button quiet" href="${invoice.hosted_invoice_url ?? ''}"
            >Invoice<span class="away"> of ${name}</span></a
          >`,
      )}
      ${buying.map(
        (session) =>
          html`<a class="button quiet" href="${session.url ?? ''}">Checkout<span class="away"> of ${name}</span></a>`,
      )}
      ${act('portal', { customer: row.id }, html`Open portal<span class="away"> as ${name}</span>`)}
    </div>
  </li>`;
}

function whenOf(state: State, subscription: Subscription): string {
  if (isTerminal(subscription)) return `over since ${formatDate(subscription.ended_at ?? subscription.created)}`;
  const invoice = state.invoices.get(subscription.latest_invoice ?? '');
  const standing = invoice?.status === 'open' ? intentOf(state, invoice)?.status : undefined;
  if (standing === 'requires_action') return 'waits for the bank’s confirmation';
  if (standing === 'processing') return 'bank debit under way';
  if (subscription.status === 'paused' || subscription.status === 'incomplete' || subscription.cancel_at !== null)
    return '';
  return plannedPhase(state, subscription)
    ? `changes on ${formatDate(periodEnd(subscription))}`
    : `until ${formatDate(periodEnd(subscription))}`;
}

function events(sandbox: StripeSandbox): Html {
  const all = sandbox.state.events.list();
  return html`<section aria-labelledby="events">
    <h2 id="events">Latest events</h2>
    ${all.length === 0 ? html`<p class="soft">Nothing has happened yet.</p>` : ''}
    <ul class="entries">
      ${all.slice(0, eventsShown).map((event) => eventEntry(sandbox, event))}
    </ul>
    <p class="small"><a href="/sandbox/events">All ${all.length} events as JSON</a></p>
  </section>`;
}

function eventEntry(sandbox: StripeSandbox, event: SandboxEvent): Html {
  const { object } = event.data;
  const owner = object['object'] === 'customer' ? object['id'] : object['customer'];
  const about = sandbox.state.customers.get(String(owner))?.name ?? String(object['id']);
  const [kind, words] = howDelivered(sandbox, event.id);
  return html`<li class="entry">
    <div class="entry-text">
      <code>${event.type}</code>
      <span class="small soft">${about}, ${formatDateTime(event.created)}</span>
    </div>
    <div class="entry-side">
      <span class="pill ${kind}">${words}</span>
      ${
        words === noListener
          ? ''
          : act('resend', { event: event.id }, html`Send again<span class="away"> ${event.type}</span>`, 'quiet')
      }
    </div>
  </li>`;
}

const noListener = 'No listener';

/** The worst of an event's deliveries, in words. */
function howDelivered({ deliveries: sent }: StripeSandbox, event: string): [kind: string, words: string] {
  const rows = sent.list({ event });
  const tries = Math.max(0, ...rows.map((row) => row.attempts.length));
  const times = tries > 1 ? `, ${tries} times` : '';
  if (rows.length === 0) return ['', noListener];
  if (rows.some((row) => row.state === 'lost')) return ['bad', 'Lost'];
  if (rows.some((row) => row.state === 'failed')) return ['bad', `Failed${times}`];
  if (rows.some((row) => row.state === 'waiting'))
    return ['warn', tries === 0 ? 'Waiting' : `Will be tried again${times}`];
  return tries === 0 ? ['warn', 'Lost, unnoticed'] : ['good', `Delivered${times}`];
}
