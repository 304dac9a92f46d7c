/** The sandbox's first page: its purpose, and links. */

import type { Context } from 'hono';
import { html } from 'hono/html';
import type { State } from '../state/state.ts';
import { frame, send } from './layout.ts';

export const startPage = (c: Context, state: State): Promise<Response> =>
  send(
    c,
    frame(
      {
        title: 'Stripe sandbox',
        business: state.settings.businessName,
        tagline: 'Stripe sandbox',
        returnUrl: null,
      },
      html`<div>
          <h1>A Stripe of your own</h1>
          <p class="lede">
            This is a small, honest twin of the part of Stripe that ${state.settings.businessName} uses: in memory, on
            this machine, without a key. The official SDK talks to it, its pages can be clicked through, and its clock
            can be moved.
          </p>
        </div>
        <section aria-labelledby="where">
          <h2 id="where">Where to go</h2>
          <ul class="entries">
            <li class="entry">
              <div class="entry-text">
                <h3><a href="/sandbox">Control room</a></h3>
                <span class="soft">Move the clock, make payments fail, lose webhooks.</span>
              </div>
            </li>
            <li class="entry">
              <div class="entry-text">
                <h3><a href="/sandbox#customers">Customers’ portals</a></h3>
                <span class="soft"
                  >${state.customers.list().length} customers; open the billing portal as any of them.</span
                >
              </div>
            </li>
            <li class="entry">
              <div class="entry-text">
                <h3><a href="/sandbox#events">Events</a></h3>
                <span class="soft">
                  ${state.events.list().length} so far, and how each was delivered; also
                  <a href="/sandbox/events">as JSON</a>.
                </span>
              </div>
            </li>
          </ul>
        </section>`,
    ),
  );
