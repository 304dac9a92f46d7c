import { expect } from '@open-wc/testing';
import { apiUrl, problem, visitReturn } from './bff-double.ts';
import { nextEvent, Page, restoreFromCache, settled, type Shown, type TagName } from './harness.ts';
import { active, readerOf, several, snapshots, states, team } from './snapshots.ts';
import type { BillingState } from '@billhook/widget/contract';

/** The words of each state, and the buttons in their order. */
const expected: Readonly<Record<BillingState, { words: readonly string[]; labels: readonly string[] }>> = {
  unknown: { words: [], labels: [] },
  none: {
    words: ['Free', 'You pay on Stripe’s secure page. Nothing is charged until you confirm.'],
    labels: ['Choose Team', 'Choose Pro'],
  },
  ended: {
    words: ['Free', 'Team ended on May 9, 2027'],
    labels: ['Choose Team', 'Choose Pro', 'Manage billing'],
  },
  active: {
    words: [
      'Team',
      'Active',
      '$29 per month',
      'Renews on June 3, 2027',
      'Visa •••• 4242, expires 10/2029',
      'Opens Stripe.',
    ],
    labels: ['Manage billing'],
  },
  trialing: {
    words: ['Trial', 'Free until May 20, 2027 (in 10 days)', 'Add a payment method'],
    labels: ['Add a card', 'Manage billing'],
  },
  ending: {
    words: ['Canceled', 'Ends on June 3, 2027', 'You keep full access until then. You won’t be charged again.'],
    labels: ['Keep my plan'],
  },
  paused: {
    words: ['Paused', 'Resumes on July 1, 2027', 'Nothing is charged while it is paused.'],
    labels: ['Resume plan', 'Manage billing'],
  },
  processing: { words: ['Your payment is processing', 'nothing for you to do'], labels: ['Manage billing'] },
  incomplete: {
    words: ['One step left', 'Pay $29.00 by May 11, 2027, 9:30 AM to start Team.', 'Not started'],
    labels: ['Finish payment', 'Manage billing'],
  },
  actionRequired: {
    words: ['Confirm your payment', 'Your bank asks you to confirm a payment of $29.00.'],
    labels: ['Confirm payment', 'Manage billing'],
  },
  pastDue: {
    words: [
      'Your last payment didn’t go through',
      'Visa •••• 4242 was declined for $29.00 (Team).',
      'Nothing changes until May 15, 2027 (in 5 days).',
      'We’ll try again on May 12, 2027.',
      'Payment due',
    ],
    labels: ['Update card', 'Pay $29.00 now', 'Manage billing'],
  },
  restricted: {
    words: ['Read-only until paid', '$29.00 is due.', 'Unpaid'],
    labels: ['Update card', 'Pay $29.00 now', 'Manage billing'],
  },
};

describe('the words of a state', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(() => page.close());

  for (const state of states.filter((state) => state !== 'unknown')) {
    it(state, async () => {
      page.bff.snapshot = snapshots[state];
      const widget = page.add();
      await widget.ready();
      for (const words of expected[state].words) expect(widget.text).to.contain(words);
      expect(widget.labels).to.deep.equal(expected[state].labels);
    });
  }

  it('unknown: loading, without buttons', async () => {
    page.bff.snapshot = snapshots.unknown;
    const widget = page.add();
    await page.bff.arrival('billing');
    await widget.element.updateComplete;
    expect(widget.phase).to.equal('loading');
    expect(widget.labels).to.deep.equal([]);
    expect(widget.root.querySelector('.root')?.getAttribute('aria-busy')).to.equal('true');
  });

  it('an unknown state: the plan, and manage', async () => {
    page.bff.snapshot = { ...active, state: 'dreaming' as BillingState };
    const widget = page.add();
    await widget.ready();
    expect(widget.text).to.contain('Team');
    expect(widget.part('status')).to.equal(null);
    expect(widget.labels).to.deep.equal(['Manage billing']);
  });

  it('an unknown purpose reads "manage"; an unknown `via` and an unsafe link get no button', async () => {
    page.bff.snapshot = {
      ...active,
      actions: [
        { purpose: 'celebrate', via: 'portal', flow: null },
        { purpose: 'manage', via: 'telepathy' },
        { purpose: 'upgrade', via: 'link', url: 'javascript:alert(1)' },
      ] as never,
    };
    const widget = page.add();
    await widget.ready();
    expect(widget.labels).to.deep.equal(['Manage billing']);
  });

  it('a viewer reads who can manage, and has no buttons', async () => {
    page.bff.snapshot = readerOf(snapshots.pastDue);
    const widget = page.add();
    await widget.ready();
    expect(widget.labels).to.deep.equal([]);
    expect(widget.text).to.contain('Ask an owner or admin to update the payment.');
  });

  it('several subscriptions stand under the headline, each with its own state', async () => {
    page.bff.snapshot = several;
    const widget = page.add();
    await widget.ready();
    const rows = [...(widget.part('subscriptions')?.querySelectorAll('li') ?? [])].map((row) =>
      row.textContent?.replace(/\s+/g, ' '),
    );
    expect(rows).to.have.length(2);
    expect(rows[0]).to.contain('Team').and.contain('Payment due');
    expect(rows[1]).to.contain('Analytics add-on').and.contain('Trial').and.contain('plus tax');
  });

  it('a new card with the old invoice still open is told, and paying is offered', async () => {
    page.bff.snapshot = { ...snapshots.pastDue, payment: { ...snapshots.pastDue.payment, methodReplaced: true } };
    const widget = page.add();
    await widget.reads('the open invoice is not paid yet');
    expect(widget.labels).to.contain('Pay $29.00 now');
  });

  /** As a browser's translator does: a node of its own in the place of each text. */
  function translate({ root }: Shown): void {
    const texts: Text[] = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts.filter(({ data }) => data.trim())) {
      const font = document.createElement('font');
      font.textContent = `[${text.data}]`;
      text.replaceWith(font);
    }
  }

  it('F21: a page that a browser has translated shows what comes later', async () => {
    const widget = page.add();
    await widget.ready();
    translate(widget);
    page.bff.change({ ...active, revision: 'e1.2', plan: { ...team, name: 'Pro', quantity: 7 } });
    restoreFromCache();
    await widget.reads('Pro');
    expect(widget.part('name')?.textContent).to.equal('Pro');
  });

  it('F21: so does a failure, what is read out of it, and the button that was pressed', async () => {
    const widget = page.add();
    await widget.ready();
    translate(widget);
    const answer = page.bff.hold('portal-sessions');
    widget.button('[Manage billing]').click();
    await widget.reads('Opening…');
    translate(widget);
    answer.release(problem(503, 'stripe_unavailable'));
    await widget.reads('We couldn’t open the payment page.');
    expect(widget.labels).to.deep.equal(['Try again', 'Manage billing']);
    translate(widget);
    page.bff.next('portal-sessions', problem(429, 'rate_limited'));
    widget.button('[Try again]').click();
    await widget.reads('Too many tries. Wait a moment.');
    expect(widget.announced).to.equal('Too many tries. Wait a moment.');
    translate(widget);
    widget.part('retry')?.click();
    await page.departure;
    await settled();
    expect(widget.part('failure')).to.equal(null);
    expect(widget.text).to.contain('Opening…').and.not.contain('tries');
  });

  for (const tag of ['billhook-plan-status', 'billhook-past-due-banner', 'billhook-manage-button'] as const) {
    it(`F21: ${tag}, through trouble and back`, async () => {
      page.bff.snapshot = snapshots.pastDue;
      const piece = page.add(tag);
      await piece.until(() => piece.text !== '' && piece.phase === 'ready');
      translate(piece);
      page.bff.snapshot = { ...snapshots.restricted, revision: 'e1.2' };
      const changed = nextEvent(piece.element, 'billhook-change');
      restoreFromCache();
      await changed;
      await settled();
      translate(piece);
      page.bff.snapshot = { ...active, revision: 'e1.3', plan: { ...team, name: 'Pro' } };
      restoreFromCache();
      const after = {
        'billhook-plan-status': /^Pro Active Renews on/,
        'billhook-past-due-banner': /^$/,
        'billhook-manage-button': /^Manage billing$/,
      };
      await piece.until(() => after[tag].test(piece.text));
    });
  }

  it('F21: a failure beside the button alone, and the outcome of a trip', async () => {
    const button = page.add('billhook-manage-button');
    await button.ready();
    page.bff.next('portal-sessions', problem(503, 'stripe_unavailable'), problem(409, 'portal_not_configured'));
    button.button('Manage billing').click();
    await button.reads('We couldn’t open the payment page.');
    translate(button);
    button.button('[Manage billing]').click();
    await button.reads('The billing portal is not set up yet.');
    expect(button.text).not.to.contain('We couldn’t');

    sessionStorage.setItem(`billhook-visit:${apiUrl} two`, '{"id":"trip"}');
    const answer = page.bff.hold('visits/return');
    const widget = page.add('billhook-widget', { account: 'two' });
    await widget.until(() => widget.announced === 'Updating your account…');
    translate(widget);
    answer.release(visitReturn('changed', active, { kind: 'paymentMethod' }));
    await widget.reads('Your payment method');
    expect(widget.announced).to.match(/^Your payment method/);
  });

  it('F21: a translator tells the page’s new language, and every word follows it', async () => {
    const widget = page.add();
    await widget.ready();
    translate(widget);
    document.documentElement.lang = 'de';
    await widget.reads('Aktueller Tarif');
    // The plan's name is the same in both.
    expect(widget.text.replace('[Team]', '')).not.to.contain('[');
  });

  it('a scheduled change is told with its price', async () => {
    page.bff.snapshot = {
      ...active,
      next: { plan: { ...team, name: 'Basic', price: { amount: 900, currency: 'usd' } }, at: '2027-06-03T09:00:00Z' },
    };
    const widget = page.add();
    await widget.reads('Changes to Basic ($9 per month) on June 3, 2027');
  });

  it('B5: stale facts carry their time', async () => {
    page.bff.snapshot = { ...active, stale: true, asOf: '2027-05-10T09:30:00Z' };
    const widget = page.add();
    await widget.ready();
    expect(widget.text).to.match(/Last updated May 10, 2027, 9:30\sAM\./);
  });

  const pieces: readonly [TagName, BillingState, RegExp, readonly string[]][] = [
    ['billhook-plan-status', 'active', /^Team Active Renews on June 3, 2027 \$29 per month$/, []],
    ['billhook-plan-status', 'pastDue', /^Team Payment due Your last payment didn’t go through \$29 per month$/, []],
    ['billhook-past-due-banner', 'pastDue', /^Your last payment didn’t go through/, ['Update card', 'Pay $29.00 now']],
    ['billhook-past-due-banner', 'active', /^$/, []],
    ['billhook-manage-button', 'active', /^Manage billing$/, ['Manage billing']],
    ['billhook-manage-button', 'pastDue', /^Update card$/, ['Update card']],
  ];
  it('plan-status says what is wrong, and to a colleague who can act', async () => {
    page.bff.snapshot = readerOf(snapshots.pastDue);
    const status = page.add('billhook-plan-status');
    await status.ready();
    expect(status.text)
      .to.contain('A payment for this workspace didn’t go through')
      .and.contain('Ask an owner or admin');
  });

  for (const [tag, state, words, labels] of pieces) {
    it(`${tag}: ${state}`, async () => {
      page.bff.snapshot = snapshots[state];
      const piece = page.add(tag);
      await piece.ready();
      expect(piece.text).to.match(words);
      expect(piece.labels).to.deep.equal(labels);
    });
  }
});
