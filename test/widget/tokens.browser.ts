import { expect } from '@open-wc/testing';
import { API, problem, TOKEN_URL } from './bff-double.ts';
import { comeBack, configureBillhook, nextEvent, Page, restoreFromCache, settled } from './harness.ts';
import { active, pro } from './snapshots.ts';

describe('tokens and accounts', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(() => page.close());

  it('is on its way in the very connection, before the first render', () => {
    const { element } = page.add();
    expect(page.bff.to('token')).to.have.length(1);
    expect(element.hasUpdated).to.equal(false);
  });

  it('is fetched without a cache and without foreign cookies, and shared by all requests', async () => {
    const widget = page.add();
    await widget.ready();
    restoreFromCache();
    await page.bff.arrival('billing');
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

  it('L15: refused twice is an honest failure with a way on, not a loop', async () => {
    page.bff.next('billing', problem(401, 'token_invalid'), problem(401, 'token_invalid'));
    const failed = nextEvent(document, 'billhook-error');
    const widget = page.add();
    expect((await failed).code).to.equal('token_invalid');
    await widget.reads('We could not confirm who you are.');
    expect(page.bff.to('token')).to.have.length(2);
    widget.button('Try again').click();
    await widget.ready();
    expect(widget.text).to.contain('Team').and.not.contain('confirm who you are');
  });

  for (const [name, answer] of [
    ['401', new Response(null, { status: 401 })],
    ['403', new Response(null, { status: 403 })],
  ] as const) {
    it(`${name} from the host is "signed out": nothing is shown, nothing is reported, nothing is asked`, async () => {
      page.bff.next('token', answer);
      let errors = 0;
      document.addEventListener('billhook-error', () => errors++, { once: true });
      const widget = page.add();
      await widget.until(() => widget.phase === 'hidden');
      expect(widget.element.getBoundingClientRect().height).to.equal(0);
      expect([errors, page.bff.to('billing').length]).to.deep.equal([0, 0]);
    });
  }

  it('comes back to life when somebody signs in elsewhere and returns to the tab', async () => {
    page.bff.next('token', new Response(null, { status: 401 }));
    const widget = page.add();
    await widget.until(() => widget.phase === 'hidden');
    const realNow = Date.now;
    Date.now = () => realNow() + 60_000;
    comeBack();
    await widget.ready();
  });

  it('for somebody else drops everything that was known, and never shows one the other', async () => {
    const widget = page.add();
    await widget.ready();
    page.bff.subject = 'account-2';
    page.bff.next('billing', problem(401, 'token_expired'));
    const theirs = page.bff.hold('billing');
    restoreFromCache();
    await page.bff.arrival('billing'); // their first, which is refused
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

  it('may come from a function, told which account it is for', async () => {
    const asked: (string | null)[] = [];
    configureBillhook({ getToken: ({ account }) => (asked.push(account), 'a.b.c') });
    const widget = page.add('billhook-widget', { account: 'acme' });
    widget.element.removeAttribute('token-url');
    const alone = page.add('billhook-plan-status', { account: 'other' });
    alone.element.remove();
    await widget.ready();
    const fresh = document.createElement('billhook-plan-status');
    fresh.setAttribute('api', API);
    fresh.setAttribute('account', 'function');
    document.body.append(fresh);
    await page.bff.arrival('billing');
    fresh.remove();
    expect(asked).to.deep.equal(['function']);
  });

  it('is not asked for again by options that say nothing of tokens, nor by ones that say the same', async () => {
    const held = page.bff.hold('token');
    const widget = page.add();
    page.add('billhook-plan-status');
    configureBillhook({ words: { 'action.manage': 'Plan and invoices' } });
    configureBillhook({ api: API });
    held.release(page.bff.token());
    await widget.ready();
    expect(page.bff.to('token')).to.have.length(1);
  });

  it('is asked for again, once, when the host says another way to one meanwhile', async () => {
    page.bff.hold('token');
    const widgets = ['billhook-widget', 'billhook-plan-status'].map((tag) => document.createElement(tag));
    const address = page.bff.arrival('token');
    configureBillhook({ api: API, account: 'another-way', tokenUrl: TOKEN_URL });
    document.body.append(...widgets);
    await address;
    configureBillhook({ tokenUrl: `${TOKEN_URL}?again` });
    expect(page.bff.seen.map(({ address }) => address)).to.deep.equal([TOKEN_URL, `${TOKEN_URL}?again`]);
    for (const widget of widgets) widget.remove();
  });

  it('options are checked when they are given, all at once', () => {
    expect(() => configureBillhook({ getToken: 'x', api: 5 } as never)).to.throw(
      TypeError,
      'getToken must be a function; api must be a string',
    );
  });
});
