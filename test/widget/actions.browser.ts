import { expect } from '@open-wc/testing';
import { apiUrl, problem } from './bff-double.ts';
import { comeBack, configureBillhook, nextEvent, Page, restoreFromCache, settled } from './harness.ts';
import { active, snapshots } from './snapshots.ts';

describe('opening Stripe’s pages', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(() => page.close());

  it('M4, M10: opens a fresh session and follows its address; further clicks are ignored', async () => {
    const widget = page.add();
    await widget.ready();
    const held = page.bff.hold('portal-sessions');
    const width = widget.button('Manage billing').getBoundingClientRect().width;
    widget.button('Manage billing').click();
    await widget.reads('Opening…');
    const button = widget.button('Opening…');
    expect(button.getAttribute('aria-disabled')).to.equal('true');
    expect(button.hasAttribute('disabled')).to.equal(false);
    expect(button.getBoundingClientRect().width).to.equal(width);
    expect(widget.announced).to.equal('Opening…');
    button.click();
    button.click();
    held.release(Response.json(page.bff.opened));
    await page.departure;
    expect(page.bff.to('portal-sessions').map(({ body }) => body)).to.deep.equal([
      { returnUrl: location.href, locale: 'en', seen: 'e1.1' },
    ]);
    expect(page.left).to.deep.equal([page.bff.opened.url]);
    expect(sessionStorage.getItem(`billhook-visit:${apiUrl} `)).to.equal('{"id":"visit-1"}');
  });

  const ways = [
    [
      'a portal flow',
      snapshots.pastDue,
      'Update card',
      'portal-sessions',
      { flow: 'payment_method_update', returnUrl: location.href, locale: 'en', seen: 'e1.1' },
    ],
    ['an invoice page', snapshots.pastDue, 'Pay $29.00 now', 'invoice-sessions', { seen: 'e1.1' }],
    [
      'Checkout, for an offer',
      snapshots.none,
      'Choose Pro',
      'checkout-sessions',
      { offer: 'pro', returnUrl: location.href, locale: 'en', seen: 'e1.1' },
    ],
  ] as const;
  for (const [way, snapshot, label, route, body] of ways) {
    it(`opens ${way}`, async () => {
      page.bff.snapshot = snapshot;
      const widget = page.add();
      await widget.ready();
      const asked = page.bff.arrival(route);
      widget.button(label).click();
      expect((await asked).body).to.deep.equal(body);
    });
  }

  it("renders a host's link as a link", async () => {
    page.bff.snapshot = snapshots.paused;
    const widget = page.add();
    await widget.ready();
    expect(widget.button('Resume plan').getAttribute('href')).to.equal('https://app.example/resume');
  });

  it('lets the host take an action over', async () => {
    const widget = page.add();
    await widget.ready();
    widget.element.addEventListener('billhook-action', (event) => event.preventDefault());
    const pressed = nextEvent(document, 'billhook-action');
    widget.button('Manage billing').click();
    expect((await pressed).action).to.deep.equal({ purpose: 'manage', via: 'portal', flow: null });
    await settled();
    expect(page.bff.to('portal-sessions')).to.deep.equal([]);
    expect(widget.labels).to.deep.equal(['Manage billing']);
  });

  for (const [status, code, words] of [
    [503, 'stripe_unavailable', 'We couldn’t open the payment page. Nothing was changed.'],
    [429, 'rate_limited', 'Too many tries.'],
    [409, 'portal_not_configured', 'The billing portal is not set up yet.'],
    [404, 'no_customer', 'There is nothing to manage yet.'],
    [409, 'stripe_customer_missing', 'stripe_customer_missing'],
  ] as const) {
    it(`undoes the opening when it fails: ${code}`, async () => {
      const widget = page.add();
      await widget.ready();
      page.bff.next('portal-sessions', problem(status, code));
      const failed = nextEvent(document, 'billhook-error');
      widget.button('Manage billing').click();
      const event = await failed;
      expect([event.code, event.status]).to.deep.equal([code, status]);
      await widget.reads(words);
      expect(widget.button('Manage billing').getAttribute('aria-disabled')).to.equal('false');
      expect(widget.announced).to.contain(widget.part('failure')?.querySelector('p')?.textContent?.trim());
      expect(page.left).to.deep.equal([]);
    });
  }

  it('hides a failed opening when its state is over', async () => {
    page.bff.snapshot = snapshots.pastDue;
    const widget = page.add();
    await widget.ready();
    page.bff.next('portal-sessions', problem(503, 'stripe_unavailable'));
    widget.button('Update card').click();
    await widget.reads('We couldn’t open the payment page.');
    page.bff.snapshot = { ...active, revision: 'e1.2' };
    restoreFromCache();
    await widget.reads('Active');
    expect(widget.text).not.to.contain('open the payment page');
  });

  it('"Try again" presses once more what failed', async () => {
    page.bff.snapshot = snapshots.pastDue;
    const widget = page.add();
    await widget.ready();
    page.bff.next('portal-sessions', problem(503, 'stripe_unavailable'));
    widget.button('Update card').click();
    await widget.reads('We couldn’t open the payment page.');
    const asked = page.bff.arrival('portal-sessions');
    widget.button('Try again').click();
    expect((await asked).body).to.deep.equal(page.bff.to('portal-sessions')[0]?.body);
    await page.departure;
    expect(page.left).to.have.length(1);
  });

  it('keeps showing it while the state is the same', async () => {
    const widget = page.add();
    await widget.ready();
    page.bff.next('portal-sessions', problem(409, 'portal_not_configured'));
    const again = page.bff.arrival('billing');
    widget.button('Manage billing').click();
    await again; // a refusal says that what is shown may be old
    await settled();
    expect(widget.text).to.contain('The billing portal is not set up yet.');
  });

  for (const [target, opened] of [
    [undefined, 1],
    ['_self', 0],
  ] as const) {
    it(`an invoice opens in ${opened ? 'a tab of its own' : 'this page, where the host says so'}`, async () => {
      page.bff.snapshot = snapshots.pastDue;
      const { open } = window;
      let tabs = 0;
      window.open = () => {
        tabs++;
        return null;
      };
      try {
        const widget = page.add('billhook-widget', target ? { target } : {});
        await widget.ready();
        widget.button('Pay $29.00 now').click();
        await page.departure;
        expect(tabs).to.equal(opened);
      } finally {
        window.open = open;
      }
    });
  }

  it('uses this page where the browser refuses a tab', async () => {
    const { open } = window;
    window.open = () => null;
    try {
      const widget = page.add('billhook-widget', { target: '_blank' });
      await widget.ready();
      widget.button('Manage billing').click();
      await page.departure;
      expect(page.left).to.deep.equal([page.bff.opened.url]);
    } finally {
      window.open = open;
    }
  });

  for (const url of ['javascript:alert(1)', 'http://billing.stripe.test/', 'data:text/html,x', 'not an address']) {
    it(`does not follow ${url}`, async () => {
      page.bff.opened = { url, visit: 'v' };
      const widget = page.add();
      await widget.ready();
      const failed = nextEvent(widget.element, 'billhook-error');
      widget.button('Manage billing').click();
      expect((await failed).code).to.equal('address_refused');
      expect(page.left).to.deep.equal([]);
      expect(sessionStorage.length).to.equal(0);
    });
  }

  it('M10: is undone when the page comes back from the back/forward cache', async () => {
    const widget = page.add();
    await widget.ready();
    widget.button('Manage billing').click();
    await page.departure;
    restoreFromCache();
    await widget.reads('Nothing changed.');
    expect(widget.labels).to.deep.equal(['Manage billing']);
  });

  it('does not take a focus event before the navigation for a return', async () => {
    const widget = page.add();
    await widget.ready();
    widget.button('Manage billing').click();
    await page.departure;
    comeBack();
    await settled();
    expect(page.bff.to('visits/return')).to.deep.equal([]);
  });

  it('reports a navigation that throws, and no error reaches the page', async () => {
    configureBillhook({
      navigate: () => {
        throw new Error('no browser');
      },
    });
    const widget = page.add();
    await widget.ready();
    const failed = nextEvent(widget.element, 'billhook-error');
    widget.button('Manage billing').click();
    expect((await failed).error.cause).to.be.an('error');
    await widget.reads('Manage billing');
  });

  it('dispatches change events with the state', async () => {
    const first = nextEvent(document, 'billhook-change');
    const widget = page.add();
    expect((await first).previous).to.equal(null);
    await widget.ready();
    const second = nextEvent(document, 'billhook-change');
    page.bff.snapshot = { ...active, revision: 'e1.2', renewsAt: '2027-07-03T09:00:00Z' };
    restoreFromCache();
    const { snapshot, previous } = await second;
    expect([previous?.revision, snapshot.revision]).to.deep.equal(['e1.1', 'e1.2']);
  });
});
