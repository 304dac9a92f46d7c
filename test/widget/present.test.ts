import { describe, expect, it } from 'vitest';
import type { BillingSnapshot, Change, Money, Offer, Plan } from '@billhook/widget/contract';
import { nothingKnown, type ClientState } from '../../widget/src/client/client-state.ts';
import { BillhookError } from '../../widget/src/page/errors.ts';
import { present } from '../../widget/src/view/present.ts';
import { createLocalizer } from '../../widget/src/i18n/localizer.ts';
import { en, spaced } from './english.ts';
import { active, lastInvoice, paidUp, pro, readerOf, shownAt, snapshots, states, team, visa } from './snapshots.ts';

const i18n = createLocalizer('en-US', en, 'UTC');
/** @see spaced */
const spacedView: typeof present = (...told) => spaced(present(...told));
const show = (change: Partial<ClientState>) =>
  spacedView({ ...nothingKnown, snapshot: active, confirmedAt: shownAt, ...change }, i18n, shownAt);
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

  it('tells what follows, and what is over since when', () => {
    const { access } = snapshots.pastDue;
    const told = (change: object) => texts({ ...snapshots.pastDue, access: { ...access, ...change } });
    expect(told({})).toContain('After that you can view everything but change nothing.');
    expect(told({ after: 'none' })).toContain('After that you have no access.');
    expect(told({ after: undefined })).toMatch(/Nothing changes until [^.]*\)\. We/);
    expect(told({ after: 'full' })).not.toContain('Nothing changes');
    expect(texts(snapshots.restricted)).toContain('Limited since May 8, 2027.');
  });

  it('a first payment has a deadline', () => {
    expect(texts(snapshots.incomplete)).toMatch(/^Pay \$29\.00 by May 11, 2027, 9:30\sAM to start Team\.$/);
    const { finishBy: _, ...older } = snapshots.incomplete;
    expect(texts(older)).toBe('Pay $29.00 to start Team.');
  });

  it('L36: names the amount of the page behind its button, and not of all that is due', () => {
    const due = { amount: 5800, currency: 'usd' };
    const payNow = { amount: 2900, currency: 'usd' };
    const of = (snapshot: typeof active) => texts({ ...snapshot, payment: { ...snapshot.payment, due, payNow } });
    expect(of(snapshots.actionRequired)).toContain('a payment of $29.00.');
    expect(of(snapshots.incomplete)).toMatch(/^Pay \$29\.00 by/);
  });

  it('a trial that was over without a card only has to go on: nothing is open, for a colleague neither', () => {
    const goesOn = { ...snapshots.incomplete, payment: { ...active.payment } };
    expect(show({ snapshot: goesOn }).banner).toMatchObject({ title: 'One step left', text: 'Your trial is over.' });
    expect(show({ snapshot: readerOf(goesOn) }).banner).toMatchObject({
      title: 'One step left',
      text: 'Ask an owner or admin to update the payment.',
    });
  });

  it('a debt without an invoice to pay leads to support', () => {
    for (const snapshot of [snapshots.pastDue, snapshots.restricted])
      expect(texts({ ...snapshot, payment: { ...snapshot.payment, due: null } })).toMatch(
        /^No invoice can be paid here\./,
      );
  });

  it('an overdue invoice was not "charged"', () => {
    const overdue = {
      ...snapshots.pastDue,
      payment: { ...snapshots.pastDue.payment, problem: 'overdue', nextAttemptAt: null } as const,
    };
    expect(show({ snapshot: overdue }).banner?.title).toBe('Your invoice is overdue');
    expect(texts(overdue)).toContain('$29.00 is due.');
  });

  it("says what the host's policy grants, not what the state suggests", () => {
    const without = (level: 'none' | 'full') => ({
      ...snapshots.restricted,
      access: { ...snapshots.restricted.access, level },
    });
    expect(texts(without('none'))).toContain('You have no access');
    expect(texts(without('full'))).not.toMatch(/no access|view everything/);
    expect(show({ snapshot: without('full') }).banner?.title).toBe('Your last payment didn’t go through');
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
      '5 × $5.80 · before discount · plus tax · plus usage · + 2 more',
    );
  });
  it('of seats is one price, taken so many times; what does not divide is only counted', () => {
    expect(price({ price: { amount: 14_500, currency: 'eur' }, quantity: 5 })?.notes).toBe('5 × €29');
    expect(price({ price: { amount: 14_501, currency: 'eur' }, quantity: 5 })?.notes).toBe('Quantity 5');
  });
  it('of pure usage has no amount', () =>
    expect(price({ price: null, metered: true })).toEqual({
      amount: '',
      before: '',
      per: 'Billed by usage',
      notes: '',
    }));
  it('that is unknown is not shown as "free"', () =>
    expect(price({ price: null })).toEqual({ amount: '', before: '', per: '', notes: '' }));
  it('with a coupon is what is paid, beside what it was, and until when (L38)', () => {
    const usd = (amount: number) => ({ amount, currency: 'usd' });
    const discounted = (discount: NonNullable<Plan['discount']>) => price({ discounted: true, discount });
    const terms = { price: usd(2320), percentOff: 20, amountOff: usd(580), until: null, once: false };
    expect(discounted({ ...terms, until: '2027-11-03T09:00:00Z' })).toEqual({
      amount: '$23.20',
      before: '$29',
      per: 'per month',
      notes: '20% off until November 3, 2027',
    });
    expect(discounted(terms)?.notes).toBe('20% off');
    expect(discounted({ ...terms, percentOff: 12.5 })?.notes).toBe('12.5% off');
    expect(discounted({ ...terms, percentOff: null })?.notes).toBe('$5.80 off');
    expect(discounted({ ...terms, once: true })?.notes).toBe('20% off the next payment');
    expect(discounted({ ...terms, price: usd(0) })).toMatchObject({ amount: '$0', before: '$29' });
  });
  it('every three months', () => expect(price({ intervalCount: 3 })?.per).toBe('every 3 months'));
  it('of a plan whose name is not known yet', () =>
    expect(show({ snapshot: { ...active, plan: { ...team, name: null } } }).plan.name).toBe('Your plan'));
});

describe('the rows', () => {
  const rows = (change: object) => show({ snapshot: { ...active, ...change } }).rows.map(({ text }) => text);
  it('name the payment method and the last invoice, in the words of the day that Stripe means', () => {
    expect(rows({}).slice(1)).toEqual(['Visa •••• 4242, expires 10/2029', 'May 3, 2027 · $29.00 · Paid']);
    expect(rows({ paymentMethod: { ...visa, name: 'PayPal', last4: null, expires: null } })[1]).toBe('PayPal');
  });
  it('begin with the next payment; its day keeps the place while the amount is awaited', () => {
    expect(show({ snapshot: active }).rows[0]).toEqual({ label: 'Next payment', text: 'June 3, 2027 · $29.00' });
    const estimated = { ...active.nextPayment, estimated: true };
    expect(rows({ nextPayment: estimated })[0]).toBe('June 3, 2027 · $29.00 · plus usage');
    expect(rows({ nextPayment: undefined, nextPaymentAwaited: true })[0]).toBe('June 3, 2027');
    expect(rows({ nextPayment: undefined })[0]).toBe('Visa •••• 4242, expires 10/2029');
  });
  it('leave out an unknown state', () =>
    expect(rows({ lastInvoice: { ...lastInvoice, state: 'dreaming' } })[2]).toBe('May 3, 2027 · $29.00'));
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

describe('every state has a sentence, and nobody is asked for what is not theirs', () => {
  const lines = (snapshot: typeof active) => show({ snapshot }).plan.lines;
  const reader = (snapshot: typeof active) => show({ snapshot: readerOf(snapshot) });

  it('a change that is scheduled is one line', () =>
    expect(lines({ ...active, next: { plan: team, at: '2027-06-03T09:00:00Z' } })).toEqual([
      'Changes to Team ($29 per month) on June 3, 2027',
    ]));
  it('a contract renews until its last day (F25)', () =>
    expect(lines({ ...active, endsAt: '2029-01-01T00:00:00Z' })).toEqual([
      'Renews on June 3, 2027',
      'Ends on January 1, 2029',
    ]));
  it.each(['active', 'trialing', 'ending', 'paused', 'processing', 'actionRequired', 'pastDue', 'restricted'] as const)(
    'the last day of a plan is told while it is %s',
    (state) => {
      const endsAt = '2029-01-01T00:00:00Z';
      const told = lines({ ...snapshots[state], endsAt }).filter((line) => line.includes('2029'));
      expect(told).toEqual(['Ends on January 1, 2029']);
      expect(lines({ ...snapshots[state], endsAt: null }).join(' ')).not.toContain('Ends');
    },
  );
  it('a trial with a card tells what comes after it', () => {
    const withCard = { ...snapshots.trialing, payment: active.payment };
    expect(lines(withCard)).toEqual([expect.stringMatching(/^Free until .* \(in \d+ days\)$/), 'Then $29 per month']);
    expect(lines({ ...withCard, plan: { ...team, discounted: true } })).toHaveLength(1);
  });
  it('a trial with a coupon tells the price that it lowers', () => {
    const [price, amountOff] = [2320, 580].map((amount) => ({ amount, currency: 'usd' })) as [Money, Money];
    const discount = { price, percentOff: 20, amountOff, until: null, once: false };
    const withCard = { ...snapshots.trialing, payment: active.payment };
    expect(lines({ ...withCard, plan: { ...team, discounted: true, discount } })[1]).toBe('Then $23.20 per month');
  });
  it('nothing to be charged, no card to be asked for (F11)', () => {
    const free = { ...team, price: { amount: 0, currency: 'usd' } };
    expect(lines(snapshots.trialing)).toContain('Add a payment method to keep your plan.');
    expect(lines({ ...snapshots.trialing, plan: free })).toHaveLength(1);
    const { payment } = snapshots.trialing;
    expect(lines({ ...snapshots.trialing, payment: { ...payment, methodNeeded: false } })).toHaveLength(1);
  });
  it('a pause says what is charged, and what may be done meanwhile', () => {
    const paused = (level: 'readOnly' | 'none') =>
      lines({ ...snapshots.paused, access: { ...snapshots.paused.access, level } }).join(' ');
    expect(paused('readOnly')).toContain('Nothing is charged while it is paused. Until it resumes, you can view');
    expect(paused('none')).toContain('Until it resumes, you have no access.');
  });
  it('a cancellation is told to the end; usage may still be charged', () => {
    expect(lines(snapshots.ending)[1]).toBe('You keep full access until then. You won’t be charged again.');
    expect(lines({ ...snapshots.ending, plan: { ...team, metered: true } })[1]).toBe(
      'You keep full access until then.',
    );
  });
  it('a canceled trial has no price', () =>
    expect(show({ snapshot: { ...snapshots.ending, trialEndsAt: snapshots.ending.endsAt } }).plan.price).toBe(null));
  it('after the end the free plan stands, without a pill', () =>
    expect(show({ snapshot: { ...snapshots.ended, freePlanName: 'Free' } }).plan).toEqual({
      name: 'Free',
      price: null,
      status: null,
      lines: [expect.stringMatching(/^Team ended on /)],
    }));
  it('an amount that is due is told once: by the banner, or beside each of several subscriptions', () => {
    expect(lines(snapshots.pastDue)).toEqual([]);
    const owing = { ...snapshots.pastDue, key: 'a' };
    const { subscriptions } = show({ snapshot: { ...owing, subscriptions: [owing, { ...owing, key: 'b' }] } });
    expect(subscriptions.map((each) => each.lines)).toEqual([['$29.00 is due.'], ['$29.00 is due.']]);
  });
  it('of several subscriptions the one that failed is named, with its own debt', () => {
    const { payment } = snapshots.pastDue;
    const failed = { ...snapshots.pastDue, key: 'a', payment: { ...payment, due: { amount: 900, currency: 'usd' } } };
    const text = texts({ ...snapshots.pastDue, subscriptions: [failed, { ...active, key: 'b' }] });
    expect(text).toContain('Visa •••• 4242 was declined for $9.00 (Team).');
  });
  it('the next try is today, tomorrow, or on a day', () => {
    const retried = (nextAttemptAt: string) =>
      texts({ ...snapshots.pastDue, payment: { ...snapshots.pastDue.payment, nextAttemptAt } });
    expect(retried('2027-05-10T20:00:00Z')).toContain('We’ll try again today.');
    expect(retried('2027-05-11T09:00:00Z')).toContain('We’ll try again tomorrow.');
    expect(retried('2027-05-14T09:00:00Z')).toContain('We’ll try again on May 14, 2027.');
  });
  it('a colleague is neither blamed nor shown the amount, and is told who can act', () => {
    const { banner, plan, hint } = reader(snapshots.pastDue);
    expect(banner?.title).toBe('A payment for this workspace didn’t go through');
    expect(banner?.text).toContain('Ask an owner or admin to update the payment.');
    expect([banner?.text, ...plan.lines, hint].join(' ')).not.toMatch(/\d\.\d\d/);
  });
});

describe('a day is the one on Stripe’s invoice, wherever it is read (F32)', () => {
  it('at midnight in UTC, seen from Los Angeles', () => {
    const there = createLocalizer('en-US', en, 'America/Los_Angeles');
    expect(spaced(there.date('2027-06-03T00:00:00Z'))).toBe('June 3, 2027');
  });
});

describe('the rows', () => {
  const ways = (snapshot: BillingSnapshot) => show({ snapshot }).rows.map(({ action }) => action?.label);
  it('have a way to change the method and to see the invoice', () =>
    expect(ways(active)).toEqual([undefined, 'Update card', 'View invoice']));
  it('have none where a notice has it, nor from a server of before', () => {
    const before = { at: lastInvoice.at, amount: lastInvoice.amount, state: lastInvoice.state };
    const paymentMethod = { ...visa, expires: '2027-05', expiresSoon: true };
    expect(ways({ ...active, paymentMethod, lastInvoice: before })).toEqual([undefined, undefined, undefined]);
  });
});

describe('a trip that changed nothing answers what people ask', () => {
  it.each([
    ['pastDue', 'The payment is still open.'],
    ['none', 'No payment was made.'],
    ['ended', 'No payment was made.'],
    ['active', 'Nothing changed.'],
  ] as const)('%s: %s', (state, words) =>
    expect(show({ snapshot: snapshots[state], visit: 'unchanged' }).note?.text).toBe(words),
  );
});

describe('the words in the script', () => {
  const withScript = (snapshot: BillingSnapshot) => {
    const missing: string[] = [];
    const script = createLocalizer('en-US', {}, 'UTC', () => missing.push('a word'));
    return { missing, view: spacedView({ ...nothingKnown, snapshot, confirmedAt: shownAt }, script, shownAt) };
  };
  const { unknown, none, active, trialing } = snapshots;
  it('are all that an account in good order needs, so its first paint waits for none', () => {
    for (const snapshot of [unknown, none, active, trialing, { ...trialing, payment: paidUp }])
      for (const each of [snapshot, readerOf(snapshot)]) expect(withScript(each).missing, each.state).toEqual([]);
  });
  it.each(states)(
    'where no others can be had, %s keeps its plan, its ways out, and no banner without a title',
    (state) => {
      const { view } = withScript(snapshots[state]);
      const buttons = [...(view.banner?.actions ?? []), ...view.actions, ...view.offers.map(({ action }) => action)];
      const opened = ({ actions, offers }: BillingSnapshot) => [
        ...actions.flatMap((action) => (action.via === 'checkout' ? [] : JSON.stringify(action))),
        ...offers.map(({ id }) => JSON.stringify({ purpose: 'subscribe', via: 'checkout', offer: id })),
      ];
      if (view.phase === 'ready')
        expect(buttons.map(({ action }) => JSON.stringify(action)).toSorted()).toEqual(
          opened(snapshots[state]).toSorted(),
        );
      const labels = buttons.map(({ label }) => label);
      expect([view.plan.name, view.banner?.title, view.plan.status?.label, ...labels]).not.toContain('');
    },
  );
});

describe('the outcome of a visit', () => {
  const note = (...changes: Change[]) => show({ visit: 'changed', changes }).note?.text;
  it.each<[Change, string]>([
    [{ kind: 'plan', from: 'Team', to: 'Pro' }, 'Your plan is now Pro.'],
    [{ kind: 'price', from: null, to: { amount: 9900, currency: 'usd' } }, 'Your price is now $99.00.'],
    [{ kind: 'quantity', from: 1, to: 1200 }, 'Your quantity is now 1,200.'],
    [{ kind: 'started', plan: 'Pro' }, 'Your Pro plan has started.'],
    [{ kind: 'ends', at: '2027-06-03T09:00:00Z' }, 'Canceled. Team stays until June 3, 2027.'],
    [{ kind: 'keeps' }, 'Your plan continues and renews on June 3, 2027.'],
    [{ kind: 'ended' }, 'Your plan has ended.'],
    [{ kind: 'paused' }, 'Your plan is paused.'],
    [{ kind: 'resumed' }, 'Your plan is active again.'],
    [{ kind: 'scheduled', plan: 'Basic', at: '2027-06-03T09:00:00Z' }, 'Your plan changes to Basic on June 3, 2027.'],
    [{ kind: 'paid', paid: { amount: 2900, currency: 'usd' } }, 'We received your payment of $29.00.'],
    [{ kind: 'charged', paid: { amount: 2900, currency: 'usd' } }, 'You were charged $29.00.'],
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
      /^Billing cannot be reached right now\. Last updated May 10, 2027, 12:00\sPM\.$/,
    ));
  it('being offline is shown at once', () => expect(failed('offline')?.text).toContain('You are offline.'));
  it.each([
    ['origin_not_allowed', 403, true],
    ['token_invalid', 401, true],
    ['token_expired', 401, true],
    ['portal_not_configured', 409, false],
    ['stripe_unavailable', 503, false],
    ['code_of_the_future', 418, true],
  ])('%s names its code for support: %s', (code, status, named) =>
    expect(failed(code, status, 2)?.text.includes(code)).toBe(named),
  );
  it('without any snapshot the failure is all that is shown', () =>
    expect(show({ snapshot: null, failure: new BillhookError('offline') })).toMatchObject({
      phase: 'failed',
      failure: { alone: true },
    }));
});

describe('an offer', () => {
  const offered = (...offers: Offer[]) => show({ snapshot: { ...snapshots.none, offers } }).offers;
  it('tells its description, its trial and what it saves before the choice', () => {
    const [first, second] = offered(
      { id: 'team', plan: team, description: 'For teams.', trialDays: 14, savesPercent: 16, features: ['Forecasts'] },
      { id: 'pro', plan: pro },
    );
    expect(first?.plan.lines).toEqual(['For teams.', 'Free for 14 days', 'Saves 16%']);
    expect(first?.features).toEqual(['Forecasts']);
    expect(second).toMatchObject({ plan: { lines: [], status: null }, features: [] });
  });
  it('belongs to a period, where there are several, with what all or some of its plans save', () => {
    const monthly: Offer[] = [
      { id: 'team', plan: team },
      { id: 'pro', plan: pro },
    ];
    const by = (interval: Plan['interval'], intervalCount = 1, savesPercent?: number): Offer => ({
      id: `${interval}${intervalCount}`,
      plan: { ...pro, interval, intervalCount },
      ...(savesPercent && { savesPercent }),
    });
    const periods = (...more: Offer[]) => offered(...monthly, ...more).map(({ period }) => period);
    expect(periods()).toEqual(['', '']);
    expect(periods(by('year', 1, 16))).toEqual(['Monthly', 'Monthly', 'Yearly · Saves 16%']);
    expect(periods(by('year', 1, 16), by('year', 1, 20)).at(-1)).toBe('Yearly · Saves up to 20%');
    expect(periods(by('month', 3), by('week'), by(null))).toEqual([
      'Monthly',
      'Monthly',
      'every 3 months',
      'per week',
      '',
    ]);
  });
  it('tells what it saves where the switch does not say the same of all', () => {
    const yearly = (id: string, savesPercent: number): Offer => ({
      id,
      plan: { ...pro, interval: 'year' },
      savesPercent,
    });
    const savings = (...more: Offer[]) => offered({ id: 'team', plan: team }, ...more).map(({ plan }) => plan.lines);
    expect(savings(yearly('pro', 16), yearly('max', 16))).toEqual([[], [], []]);
    expect(savings(yearly('pro', 16), yearly('max', 20))).toEqual([[], ['Saves 16%'], ['Saves 20%']]);
  });
  it('stands out where the host recommends it, else the first one does', () => {
    const plain: Offer = { id: 'team', plan: team };
    const best: Offer = { id: 'pro', plan: pro };
    expect(offered(plain, best).map(({ primary }) => primary)).toEqual([true, false]);
    const views = offered(plain, { ...best, recommended: true });
    expect(views.map(({ primary, plan }) => [primary, plan.status?.label])).toEqual([
      [false, undefined],
      [true, 'Recommended'],
    ]);
  });
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
    ['offer_unavailable', 'This plan is not offered any more.'],
  ])('%s has its own words, without a code for support', (code, words) => {
    const { failure } = show({ openFailure: new BillhookError(code, 409) });
    expect(failure?.text).toBe(words);
  });
});
