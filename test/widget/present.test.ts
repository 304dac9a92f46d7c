import { describe, expect, it } from 'vitest';
import type { Change } from '@billhook/widget/contract';
import { nothingKnown, type ClientState } from '../../widget/src/client/client-state.ts';
import { BillhookError } from '../../widget/src/page/errors.ts';
import { present } from '../../widget/src/view/present.ts';
import { createLocalizer } from '../../widget/src/i18n/localizer.ts';
import { en } from './english.ts';
import { active, lastInvoice, NOW, pro, readerOf, snapshots, team, visa } from './snapshots.ts';

const i18n = createLocalizer('en-US', en, 'UTC');
const show = (change: Partial<ClientState>) =>
  present({ ...nothingKnown, snapshot: active, confirmedAt: NOW, ...change }, i18n, NOW);
const texts = (snapshot: typeof active) => show({ snapshot }).banner?.text;

describe('the banner', () => {
  it.each([
    ['2027-05-15T13:00:00Z', '(in 5 days)'],
    ['2027-05-11T13:00:00Z', '(tomorrow)'],
    ['2027-05-11T01:00:00Z', 'May 11, 2027 (tomorrow)'],
    ['2027-05-10T18:00:00Z', '(today)'],
  ])('counts down to %s: %s', (until, words) => {
    const access = { ...snapshots.pastDue.access, until };
    expect(texts({ ...snapshots.pastDue, access })).toContain(words);
  });

  it('shows no countdown where another subscription gives access', () => {
    const access = { ...snapshots.pastDue.access, until: null };
    expect(texts({ ...snapshots.pastDue, access })).not.toContain('until');
  });

  it('an overdue invoice was not "charged"', () => {
    const overdue = {
      ...snapshots.pastDue,
      payment: { ...snapshots.pastDue.payment, problem: 'overdue', nextAttemptAt: null } as const,
    };
    expect(show({ snapshot: overdue }).banner?.title).toBe('Your invoice is overdue');
    expect(texts(overdue)).toContain('$29.00 is still to be paid.');
  });

  it("says what the host's policy grants, not what the state suggests", () => {
    const without = (level: 'none' | 'full') => ({
      ...snapshots.restricted,
      access: { ...snapshots.restricted.access, level },
    });
    expect(texts(without('none'))).toContain('You have no access');
    expect(texts(without('full'))).not.toMatch(/no access|change nothing/);
    expect(show({ snapshot: without('full') }).banner?.title).toBe('Your payment failed');
  });

  it('a trial that ended without a card asks for one', () => {
    const noCard = {
      ...snapshots.incomplete,
      payment: { ...snapshots.incomplete.payment, problem: 'methodMissing' as const },
    };
    expect(show({ snapshot: noCard }).banner?.title).toBe('Add a payment method');
  });

  it('is hidden while the return is checked, and shown again while Stripe is late', () => {
    expect(show({ snapshot: snapshots.pastDue, visit: 'returning' }).banner).toBe(null);
    expect(show({ snapshot: snapshots.pastDue, visit: 'pending' }).banner).not.toBe(null);
  });

  it('an amount in several currencies is not put on the button', () => {
    const mixed = { ...snapshots.pastDue, payment: { ...snapshots.pastDue.payment, otherCurrencies: true } };
    expect(show({ snapshot: mixed }).banner?.actions.map(({ label }) => label)).toEqual(['Update card', 'Pay now']);
  });
});

describe('the price', () => {
  const price = (change: Partial<typeof team>) =>
    show({ snapshot: { ...active, plan: { ...team, ...change } } }).plan.price;
  it('notes quantity, discount, tax, usage and other items', () => {
    expect(price({ quantity: 5, taxExcluded: true, discounted: true, metered: true, otherItems: 2 })?.notes).toBe(
      'Quantity 5 · before discount · plus tax · plus usage · 2 more',
    );
  });
  it('of pure usage has no amount', () =>
    expect(price({ price: null, metered: true })).toEqual({ amount: '', per: 'Billed by usage', notes: '' }));
  it('that is unknown is not shown as "free"', () =>
    expect(price({ price: null })).toEqual({ amount: '', per: '', notes: '' }));
  it('every three months', () => expect(price({ intervalCount: 3 })?.per).toBe('every 3 months'));
  it('of a plan whose name is not known yet', () =>
    expect(show({ snapshot: { ...active, plan: { ...team, name: null } } }).plan.name).toBe('Your plan'));
});

describe('the rows', () => {
  const rows = (change: object) => show({ snapshot: { ...active, ...change } }).rows.map(({ text }) => text);
  it('name the payment method and the last invoice, in the words of the day that Stripe means', () => {
    expect(rows({})).toEqual(['Visa •••• 4242, expires 10/2029', 'May 3, 2027 · $29.00 · Paid']);
    expect(rows({ paymentMethod: { ...visa, name: 'PayPal', last4: null, expires: null } })[0]).toBe('PayPal');
  });
  it('leave out an unknown state', () =>
    expect(rows({ lastInvoice: { ...lastInvoice, state: 'dreaming' } })[1]).toBe('May 3, 2027 · $29.00'));
  it('are hidden from viewers', () =>
    expect(show({ snapshot: readerOf(active) })).toMatchObject({ rows: [], notice: null }));
  it('a card that expires before its charge is shown with the action to change it', () => {
    const soon = show({ snapshot: { ...active, paymentMethod: { ...visa, expiresSoon: true } } });
    expect(soon.notice?.title).toBe('Change your card before June 3, 2027');
    expect(soon.notice?.actions.map(({ label }) => label)).toEqual(['Update card']);
    expect(
      soon.actions.map(({ label }) => label),
      'the first button stays',
    ).toEqual(['Manage billing']);
    expect(show({}).notice).toBe(null);
    expect(show({ snapshot: { ...snapshots.pastDue, paymentMethod: { ...visa, expiresSoon: true } } }).notice).toBe(
      null,
    );
  });
});

describe('the outcome of a visit', () => {
  const note = (...changes: Change[]) => show({ visit: 'changed', changes }).note?.text;
  it.each<[Change, string]>([
    [{ kind: 'plan', from: 'Team', to: 'Pro' }, 'Your plan is now Pro.'],
    [{ kind: 'price', from: null, to: { amount: 9900, currency: 'usd' } }, 'Your price is now $99.00.'],
    [{ kind: 'quantity', from: 1, to: 1200 }, 'Your quantity is now 1,200.'],
    [{ kind: 'started', plan: 'Pro' }, 'Your Pro plan has started.'],
    [{ kind: 'ends', at: '2027-06-03T09:00:00Z' }, 'Your plan ends on June 3, 2027.'],
    [{ kind: 'keeps' }, 'You keep your plan.'],
    [{ kind: 'ended' }, 'Your plan has ended.'],
    [{ kind: 'paused' }, 'Your plan is paused.'],
    [{ kind: 'resumed' }, 'Your plan is active again.'],
    [{ kind: 'scheduled', plan: 'Basic', at: '2027-06-03T09:00:00Z' }, 'Your plan changes to Basic on June 3, 2027.'],
    [{ kind: 'paid', paid: { amount: 2900, currency: 'usd' } }, 'We received your payment of $29.00.'],
    [{ kind: 'paymentMethod' }, 'Your payment method was updated.'],
    [{ kind: 'billingDetails' }, 'Your billing details were updated.'],
    [{ kind: 'plan', from: 'Team', to: null }, 'Your account is up to date.'],
    [{ kind: 'of the future' } as never, 'Your account is up to date.'],
  ])('%j', (change, words) => expect(note(change)).toBe(words));

  it('several are told one after the other', () =>
    expect(note({ kind: 'paymentMethod' }, { kind: 'paid', paid: { amount: 2900, currency: 'usd' } })).toBe(
      'Your payment method was updated. We received your payment of $29.00.',
    ));
  it('a payment that failed is left to the banner', () => expect(note({ kind: 'paymentFailed' })).toBe(undefined));
});

describe('failures', () => {
  const failed = (code: string, status = 0, failures = 1) =>
    show({ failure: new BillhookError(code, status), failures }).failure;
  it('one slow answer after a good read is not shown', () => expect(failed('unreachable')).toBe(null));
  it('two are shown', () =>
    expect(failed('unreachable', 0, 2)?.text).toMatch(
      /^Billing cannot be reached right now\. Shown as of May 10, 2027, 12:00\sPM\.$/,
    ));
  it('being offline is shown at once', () => expect(failed('offline')?.text).toContain('You are offline.'));
  it.each([
    ['origin_not_allowed', 403, true],
    ['token_invalid', 401, true],
    ['portal_not_configured', 409, false],
    ['stripe_unavailable', 502, false],
    ['code_of_the_future', 418, true],
  ])('%s names its code for support: %s', (code, status, named) =>
    expect(failed(code, status, 2)?.code !== null).toBe(named),
  );
  it('without any snapshot the failure is all that is shown', () =>
    expect(show({ snapshot: null, failure: new BillhookError('offline') })).toMatchObject({
      phase: 'failed',
      failure: { alone: true },
    }));
});

describe('permissions', () => {
  it('offers are for managers', () => {
    expect(show({ snapshot: snapshots.none }).offers.map(({ action }) => action.label)).toEqual([
      'Choose Team',
      'Choose Pro',
    ]);
    expect(show({ snapshot: readerOf(snapshots.none) }).offers).toEqual([]);
  });
  it('an upgrade by Checkout without a list of offers keeps its button', () => {
    const upgrade = { ...active, plan: pro, actions: [{ purpose: 'upgrade', via: 'checkout', offer: 'x' }] as const };
    expect(show({ snapshot: upgrade }).actions.map(({ label }) => label)).toEqual(['Upgrade']);
  });
  it('all buttons are disabled while one opens', () => {
    const opening = snapshots.pastDue.actions[0] as never;
    const { banner, actions } = show({ snapshot: snapshots.pastDue, opening });
    expect([...(banner?.actions ?? []), ...actions].map((view) => [view.opening, view.disabled])).toEqual([
      [true, true],
      [false, true],
      [false, true],
    ]);
  });
});

describe('a purchase that is refused', () => {
  it.each([
    ['subscription_exists', 'You already have a plan.'],
    ['checkout_busy', 'A purchase is open in another tab. Try again in a moment.'],
  ])('%s has its own words, without a code for support', (code, words) => {
    const { failure } = show({ openFailure: new BillhookError(code, 409) });
    expect(failure).toMatchObject({ text: words, code: null });
  });
});
