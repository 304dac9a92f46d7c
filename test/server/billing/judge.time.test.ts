import { describe, expect, test } from 'vitest';
import type { SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import {
  canceled,
  day,
  hour,
  invoice,
  iso,
  judged,
  minute,
  noon,
  open,
  paid,
  pastDue,
  snapshotOf,
  subscription,
  trialing,
} from '../fixtures/facts.ts';

describe('grace', () => {
  const graceEnd = (of: SubscriptionFacts) => snapshotOf([of]).graceEndsAt;

  test('L9 counts from the first failed charge', () => {
    expect(graceEnd(pastDue())).toBe(iso(noon + 6 * day));
    expect(snapshotOf([pastDue()]).access.until).toBe(iso(noon + 6 * day));
  });

  test('counts from the finalization where no failed charge is known', () => {
    expect(graceEnd(pastDue(open({ firstFailedAt: null })))).toBe(iso(noon - 2 * day + hour + 7 * day));
  });

  test('counts from the due date of an invoice that was sent', () => {
    const sent = open({
      collectionMethod: 'send_invoice',
      dueDate: noon - 3 * day,
      firstFailedAt: null,
      payment: 'none',
    });
    expect(graceEnd(pastDue({ collectionMethod: 'send_invoice', ...sent }))).toBe(iso(noon + 4 * day));
  });

  test('L28 a renewal on top does not start it again', () => {
    const old = invoice({ id: 'in_old', created: noon - 31 * day, firstFailedAt: noon - 30 * day });
    const renewal = invoice({ id: 'in_new', firstFailedAt: noon - hour });
    const snapshot = snapshotOf([pastDue({ latestInvoice: renewal, openInvoices: [old, renewal] })]);
    expect(snapshot).toMatchObject({ state: 'restricted', graceEndsAt: iso(noon - 23 * day) });
  });

  test('M17 a payment clears it', () => {
    expect(snapshotOf([subscription({ latestInvoice: paid() })])).toMatchObject({ state: 'active', graceEndsAt: null });
  });

  test.each(['active', 'trialing', 'incomplete', 'paused', 'hibernating'])(
    'a subscription that is %s has none, whatever is open',
    (status) => expect(graceEnd(pastDue({ status }))).toBeNull(),
  );

  test('H3 what was open when a newer one was paid starts none, as long as anything else is open', () => {
    const old = invoice({ id: 'in_old', created: noon - 31 * day, firstFailedAt: noon - 30 * day });
    const renewal = invoice({ id: 'in_new', firstFailedAt: noon - hour });
    const both = { latestInvoice: renewal, openInvoices: [old, renewal] };
    expect(graceEnd(pastDue({ ...both, newestPaidCreated: old.created }))).toBe(iso(noon - hour + 7 * day));
    expect(graceEnd(pastDue({ ...both, newestPaidCreated: old.created - 1 }))).toBe(iso(noon - 23 * day));
    expect(graceEnd(pastDue({ ...both, newestPaidCreated: null }))).toBe(iso(noon - 23 * day));
    expect(graceEnd(pastDue({ ...both, newestPaidCreated: renewal.created }))).toBe(iso(noon - 23 * day));
  });

  test('an earlier end of the subscription bounds the access', () => {
    expect(snapshotOf([pastDue({ cancelAt: noon + 2 * day })]).access.until).toBe(iso(noon + 2 * day));
  });
});

describe('access is narrowed only on facts fetched after the moment of narrowing', () => {
  const graceEnd = noon + 6 * day;
  const at = (now: number, of: SubscriptionFacts, fetchedAt = noon) => judged([of], { now, standing: { fetchedAt } });

  test('before the deadline it is announced, and a fetch is scheduled', () => {
    const { snapshot, nextChangeAt } = at(graceEnd - 1, pastDue());
    expect(snapshot).toMatchObject({ state: 'pastDue', stale: false });
    expect(nextChangeAt).toBe(graceEnd);
  });

  test('older facts: the access stands, stale, up to the limit', () => {
    const { snapshot, nextChangeAt } = at(graceEnd, pastDue());
    expect(snapshot).toMatchObject({ state: 'pastDue', stale: true, access: { level: 'full' } });
    expect(nextChangeAt).toBe(graceEnd + 72 * hour);
    expect(at(graceEnd + 72 * hour - 1, pastDue()).snapshot.access.level).toBe('full');
    expect(at(graceEnd + 72 * hour, pastDue()).snapshot).toMatchObject({
      state: 'restricted',
      stale: true,
      access: { level: 'readOnly' },
    });
  });

  test('facts fetched at the deadline itself decide', () => {
    expect(at(graceEnd, pastDue(), graceEnd).snapshot).toMatchObject({ state: 'restricted', stale: false });
  });

  test('M18 a cancellation: full until its day, and over only when Stripe says so or the limit has passed', () => {
    const ending = subscription({ cancelAt: noon + day });
    expect(snapshotOf([ending]).access).toEqual({ level: 'full', reason: 'ending', until: iso(noon + day) });
    expect(at(noon + day, ending).snapshot).toMatchObject({ state: 'ending', stale: true, access: { level: 'full' } });
    expect(at(noon + 4 * day, ending).snapshot).toMatchObject({
      state: 'ended',
      endedAt: iso(noon + day),
      access: { level: 'none' },
    });
  });

  test('Stripe is late with a cancellation: its status stands, and it is fetched again ever more rarely', () => {
    const ending = subscription({ cancelAt: noon });
    const { snapshot, nextChangeAt } = judged([ending], { now: noon + 10 * minute });
    expect(snapshot).toMatchObject({ state: 'ending', stale: false, access: { level: 'full' } });
    expect(nextChangeAt).toBe(noon + 20 * minute);
  });

  test('Stripe is late with a trial: fetched again the same way', () => {
    const { snapshot, nextChangeAt } = judged([trialing({ trialEnd: noon - 5 * minute })]);
    expect(snapshot).toMatchObject({ state: 'trialing', stale: false, access: { level: 'full' } });
    expect(nextChangeAt).toBe(noon + 5 * minute);
  });

  test('Stripe is late with a trial whose collection is paused: the same way', () => {
    const late = trialing({ trialEnd: noon - 5 * minute, pause: { resumesAt: null } });
    expect(judged([late]).nextChangeAt).toBe(noon + 5 * minute);
  });

  test('a look at the very moment is not repeated at once', () => {
    expect(judged([subscription({ cancelAt: noon })]).nextChangeAt).toBe(noon + minute);
    expect(judged([trialing({ trialEnd: noon })]).nextChangeAt).toBe(noon + minute);
  });

  test('a trial whose plan is paid by sent invoices goes on without a card', () => {
    const sent = trialing({ methodOnFile: false, collectionMethod: 'send_invoice' });
    expect(snapshotOf([sent]).access).toMatchObject({ level: 'full', until: null });
    expect(at(noon + 8 * day, sent).snapshot).toMatchObject({ state: 'trialing', access: { level: 'unknown' } });
  });

  test('SUB-3 a first payment is fetched when Stripe gives it up, after 23 hours', () => {
    expect(judged([subscription({ status: 'incomplete', created: noon })]).nextChangeAt).toBe(noon + 23 * hour);
  });

  test('a trial without a card: none after the limit; with one: unknown', () => {
    const bare = trialing({ methodOnFile: false });
    expect(snapshotOf([bare]).access.until).toBe(iso(noon + 5 * day));
    expect(at(noon + 5 * day, bare).snapshot).toMatchObject({
      state: 'trialing',
      stale: true,
      access: { level: 'full' },
    });
    expect(at(noon + 8 * day, bare).snapshot).toMatchObject({ state: 'incomplete', access: { level: 'none' } });
    expect(snapshotOf([trialing()]).access.until).toBeNull();
    expect(at(noon + 8 * day, trialing()).snapshot).toMatchObject({ state: 'trialing', access: { level: 'unknown' } });
  });

  test('a renewal that could not be fetched narrows no access', () => {
    const { snapshot } = at(noon + 200 * day, subscription());
    expect(snapshot).toMatchObject({ state: 'active', stale: true, access: { level: 'full' } });
  });

  test('a trial that is over by its own date needs no payment method any more', () => {
    const leaving = trialing({ methodOnFile: false, cancelAt: noon + 5 * day });
    const now = noon + 9 * day;
    expect(snapshotOf([leaving]).subscriptions[0]?.payment.methodNeeded).toBe(true);
    expect(at(now, leaving).snapshot).toMatchObject({ state: 'ended', payment: { methodNeeded: false } });
    expect(snapshotOf([trialing()]).subscriptions[0]?.payment.methodNeeded).toBe(false);
  });

  test('a resumption is told of what is paused', () =>
    expect(snapshotOf([pastDue({ pause: { resumesAt: noon + day } })]).resumesAt).toBeNull());

  test('a resumption is awaited, not assumed', () => {
    const paused = subscription({ pause: { resumesAt: noon + day } });
    expect(judged([paused]).nextChangeAt).toBe(noon + day);
    expect(at(noon + day, paused).snapshot).toMatchObject({ state: 'paused', stale: true, resumesAt: iso(noon + day) });
  });
});

describe('L37 a pause of collection takes nothing that is paid', () => {
  const start = noon - 10 * day;
  const [untilPeriodEnd, notPaid] = [iso(noon + 20 * day), 'readOnly'];
  const access = (own: Partial<SubscriptionFacts>) => {
    const { level, until } = snapshotOf([subscription({ pause: { resumesAt: null }, ...own })]).access;
    return level === 'full' ? until : level;
  };

  test.each([
    ['its invoice is paid', paid({ created: start }), untilPeriodEnd],
    ['its invoice is from an hour before, as Stripe makes them', paid({ created: start - hour }), untilPeriodEnd],
    ['its last invoice is that of the period before', paid({ created: start - hour - 1 }), notPaid],
    ['it has no invoice', null, notPaid],
    ['its invoice is open', invoice({ billingReason: 'subscription_cycle' }), notPaid],
    ['its invoice was voided', invoice({ status: 'void' }), notPaid],
    ['an upgrade is open', invoice({ billingReason: 'subscription_update' }), untilPeriodEnd],
    ['an invoice made by hand is open', invoice({ billingReason: 'manual' }), untilPeriodEnd],
  ])('a period is paid as its invoice is: %s', (_, latestInvoice, until) => {
    expect(access({ latestInvoice })).toBe(until);
  });

  test('a period whose beginning is not known is paid by the latest invoice', () =>
    expect(access({ currentPeriodStart: null, latestInvoice: paid() })).toBe(untilPeriodEnd));

  test('that is over when the paid time is narrows nothing', () => {
    const resuming = (resumesAt: number) => access({ pause: { resumesAt } });
    expect(resuming(noon + 20 * day)).toBeNull();
    expect(resuming(noon + 20 * day + 1)).toBe(untilPeriodEnd);
  });

  test('a trial lasts to its own end, without any invoice', () => {
    const trial = { status: 'trialing', trialEnd: noon + 3 * day, currentPeriodEnd: noon + 5 * day };
    expect(access({ ...trial, latestInvoice: null })).toBe(iso(noon + 3 * day));
  });
});

describe('stale', () => {
  test('a ticket may wait for 30 seconds', () => {
    const waiting = (staleSince: number) => judged([subscription()], { standing: { staleSince } });
    expect(waiting(noon - 29_999)).toMatchObject({ snapshot: { stale: false }, nextChangeAt: noon + 1 });
    expect(waiting(noon - 30_000).snapshot.stale).toBe(true);
  });
});

describe('dates', () => {
  test('M15 renews at the end of the period', () => {
    expect(snapshotOf([subscription()])).toMatchObject({ renewsAt: iso(noon + 20 * day), endsAt: null });
    expect(judged([subscription()]).nextChangeAt).toBe(noon + 20 * day);
  });

  // Stripe moves the period on, and charges about an hour later.
  const renewing = { currentPeriodStart: noon - 30 * minute, currentPeriodEnd: noon + 30 * day };
  const renewal = { created: noon - 29 * minute, firstFailedAt: null, attempted: false, payment: 'none' } as const;

  test('L8 the renewal date does not jump before it is paid', () => {
    const draft = subscription({ ...renewing, latestInvoice: invoice({ status: 'draft', ...renewal }) });
    expect(snapshotOf([draft])).toMatchObject({ state: 'active', renewsAt: iso(noon - 30 * minute) });
    // Kept as a draft during a pause that is over: nothing charges it (SUB-19).
    const kept = subscription({
      currentPeriodStart: noon - 4 * day,
      currentPeriodEnd: noon + 26 * day,
      latestInvoice: invoice({ status: 'draft', created: noon - 4 * day, payment: 'none', attempted: false }),
    });
    expect(snapshotOf([kept]).renewsAt).toBe(iso(noon + 26 * day));
    expect(judged([draft]).nextChangeAt).toBe(noon + 90 * minute);
  });

  test('L8 … nor between the period and its draft', () => {
    const early = subscription({ ...renewing, latestInvoice: paid({ created: noon - 31 * day }) });
    expect(snapshotOf([early]).renewsAt).toBe(iso(noon - 30 * minute));
  });

  test('L8 … nor while its payment is on its way', () => {
    const debit = subscription({ ...renewing, ...open({ ...renewal, payment: 'processing' }) });
    expect(snapshotOf([debit])).toMatchObject({ state: 'processing', renewsAt: iso(noon - 30 * minute) });
  });

  test('L8 and is the next one once it is', () => {
    const done = subscription({ ...renewing, latestInvoice: paid({ created: noon - 29 * minute }) });
    expect(snapshotOf([done]).renewsAt).toBe(iso(noon + 30 * day));
    expect(judged([done]).nextChangeAt, 'nothing is left to look for before').toBe(noon + 30 * day);
    const early = subscription({ ...renewing, latestInvoice: paid({ created: noon - 90 * minute }) });
    expect(snapshotOf([early]).renewsAt, 'made an hour before').toBe(iso(noon + 30 * day));
  });

  test('L8 … nor beside another invoice that is open', () => {
    const upgrade = invoice({ id: 'in_up', billingReason: 'subscription_update', payment: 'none' });
    const draft = invoice({ status: 'draft', ...renewal });
    const both = subscription({ ...renewing, latestInvoice: draft, openInvoices: [upgrade] });
    expect(snapshotOf([both]).renewsAt).toBe(iso(noon - 30 * minute));
  });

  test('L8 and is the end of the period where its beginning or its invoice is not known', () => {
    const draft = { ...renewing, ...open({ ...renewal, payment: 'none' }) };
    expect(snapshotOf([subscription({ ...draft, currentPeriodStart: null })]).renewsAt).toBe(iso(noon + 30 * day));
    expect(snapshotOf([subscription({ ...renewing, latestInvoice: null })]).renewsAt).toBe(iso(noon + 30 * day));
  });

  test('L8 Stripe is late with a renewal: its day stands, and it is fetched again ever more rarely', () => {
    const late = judged([subscription({ currentPeriodEnd: noon - 10 * minute })]);
    expect(late.snapshot.renewsAt).toBe(iso(noon - 10 * minute));
    expect(late.nextChangeAt).toBe(noon + 10 * minute);
  });

  test('L8 an open upgrade is no unpaid renewal', () => {
    const upgrade = subscription(open({ billingReason: 'subscription_update', payment: 'actionRequired' }));
    expect(snapshotOf([upgrade]).renewsAt).toBe(iso(noon + 20 * day));
  });

  test('billed in advance: a missing invoice is believed for 73 hours', () => {
    const prebilled = { currentPeriodStart: noon - 4 * day, latestInvoice: paid({ created: noon - 200 * day }) };
    expect(snapshotOf([subscription(prebilled)]).renewsAt).toBe(iso(noon + 20 * day));
    const since = (hours: number) => {
      const currentPeriodStart = noon - hours * hour;
      return snapshotOf([subscription({ ...prebilled, currentPeriodStart })]).renewsAt;
    };
    // SUB-5: Stripe charges after 72 hours at the latest. A date that lies a day behind says nothing.
    expect(since(23)).toBe(iso(noon - 23 * hour));
    expect(since(72.5)).toBeNull();
    expect(since(73)).toBe(iso(noon + 20 * day));
  });

  test('a subscription with sent invoices renews by the period', () => {
    const sent = open({ ...renewal, collectionMethod: 'send_invoice', dueDate: noon + 30 * day });
    const snapshot = snapshotOf([subscription({ ...renewing, collectionMethod: 'send_invoice', ...sent })]);
    expect(snapshot).toMatchObject({
      state: 'active',
      renewsAt: iso(noon + 30 * day),
      payment: { due: { amount: 2900 }, problem: null },
    });
  });

  test('a cancelled plan ends and does not renew; a contract renews until its last day', () => {
    expect(snapshotOf([subscription({ cancelAtPeriodEnd: true })])).toMatchObject({
      endsAt: iso(noon + 20 * day),
      renewsAt: null,
    });
    const contract = snapshotOf([subscription({ cancelAt: noon + 200 * day })]);
    // F25: an end that is no cancellation. In its last period it is one.
    expect(contract).toMatchObject({ state: 'active', endsAt: iso(noon + 200 * day), renewsAt: iso(noon + 20 * day) });
    expect(contract.actions.map(({ purpose }) => purpose)).toEqual(['manage']);
    expect(contract.access.until).toBe(iso(noon + 200 * day));
    const last = snapshotOf([subscription({ cancelAt: noon + 20 * day })]);
    expect(last).toMatchObject({ state: 'ending', endsAt: iso(noon + 20 * day), renewsAt: null });
  });

  test('past due promises no renewal', () => {
    expect(snapshotOf([pastDue()]).renewsAt).toBeNull();
  });

  test('a trial of the past is not mentioned', () => {
    expect(snapshotOf([subscription({ trialEnd: noon - 50 * day })]).trialEndsAt).toBeNull();
    expect(snapshotOf([trialing()])).toMatchObject({ trialEndsAt: iso(noon + 5 * day), renewsAt: null });
  });

  test('L3 an ended subscription has no deadline', () => {
    const { snapshot, nextChangeAt } = judged([canceled({ cancelAt: noon + day, trialEnd: noon + day })]);
    expect(snapshot).toMatchObject({
      endedAt: iso(noon - 3 * day),
      endsAt: null,
      trialEndsAt: null,
      graceEndsAt: null,
    });
    expect(nextChangeAt).toBeNull();
  });

  test('a date out of range is dropped, and the document stays', () => {
    expect(snapshotOf([subscription({ currentPeriodEnd: 1e300 })])).toMatchObject({ state: 'active', renewsAt: null });
  });
});
