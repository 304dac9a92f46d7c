import { expect } from '@open-wc/testing';
import { apiUrl, problem, tokenUrl } from './bff-double.ts';
import { comeBack, configureBillhook, forgetBillhook, nextEvent, Page, restoreFromCache, settled } from './harness.ts';
import { active, pro, snapshots } from './snapshots.ts';

describe('tokens and accounts', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(() => page.close());

  it('is requested when the element is connected, before the first render', () => {
    const { element } = page.add();
    expect(page.bff.to('token')).to.have.length(1);
    expect(element.hasUpdated).to.equal(false);
  });

  it('is fetched without a cache and without foreign cookies, and shared by all requests', async () => {
    const widget = page.add();
    await widget.ready();
    page.bff.snapshot = { ...active, revision: 'e1.2', plan: pro };
    const again = page.bff.arrival('billing');
    const other = new BroadcastChannel(`billhook-${apiUrl} `);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
    other.postMessage('e1.2');
    await again;
    other.close();
    expect(page.bff.to('token')).to.have.length(1);
    expect(page.bff.to('billing')[0]?.headers.get('authorization')).to.match(/^Bearer .+\..+\..+$/);
  });

  it('L15: is renewed once when it is refused, and the customer notices nothing', async () => {
    page.bff.next('billing', problem(401, 'token_expired'));
    const widget = page.add();
    await widget.ready();
    expect(page.bff.to('token')).to.have.length(2);
    const [first, second] = page.bff.to('billing').map(({ headers }) => headers.get('authorization'));
    expect(first).not.to.equal(second);
  });

  describe('a token-url that redirects', () => {
    const withField = (response: Response, field: 'type' | 'url', value: string) =>
      Object.defineProperty(response, field, { value });
    const redirected = () => withField(new Response(), 'type', 'opaqueredirect');

    it('F13: on the page’s own origin is followed to the token', async () => {
      page.bff.next('token', redirected(), withField(page.bff.token(), 'url', `${location.origin}${tokenUrl}/`));
      const widget = page.add();
      await widget.ready();
      expect(page.bff.to('token')).to.have.length(2);
    });

    it('F13: to another origin gives no token', async () => {
      page.bff.next('token', redirected(), withField(page.bff.token(), 'url', 'https://elsewhere.test/token'));
      const widget = page.add();
      await widget.until(() => widget.phase === 'hidden');
      expect(page.bff.to('billing')).to.deep.equal([]);
    });
  });

  it('L15: refused twice is a failure with a next step, not a loop', async () => {
    page.bff.next('billing', problem(401, 'token_invalid'), problem(401, 'token_invalid'));
    const failed = nextEvent(document, 'billhook-error');
    const widget = page.add();
    expect((await failed).code).to.equal('token_invalid');
    await widget.reads('Billing cannot be opened right now');
    expect(page.bff.to('token')).to.have.length(2);
    widget.button('Try again').click();
    await widget.ready();
    expect(widget.text).to.contain('Team').and.not.contain('cannot be opened');
  });

  const answers: readonly [name: string, answer: () => Response][] = [
    ...[204, 401, 403, 404, 419].map(
      (status) => [`${status}`, () => new Response(null, { status })] as [string, () => Response],
    ),
    ['{ "token": null }', () => Response.json({ token: null })],
    ['a login page with status 200', () => new Response('<h1>Sign in</h1>')],
  ];
  for (const [name, answer] of answers) {
    it(`${name} from the host is "signed out": nothing is shown, nothing is reported, nothing is asked`, async () => {
      page.bff.next('token', answer());
      let errors = 0;
      document.addEventListener('billhook-error', () => errors++, { once: true });
      const widget = page.add();
      await widget.until(() => widget.phase === 'hidden');
      expect(widget.element.getBoundingClientRect().height).to.equal(0);
      expect([errors, page.bff.to('billing').length]).to.deep.equal([0, 0]);
    });
  }

  it('shows the billing again when a person signs in elsewhere and returns to the tab', async () => {
    page.bff.next('token', new Response(null, { status: 401 }));
    const widget = page.add();
    await widget.until(() => widget.phase === 'hidden');
    const realNow = Date.now;
    Date.now = () => realNow() + 60_000;
    comeBack();
    await widget.ready();
  });

  it('for another person drops the former state, and never shows one person’s to the other', async () => {
    const widget = page.add();
    await widget.ready();
    page.bff.subject = 'account-2';
    const theirs = page.bff.hold('billing');
    restoreFromCache();
    const fresh = await page.bff.arrival('billing');
    await widget.until(() => widget.phase === 'loading');
    expect(widget.text).not.to.contain('Team');
    expect(fresh.headers.get('if-none-match')).to.equal(null);
    theirs.release(page.bff.billing({ ...active, plan: pro, revision: 'e1.1' }));
    await widget.reads('Pro');
  });

  it('another account attribute is another client: the old answer is aborted and never shown', async () => {
    const old = page.bff.hold('billing');
    const widget = page.add('billhook-widget', { account: 'one' });
    const first = await page.bff.arrival('billing');
    page.bff.snapshot = { ...active, plan: pro };
    widget.element.account = 'two';
    await widget.reads('Pro');
    expect(first.signal?.aborted).to.equal(true);
    old.release(page.bff.billing(active));
    await settled();
    expect(widget.part('name')?.textContent).to.equal('Pro');
  });

  it('may come from a function, which gets the account', async () => {
    const asked: (string | null)[] = [];
    configureBillhook({
      getToken: async ({ account }) => {
        asked.push(account);
        return ((await page.bff.token().json()) as { token: string }).token;
      },
    });
    const widget = page.add('billhook-widget', { account: 'acme' });
    widget.element.removeAttribute('token-url');
    const alone = page.add('billhook-plan-status', { account: 'other' });
    alone.element.remove();
    await widget.ready();
    const fresh = document.createElement('billhook-plan-status');
    fresh.setAttribute('api', apiUrl);
    fresh.setAttribute('account', 'function');
    document.body.append(fresh);
    await page.bff.arrival('billing');
    fresh.remove();
    expect(asked).to.deep.equal(['acme', 'function']);
  });

  it('is not requested again by options without a token source, or with the same one', async () => {
    const held = page.bff.hold('token');
    const widget = page.add();
    page.add('billhook-plan-status');
    configureBillhook({ words: { 'action.manage': 'Plan and invoices' } });
    configureBillhook({ api: apiUrl });
    held.release(page.bff.token());
    await widget.ready();
    expect(page.bff.to('token')).to.have.length(1);
  });

  it('is requested again, once, when the host sets another token source meanwhile', async () => {
    page.bff.hold('token');
    const widgets = ['billhook-widget', 'billhook-plan-status'].map((tag) => document.createElement(tag));
    const address = page.bff.arrival('token');
    configureBillhook({ api: apiUrl, account: 'another-way', tokenUrl: tokenUrl });
    document.body.append(...widgets);
    await address;
    configureBillhook({ tokenUrl: `${tokenUrl}?again` });
    expect(page.bff.seen.map(({ address }) => address)).to.deep.equal([tokenUrl, `${tokenUrl}?again`]);
    for (const widget of widgets) widget.remove();
  });

  it('is a new one for every opening', async () => {
    const widget = page.add();
    await widget.ready();
    widget.button('Manage billing').click();
    await page.departure;
    const [read, opened] = ['billing', 'portal-sessions'].map((route) =>
      page.bff.to(route as 'billing')[0]?.headers.get('authorization'),
    );
    expect(page.bff.to('token')).to.have.length(2);
    expect(opened).not.to.equal(read);
  });

  it('for another person, at an opening: nothing is opened, its tab is closed, and the other’s billing is shown', async () => {
    const { open } = window;
    const tab = { opener: window, closed: false, close: () => (tab.closed = true) };
    window.open = () => tab as unknown as Window;
    try {
      const widget = page.add('billhook-widget', { target: '_blank' });
      await widget.ready();
      page.bff.subject = 'account-2';
      page.bff.snapshot = { ...active, plan: pro, revision: 'e1.2' };
      widget.button('Manage billing').click();
      await widget.reads('Pro');
      expect(widget.labels).to.deep.equal(['Manage billing']);
      expect([page.bff.to('portal-sessions').length, tab.closed, page.left.length]).to.deep.equal([0, true, 0]);
    } finally {
      window.open = open;
    }
  });

  it('forgetBillhook() requests one token for all elements, and clears the tab’s storage', async () => {
    page.bff.snapshot = snapshots.pastDue;
    const [widget, status] = [page.add(), page.add('billhook-plan-status')];
    await Promise.all([widget.ready(), status.ready()]);
    await widget.until(() => widget.announced !== '');
    expect(Object.values(sessionStorage)).to.deep.equal(['e1.1']);
    page.bff.next('token', Response.json({ token: null }));
    forgetBillhook();
    expect(widget.element.snapshot).to.equal(null);
    await Promise.all([widget.until(() => widget.phase === 'hidden'), status.until(() => status.phase === 'hidden')]);
    expect([page.bff.to('token').length, sessionStorage.length]).to.deep.equal([2, 0]);
    page.bff.subject = 'account-2';
    page.bff.snapshot = { ...active, plan: pro, revision: 'e1.2' };
    forgetBillhook();
    await widget.reads('Pro');
  });

  it('options are checked when they are given, all at once', () => {
    expect(() => configureBillhook({ getToken: 'x', api: 5 } as never)).to.throw(
      TypeError,
      'getToken must be a function; api must be a string',
    );
  });
});
