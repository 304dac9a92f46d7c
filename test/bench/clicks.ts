/** "Manage billing": the requests that a click costs, and the time of the server's own beside Stripe's. */

import { origin, token } from '../server/support/bff.ts';
import { startBffHarness } from '../server/support/with-sandbox.ts';
import { median } from './measure.ts';

export interface Click {
  /** Requests to Stripe for one click, the most of all clicks. */
  readonly stripeCalls: number;
  /** Milliseconds of CPU time for a click, the sandbox's part of it in the same process left in. */
  readonly cpuMs: number;
  /** Milliseconds that a click takes with the answers of the sandbox coming at once, in the median. */
  readonly tookMs: number;
  /** The same for the sandbox's own call alone. */
  readonly stripeMs: number;
}

export async function measureClick(clicks = 60): Promise<Click> {
  const harness = await startBffHarness();
  try {
    const { bff, sandbox, stripe, customers } = harness;
    const bearer = await token(harness.as('active'));
    await bff.settled(harness.as('active'));
    const click = async () => {
      const body = { seen: null, returnUrl: `${origin}/billing` };
      const answer = await bff.call('/v1/portal-sessions', { token: bearer, body });
      if (answer.status >= 300) throw new Error(`a click was answered ${answer.status}: ${await answer.text()}`);
      await answer.text();
    };
    // The first one makes the portal's configuration.
    for (let warm = 0; warm < 10; warm += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await click();
    }
    const [took, direct]: [number[], number[]] = [[], []];
    let stripeCalls = 0;
    let cpuMs = 0;
    for (let count = 0; count < clicks; count += 1) {
      sandbox.requests.clear();
      const began = { at: performance.now(), cpu: process.cpuUsage() };
      // oxlint-disable-next-line no-await-in-loop -- as above
      await click();
      took.push(performance.now() - began.at);
      const { user, system } = process.cpuUsage(began.cpu);
      cpuMs += (user + system) / 1_000 / clicks;
      stripeCalls = Math.max(stripeCalls, sandbox.requests.count());
      const asked = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- as above
      await stripe.billingPortal.sessions.create({ customer: customers.active, return_url: `${origin}/billing` });
      direct.push(performance.now() - asked);
    }
    return { stripeCalls, cpuMs, tookMs: median(took), stripeMs: median(direct) };
  } finally {
    await harness.close();
  }
}
