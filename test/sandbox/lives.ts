/**
 * Generated lives of subscriptions: a plan in some currency, with a quantity, a discount, a tax, a trial and a billing
 * mode; then changes in the middle of periods, failures and an end. Each is lived through the API on a frozen clock.
 */

import * as fc from 'fast-check';
import { createSandbox, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { dayMs, hourMs } from './harness.ts';

export type Proration = 'always_invoice' | 'create_prorations';

export type Step =
  | { readonly do: 'quantity'; readonly quantity: number; readonly proration: Proration }
  | { readonly do: 'price'; readonly to: 0 | 1 | 2; readonly proration: Proration }
  | { readonly do: 'add' | 'remove'; readonly proration: Proration }
  | { readonly do: 'item'; readonly amount: number }
  | { readonly do: 'fail' };

export interface Life {
  readonly currency: string;
  readonly billingMode: 'classic' | 'flexible';
  /** Two prices of the plan's interval and one of a year, in the currency's minor units. */
  readonly amounts: readonly [number, number, number];
  readonly quantity: number;
  readonly trialDays: number;
  readonly startDay: number;
  readonly discount: null | { readonly percent: number } | { readonly amount: number };
  readonly duration: 'forever' | 'once';
  readonly tax: null | { readonly percentage: number; readonly inclusive: boolean };
  /** Below 0 a credit, above a debt. */
  readonly balance: number;
  readonly steps: readonly (Step & { readonly afterHours: number })[];
}

/** The decimals of each currency are 2, 0 and 3; Stripe takes amounts of three decimals in steps of ten. */
const currencies = ['eur', 'usd', 'jpy', 'krw', 'kwd', 'bhd'] as const;
const roundness = (currency: string): number => (['kwd', 'bhd'].includes(currency) ? 10 : 1);

const proration = fc.constantFrom<Proration>('always_invoice', 'create_prorations');

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('quantity' as const), quantity: fc.integer({ min: 1, max: 40 }), proration }),
  fc.record({ do: fc.constant('price' as const), to: fc.constantFrom(0 as const, 1 as const, 2 as const), proration }),
  fc.record({ do: fc.constantFrom('add' as const, 'remove' as const), proration }),
  fc.record({ do: fc.constant('item' as const), amount: fc.integer({ min: -5_000, max: 5_000 }) }),
  fc.record({ do: fc.constant('fail' as const) }),
);

const amount = fc.integer({ min: 0, max: 200_000 });

export const lives: fc.Arbitrary<Life> = fc.record({
  currency: fc.constantFrom(...currencies),
  billingMode: fc.constantFrom('classic', 'flexible'),
  amounts: fc.tuple(amount, amount, amount),
  quantity: fc.integer({ min: 1, max: 40 }),
  trialDays: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 40 })),
  startDay: fc.integer({ min: 0, max: 30 }),
  discount: fc.oneof(
    fc.constant(null),
    fc.record({ percent: fc.integer({ min: 1, max: 10_000 }).map((each) => each / 100) }),
    fc.record({ amount: fc.integer({ min: 1, max: 20_000 }) }),
  ),
  duration: fc.constantFrom('forever', 'once'),
  tax: fc.oneof(
    fc.constant(null),
    fc.record({ percentage: fc.integer({ min: 1, max: 2_700 }).map((each) => each / 100), inclusive: fc.boolean() }),
  ),
  balance: fc.oneof(fc.constant(0), fc.integer({ min: -20_000, max: 20_000 })),
  steps: fc.array(
    fc.tuple(fc.integer({ min: 0, max: 45 * 24 }), step).map(([afterHours, each]) => ({ ...each, afterHours })),
    { maxLength: 6 },
  ),
});

export interface Lived {
  readonly sandbox: StripeSandbox;
  readonly customer: string;
  readonly subscription: string;
  /** The sum of the subscription's prices for the time that went by, in minor units; `null` where that is not said. */
  readonly used: number | null;
}

type Row = Record<string, unknown> & { readonly id: string };

/** A caller of the sandbox's API without a socket between. */
function callerOf(sandbox: StripeSandbox) {
  return async (method: 'POST' | 'DELETE', path: string, form: Record<string, string> = {}): Promise<Row> => {
    const answer = await sandbox.app.request(
      `/v1/${path}${method === 'DELETE' ? `?${new URLSearchParams(form)}` : ''}`,
      {
        method,
        headers: { authorization: `Bearer ${sandbox.secretKey}` },
        ...(method === 'POST' ? { body: new URLSearchParams(form) } : {}),
      },
    );
    const body = (await answer.json()) as Row;
    if (answer.status !== 200) throw new Error(`${path} ${JSON.stringify(form)}: ${JSON.stringify(body)}`);
    return body;
  };
}

/** The share of a period's price, for the time that a subscription had it. */
class Usage {
  #amount = 0;
  #from: number | null = null;
  #rate = 0;

  /** From `at` on (Unix seconds) the items cost `rate` in minor units a second. */
  runs(at: number, rate: number): void {
    if (this.#from !== null) this.#amount += (at - this.#from) * this.#rate;
    this.#from = at;
    this.#rate = rate;
  }
  get amount(): number {
    return this.#amount;
  }
}

/** Lives a life to its end: the last thing is a cancellation now, with unused time credited and invoiced. */
export async function live(life: Life): Promise<Lived> {
  const sandbox = createSandbox({ startAt: Date.UTC(2026, 0, 1 + life.startDay, 12) });
  const { state } = sandbox;
  const call = callerOf(sandbox);
  const round = (value: number) => Math.round(value / roundness(life.currency)) * roundness(life.currency);
  const card = 'pm_card_visa';
  const { id: customer } = await call('POST', 'customers', {
    payment_method: card,
    'invoice_settings[default_payment_method]': card,
  });
  const price = async (unit: number, interval: string) =>
    (
      await call('POST', 'prices', {
        currency: life.currency,
        unit_amount: String(round(unit)),
        'recurring[interval]': interval,
        'product_data[name]': `Plan ${unit}`,
      })
    ).id;
  const [first, second, yearly] = life.amounts;
  const prices = [await price(first, 'month'), await price(second, 'month'), await price(yearly, 'year')] as const;
  const addOn = await price(second / 2, 'month');
  if (life.balance !== 0)
    await call('POST', `customers/${customer}/balance_transactions`, {
      amount: String(life.balance),
      currency: life.currency,
    });
  const { id: subscription } = await call('POST', 'subscriptions', {
    customer,
    'items[0][price]': prices[0],
    'items[0][quantity]': String(life.quantity),
    'billing_mode[type]': life.billingMode,
    ...(life.trialDays > 0 ? { trial_period_days: String(life.trialDays) } : {}),
    ...(await discountOf(life, call)),
    ...(await taxOf(life, call)),
  });

  const usage = new Usage();
  const row = () => state.subscriptions.get(subscription);
  const note = (): void => usage.runs(sandbox.clock.seconds(), rateOf(state, subscription));
  note();
  // Each moment at which a price a second may change: a period's end makes the next one longer or shorter.
  const passTime = async (hours: number): Promise<void> => {
    const until = sandbox.clock.now() + hours * hourMs;
    for (;;) {
      const ends = Math.min(...(row()?.items.data ?? []).map((item) => item.current_period_end * 1000));
      if (ends > until) break;
      // oxlint-disable-next-line no-await-in-loop -- time goes by in order
      await sandbox.clock.advanceTo(ends);
      note();
    }
    await sandbox.clock.advanceTo(until);
  };
  for (const each of life.steps) {
    // oxlint-disable-next-line no-await-in-loop -- a life has one moment at a time
    await passTime(each.afterHours);
    if (row()?.status === 'canceled') break;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await take(each);
    note();
  }
  if (row()?.status !== 'canceled') {
    await passTime(dayMs / hourMs);
    note();
    await call('DELETE', `subscriptions/${subscription}`, { prorate: 'true', invoice_now: 'true' });
  }
  return { sandbox, customer, subscription, used: isPlain(life) ? usage.amount * (1 - shareOff(life)) : null };

  async function take(each: Step): Promise<void> {
    const items = row()?.items.data ?? [];
    const [item] = items;
    const added = items.find((other) => other.price.id === addOn);
    const update = (form: Record<string, string>) => call('POST', `subscriptions/${subscription}`, form);
    switch (each.do) {
      case 'quantity':
        await update({
          'items[0][id]': item?.id ?? '',
          'items[0][quantity]': String(each.quantity),
          proration_behavior: each.proration,
        });
        return;
      case 'price':
        // Classic billing has one interval for all items, and a year's item beside a month's is another subscription.
        if (each.to === 2 && items.length > 1) return;
        if (items.length > 1 && item?.price.recurring?.interval === 'year') return;
        await update({
          'items[0][id]': item?.id ?? '',
          'items[0][price]': prices[each.to],
          proration_behavior: each.proration,
        });
        return;
      case 'add':
        if (added || item?.price.recurring?.interval === 'year') return;
        await update({ 'items[0][price]': addOn, 'items[0][quantity]': '2', proration_behavior: each.proration });
        return;
      case 'remove':
        if (added)
          await update({
            'items[0][id]': added.id,
            'items[0][deleted]': 'true',
            proration_behavior: each.proration,
          });
        return;
      case 'item':
        await call('POST', 'invoiceitems', {
          customer,
          currency: life.currency,
          amount: String(round(each.amount)),
          discountable: 'false',
          description: 'One thing',
        });
        return;
      case 'fail':
        state.nextCharges.push('failsOnCharge');
    }
  }
}

/** A life with a bill that follows from its prices alone: the same share off all the time, nothing bought beside. */
const isPlain = ({ discount, duration, steps }: Life): boolean =>
  (discount === null || ('percent' in discount && duration === 'forever')) &&
  steps.every((each) => each.do !== 'item' && each.do !== 'fail');

const shareOff = ({ discount }: Life): number =>
  discount !== null && 'percent' in discount ? discount.percent / 100 : 0;

/** Minor units a second, of all items as they stand; nothing in a trial. */
function rateOf(state: StripeSandbox['state'], id: string): number {
  const subscription = state.subscriptions.get(id);
  if (!subscription || subscription.status === 'trialing') return 0;
  return subscription.items.data.reduce((sum, { price, quantity = 0, ...item }) => {
    const seconds = item.current_period_end - item.current_period_start;
    return sum + ((price.unit_amount ?? 0) * quantity) / seconds;
  }, 0);
}

type Call = ReturnType<typeof callerOf>;

async function discountOf({ discount, duration, currency }: Life, call: Call): Promise<Record<string, string>> {
  if (discount === null) return {};
  const off =
    'percent' in discount
      ? { percent_off: String(discount.percent) }
      : {
          amount_off: String(discount.amount - (discount.amount % roundness(currency)) || roundness(currency)),
          currency,
        };
  const { id } = await call('POST', 'coupons', { ...off, duration });
  return { 'discounts[0][coupon]': id };
}

async function taxOf({ tax }: Life, call: Call): Promise<Record<string, string>> {
  if (tax === null) return {};
  const { id } = await call('POST', 'tax_rates', {
    display_name: 'VAT',
    percentage: String(tax.percentage),
    inclusive: String(tax.inclusive),
  });
  return { 'default_tax_rates[0]': id };
}
