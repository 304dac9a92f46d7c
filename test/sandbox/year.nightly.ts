/** A year of a thousand customers, lived through in one sandbox: within a minute, and with every invoice adding up. */

import { expect, test } from 'vitest';
import { createSandbox, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { faultsOfCustomer } from './books.ts';
import { dayMs, startAt } from './harness.ts';

const customers = 1_000;
const limitMs = 60_000;

/** A small generator with a seed: every run has the same thousand. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test('a year of a thousand customers', async () => {
  const sandbox = createSandbox({ startAt: startAt });
  const { state } = sandbox;
  const chance = chances(7);
  const oneOf = <T>(values: readonly T[]): T => values[Math.floor(chance() * values.length)] as T;
  const call = callerOf(sandbox);
  const began = performance.now();

  const coupon = (await call('coupons', { percent_off: '12.5', duration: 'repeating', duration_in_months: '5' })).id;
  const rate = (await call('tax_rates', { display_name: 'VAT', percentage: '19', inclusive: 'false' })).id;
  const prices = new Map<string, string[]>();
  for (const currency of ['eur', 'jpy', 'kwd']) {
    const made = [];
    for (const [amount, interval] of [
      ['2900', 'month'],
      ['4990', 'month'],
      ['29000', 'year'],
    ] as const)
      made.push(
        // oxlint-disable-next-line no-await-in-loop -- the catalogue comes first
        await call('prices', {
          currency,
          unit_amount: amount,
          'recurring[interval]': interval,
          'product_data[name]': 'Plan',
        }),
      );
    prices.set(
      currency,
      made.map(({ id }) => id),
    );
  }
  const ids: string[] = [];
  for (let index = 0; index < customers; index += 1) {
    const card = chance() < 0.03 ? 'pm_card_chargeCustomerFail' : 'pm_card_visa';
    // oxlint-disable-next-line no-await-in-loop -- one customer after the other
    const { id } = await call('customers', {
      payment_method: card,
      'invoice_settings[default_payment_method]': card,
    });
    ids.push(id);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await call('subscriptions', {
      customer: id,
      'items[0][price]': oneOf(prices.get(oneOf(['eur', 'jpy', 'kwd'])) ?? []),
      'items[0][quantity]': String(1 + Math.floor(chance() * 9)),
      'billing_mode[type]': oneOf(['classic', 'flexible']),
      ...(chance() < 0.2 ? { trial_period_days: '14' } : {}),
      ...(chance() < 0.3 ? { 'discounts[0][coupon]': coupon } : {}),
      ...(chance() < 0.5 ? { 'default_tax_rates[0]': rate } : {}),
    });
  }
  for (let week = 0; week < 52; week += 1) {
    // oxlint-disable-next-line no-await-in-loop -- time goes by in order
    await sandbox.clock.advance(7 * dayMs);
    for (const id of ids) {
      if (chance() > 0.01) continue;
      const [subscription] = state.subscriptions.of(id);
      if (!subscription || !['active', 'trialing'].includes(subscription.status)) continue;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await call(`subscriptions/${subscription.id}`, {
        'items[0][id]': subscription.items.data[0]?.id ?? '',
        'items[0][quantity]': String(1 + Math.floor(chance() * 9)),
        proration_behavior: oneOf(['always_invoice', 'create_prorations']),
      });
    }
  }
  await sandbox.clock.advance(dayMs);
  const took = performance.now() - began;

  const invoices = [...state.invoices.values()];
  const paid = invoices.filter(({ status }) => status === 'paid').length;
  const lines = invoices.flatMap((invoice) => invoice.lines.data);
  process.stdout.write(
    `a year of ${customers} customers in ${(took / 1000).toFixed(1)} s: ${invoices.length} invoices (${paid} paid), ` +
      `${lines.length} lines, ${state.events.list().length} events, ${state.charges.list().length} charges\n`,
  );
  expect(ids.flatMap((id) => faultsOfCustomer(state, id))).toEqual([]);
  expect(invoices.length).toBeGreaterThan(8_000);
  expect(took).toBeLessThan(limitMs);
  await sandbox.close();
});

function callerOf(sandbox: StripeSandbox) {
  return async (path: string, form: Record<string, string>): Promise<{ id: string }> => {
    const answer = await sandbox.app.request(`/v1/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sandbox.secretKey}` },
      body: new URLSearchParams(form),
    });
    const body = (await answer.json()) as { id: string };
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body;
  };
}
