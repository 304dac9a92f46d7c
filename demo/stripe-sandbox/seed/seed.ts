/** A small business with a customer in every situation. Made by living through it: the clock starts months ago. */

import { Stripe } from 'stripe';
import { daySeconds } from '../engine/periods.ts';
import type { StripeSandbox } from '../sandbox.ts';
import { allowPlanChange, createCatalog, createTerms } from './catalog.ts';
import { liveThrough, type SeededCustomers } from './lives.ts';

export type { SeededCustomers } from './lives.ts';

/** Long enough ago for three months of renewals and their retries. */
const beginningMs = 125 * daySeconds * 1000;

/**
 * Fills an empty sandbox that listens, and lets its clock flow in real time from now on.
 *
 * @example
 * const sandbox = createSandbox();
 * await sandbox.listen(4242);
 * const customers = await seedDemo(sandbox); // { active: 'cus_…', pastDue: 'cus_…', … }
 */
export async function seedDemo(sandbox: StripeSandbox): Promise<SeededCustomers> {
  const { clock, settings, state } = sandbox;
  const stripe = new Stripe(sandbox.secretKey, {
    ...sandbox.stripeClientOptions(),
    telemetry: false,
    // The same API without the sockets: every demo and every test waits for this.
    httpClient: Stripe.createFetchHttpClient(async (url: string | URL | Request, init?: RequestInit) =>
      sandbox.app.request(String(url), init),
    ),
  });
  const now = Date.now();
  clock.standAt(now - beginningMs);
  settings.businessName = 'Tidewater';
  settings.termsOfServiceUrl = 'https://tidewater.example/terms';
  // For the customer that runs out of retries on the way; later ones are canceled, as by default.
  const { finally: usual } = settings.dunning;
  settings.dunning.finally = 'markUnpaid';

  const prices = await createCatalog(stripe);
  await allowPlanChange(stripe, sandbox.savePortalSettings().id, prices);
  const terms = await createTerms(stripe);

  const customers: Partial<SeededCustomers> = {};
  const story: { moment: number; happens: () => Promise<unknown> }[] = [];
  liveThrough({
    state,
    stripe,
    prices,
    terms,
    now,
    at: (moment, happens) => void story.push({ moment, happens }),
    is: (situation, customer) => void (customers[situation] = customer),
  });
  // A step may add later steps, so the next is looked for each time.
  for (;;) {
    const next = story.toSorted((a, b) => a.moment - b.moment)[0];
    if (!next) break;
    story.splice(story.indexOf(next), 1);
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    await clock.advanceTo(next.moment);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await next.happens();
  }
  await clock.advanceTo(now);
  settings.dunning.finally = usual;
  clock.run();
  return customers as SeededCustomers;
}
