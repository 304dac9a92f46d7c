/**
 * Bad input beside good: a refused token, an unknown id, a body that is too large and a webhook that Stripe did not sign, each
 * beside the request of its kind that is answered.
 */

import { createHmac } from 'node:crypto';
import type { OpenedVisit } from '@billhook/widget/contract';
import { origin, publicUrl, token, type TestBff } from '../server/support/bff.ts';
import { startBffHarness } from '../server/support/with-sandbox.ts';
import { sideBySide, type Contender } from './measure.ts';

export interface Refusal {
  readonly what: string;
  readonly good: string;
  readonly microseconds: number;
  /** The CPU time of the good request divided by that of the bad one: above 1 the bad one costs less. */
  readonly ratio: number;
  /** The same of the rounds that needed least. */
  readonly leastRatio: number;
}

export async function measureRefusals(rounds = 5, operations = 400): Promise<readonly Refusal[]> {
  const harness = await startBffHarness();
  const { bff } = harness;
  const [webhookSecret = ''] = harness.options.stripe.webhookSecrets;
  try {
    const bearer = await token(harness.as('active'));
    await bff.settled(harness.as('active'));
    // Some other preference keeps it in the general chain, where refusals are made too.
    const headers = { authorization: `Bearer ${bearer}`, prefer: 'respond-async' };
    let count = 0;
    const contender = (name: string, status: number, request: () => Request): Contender => ({
      name,
      async run() {
        const answer = await bff.billhook.fetch(request());
        await answer.text();
        if (answer.status !== status) throw new Error(`${name}: ${answer.status} in place of ${status}`);
      },
    });
    const read = (more: Record<string, string>) => () =>
      new Request(`${publicUrl}/v1/billing`, { headers: { ...headers, ...more } });
    const goodRead = contender('a read', 200, read({}));
    const fresh = await tokens(harness.as('active').account, rounds, operations);
    const visit = JSON.stringify({ visit: await openedVisit(bff, bearer) });
    let used = 0;
    const freshRead = contender('a read with a new token', 200, () =>
      read({ authorization: `Bearer ${fresh[(used += 1) % fresh.length]}` })(),
    );
    const good = {
      webhook: contender('a webhook', 200, () => webhook((count += 1), webhookSecret)),
      visit: contender('a visit that has returned', 200, () => post({ ...headers, prefer: 'wait=0' }, visit)),
    };
    const pairs: readonly (readonly [Contender, Contender])[] = [
      [
        freshRead,
        contender('a token signed by another', 401, () =>
          read({ authorization: `Bearer ${forged(bearer, (count += 1))}` })(),
        ),
      ],
      [goodRead, contender('a token that is none', 401, read({ authorization: 'Bearer nonsense' }))],
      [
        good.visit,
        contender('an unknown visit', 404, () => post(headers, JSON.stringify({ visit: `v_${(count += 1)}` }))),
      ],
      [good.visit, contender('a body that is too large', 413, () => post(headers, 'x'.repeat(70_000)))],
      [good.webhook, contender('a webhook that is not signed', 400, () => webhook((count += 1), 'whsec_of_another'))],
    ];
    const refusals: Refusal[] = [];
    for (const pair of pairs) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [good, bad] = await sideBySide(pair, { rounds, operations });
      if (good === undefined || bad === undefined) throw new Error('nothing was measured');
      refusals.push({
        what: bad.name,
        good: good.name,
        microseconds: bad.cpuMicroseconds,
        ratio: bad.againstFirst,
        leastRatio: good.leastCpuMicroseconds / bad.leastCpuMicroseconds,
      });
    }
    return refusals;
  } finally {
    await harness.close();
  }
}

/** One for each operation: a token that comes again is known. */
const tokens = (account: string, rounds: number, operations: number): Promise<readonly string[]> =>
  Promise.all(
    Array.from({ length: (rounds + 1) * operations }, (_, index) => token({ account, name: `A payer ${index}` })),
  );

async function openedVisit(bff: TestBff, bearer: string): Promise<string> {
  const body = { seen: null, returnUrl: `${origin}/billing` };
  const answer = await bff.call('/v1/portal-sessions', { token: bearer, body });
  const { visit } = (await answer.json()) as OpenedVisit;
  return visit;
}

/** Another signature each time: the same one would be no new question. */
function forged(bearer: string, index: number): string {
  const [head = '', body = ''] = bearer.split('.');
  return [head, body, createHmac('sha256', `another ${index}`).update(body).digest('base64url')].join('.');
}

function post(headers: Record<string, string>, body: string): Request {
  return new Request(`${publicUrl}/v1/visits/return`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
    body,
  });
}

function webhook(index: number, secret: string): Request {
  const object = { id: `in_${index}`, object: 'invoice', customer: `cus_${index}` };
  const body = JSON.stringify({ id: `evt_${index}`, type: 'invoice.paid', livemode: false, data: { object } }, null, 2);
  const t = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  return new Request(`${publicUrl}/v1/webhooks/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': `t=${t},v1=${v1}`, 'content-length': String(Buffer.byteLength(body)) },
    body,
  });
}
