import { expect } from '@open-wc/testing';
import { problem } from './bff-double.ts';
import { configureBillhook, Page, restoreFromCache, type Shown } from './harness.ts';
import { snapshots } from './snapshots.ts';

/** Properties that axe-core cannot see; it checks its own over the whole gallery (`e2e/gallery.accessibility.e2e.ts`). */
describe('for everyone', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(() => page.close());

  it('the live region exists, empty, before its first message', async () => {
    page.bff.hold('billing');
    const widget = page.add();
    await widget.element.updateComplete;
    expect(widget.root.querySelector('[role=status]')?.textContent).to.equal('');
  });

  it('trouble at load is a labelled region, announced politely, once a session', async () => {
    page.bff.snapshot = snapshots.pastDue;
    const widget = page.add();
    await widget.ready();
    const banner = widget.part('banner');
    expect(banner?.getAttribute('role')).to.equal('region');
    expect(widget.root.getElementById(banner?.getAttribute('aria-labelledby') ?? '')?.textContent).to.equal(
      'Your last payment didn’t go through',
    );
    expect(widget.announced).to.contain('Your last payment didn’t go through.');
    widget.element.remove();
    const second = page.add();
    await second.ready();
    expect(second.announced).to.equal('');
  });

  it('trouble that begins while the page is open is an alert', async () => {
    const widget = page.add();
    await widget.ready();
    page.bff.snapshot = { ...snapshots.pastDue, revision: 'e1.2' };
    restoreFromCache();
    await widget.reads('Your last payment didn’t go through');
    expect(widget.part('banner')?.getAttribute('role')).to.equal('alert');
  });

  it('the outcome of a press is announced once, by the pressed element', async () => {
    const elements = [
      page.add('billhook-past-due-banner'),
      page.add('billhook-widget'),
      page.add('billhook-manage-button'),
    ];
    for (const element of elements) await element.ready();
    const [, widget, button] = elements as [Shown, Shown, Shown];
    const failure = 'We couldn’t open the payment page. Nothing was changed.';
    for (const pressed of [button, widget]) {
      page.bff.next('portal-sessions', problem(503, 'stripe_unavailable'));
      pressed.button('Manage billing').click();
      await pressed.reads(failure);
      await Promise.all(elements.map(({ element }) => element.updateComplete));
      expect(elements.filter(({ text }) => text.includes(failure))).to.deep.equal([pressed]);
      expect(elements.filter(({ announced }) => announced === failure)).to.deep.equal([pressed]);
    }
  });

  it('focus stays on the button that was pressed, through opening and failure', async () => {
    const widget = page.add();
    await widget.ready();
    const button = widget.button('Manage billing');
    button.focus();
    page.bff.next('portal-sessions', problem(503, 'stripe_unavailable'));
    button.click();
    await widget.reads('open the payment page');
    expect(widget.root.activeElement).to.equal(button);
  });

  it('focus stays in the element when the button that had it goes', async () => {
    page.bff.next('billing', problem(503, 'store_unavailable'));
    const widget = page.add();
    await widget.reads('Try again');
    const again = widget.button('Try again');
    again.focus();
    again.click();
    await widget.ready();
    expect(again.isConnected).to.equal(false);
    expect(widget.root.activeElement).to.equal(widget.root.querySelector('.root'));
    expect(document.activeElement).to.equal(widget.element);
  });

  it('words, dates, plurals and direction follow the language of the words', async () => {
    configureBillhook({ lang: 'ar', locales: { ar: { renewsOn: 'تتجدد في {date}' } } });
    const widget = page.add();
    await widget.ready();
    const root = widget.root.querySelector('.root');
    expect([root?.getAttribute('lang'), root?.getAttribute('dir')]).to.deep.equal(['ar', 'rtl']);
    expect(getComputedStyle(widget.part('plan') as Element).direction).to.equal('rtl');
    expect(widget.text).to.contain('يونيو');
  });

  it("the page's language is used where the widget has its words", async () => {
    document.documentElement.lang = 'en-GB';
    const widget = page.add();
    await widget.reads('Renews on 3 June 2027');
    document.documentElement.lang = 'en-US';
    await widget.reads('Renews on June 3, 2027');
    document.documentElement.lang = 'sv';
    await widget.until(() => widget.root.querySelector('.root')?.getAttribute('lang') === 'en');
  });
});
