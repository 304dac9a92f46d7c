/** A page's handling of a visit to Stripe, from the stored id to its end, and that of the tab's next page. */
import { describe, expect, it } from 'vitest';
import { BrowserDouble, minuteMs, secondMs, type Tab } from './browser-double.ts';
import { active, pro } from './snapshots.ts';

const unsettled = JSON.stringify({ id: 'visit-1' });
const settled = JSON.stringify({ id: 'visit-1', settledAt: 'e1.1' });
const upgraded = { ...active, revision: 'e1.2', plan: pro };

/** A page that came back from Stripe a second ago. */
async function returned(browser: BrowserDouble, stored: string | undefined = unsettled): Promise<Tab> {
  const tab = browser.tab({ stored, random: () => 0.5 });
  await browser.pass(secondMs);
  return tab;
}

const visitOf = (tab: Tab) => tab.client.state().visit;
const returns = (browser: BrowserDouble) => browser.asked.filter(({ what }) => what === 'return').length;

describe('a visit that returned', () => {
  it('is settled at the revision of its outcome, which the next page does not announce again', async () => {
    const browser = new BrowserDouble();
    browser.visitReturn = { outcome: 'changed', changes: [{ kind: 'resumed' }] };
    const tab = await returned(browser);
    expect(tab.client.state()).toMatchObject({ visit: 'changed', changes: [{ kind: 'resumed' }] });
    expect(tab.stored).toBe(settled);

    const next = await returned(browser, tab.stored ?? undefined);
    expect(returns(browser), 'the person may have gone Back to Stripe').toBe(2);
    expect(visitOf(next)).toBe('none');
  });

  it('and was settled is announced again only at another revision', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = upgraded;
    browser.visitReturn = { outcome: 'changed', changes: [{ kind: 'keeps' }] };
    const tab = await returned(browser, settled);
    expect(visitOf(tab)).toBe('changed');
    expect(tab.stored).toBe(JSON.stringify({ id: 'visit-1', settledAt: 'e1.2' }));
  });

  it('and was settled is not called pending while Stripe cannot be reached', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = upgraded;
    browser.visitReturn = { outcome: 'pending', changes: [] };
    const tab = await returned(browser, settled);
    expect([returns(browser), visitOf(tab), tab.stored]).toEqual([1, 'none', settled]);
  });

  it('is "returning" for 24 seconds, then pending, and stays stored', async () => {
    const browser = new BrowserDouble();
    browser.visitReturn = { outcome: 'pending', changes: [] };
    const tab = await returned(browser);
    expect(visitOf(tab)).toBe('returning');
    await browser.pass(26 * secondMs);
    expect(visitOf(tab)).toBe('pending');
    expect(tab.stored).toBe(unsettled);
  });

  it('that the BFF does not know is dropped, and the billing is read', async () => {
    const browser = new BrowserDouble();
    browser.trouble = (_wait, what) => (what === 'return' ? { status: 404, body: { code: 'visit_not_found' } } : null);
    const tab = await returned(browser);
    expect([visitOf(tab), tab.stored, tab.fresh]).toEqual(['none', null, true]);
    await browser.pass(minuteMs);
    expect(returns(browser)).toBe(1);
  });

  it('has its outcome shown for ten minutes', async () => {
    const browser = new BrowserDouble();
    const tab = await returned(browser);
    await browser.pass(9 * minuteMs);
    expect(visitOf(tab)).toBe('unchanged');
    await browser.pass(7 * minuteMs);
    expect([visitOf(tab), tab.stored]).toEqual(['none', null]);
  });

  it('is found by a tab that is shown, even just after a read', async () => {
    const browser = new BrowserDouble();
    const tab = browser.tab();
    await browser.pass(secondMs);
    tab.stored = unsettled;
    tab.show();
    await browser.pass(secondMs);
    expect([returns(browser), visitOf(tab)]).toEqual([1, 'unchanged']);
  });

  it('and is pending is not asked for sooner when the tab is shown', async () => {
    const browser = new BrowserDouble();
    browser.visitReturn = { outcome: 'pending', changes: [] };
    const tab = await returned(browser);
    const asked = returns(browser);
    tab.show();
    await browser.pass(secondMs / 2);
    expect(returns(browser)).toBe(asked);
  });

  it('and is pending is resumed when the same person signs in again', async () => {
    const browser = new BrowserDouble();
    browser.visitReturn = { outcome: 'pending', changes: [] };
    const tab = await returned(browser);
    browser.account = null;
    browser.trouble = (_wait, what) => (what === 'return' ? { status: 401, body: { code: 'token_invalid' } } : null);
    await browser.pass(5 * secondMs);
    expect(tab.client.state()).toMatchObject({ signedOut: true, visit: 'none', snapshot: null });
    expect(tab.stored).toBe(unsettled);
    browser.account = 'account-1';
    browser.trouble = () => null;
    browser.visitReturn = { outcome: 'changed', changes: [] };
    await browser.pass(5 * secondMs);
    tab.show();
    await browser.pass(secondMs);
    expect(tab.client.state()).toMatchObject({ signedOut: false, visit: 'changed' });
  });

  it('has its outcome hidden when the next one begins, which is resumed where the page stayed', async () => {
    const browser = new BrowserDouble();
    const tab = await returned(browser);
    const opened = tab.client.open({ purpose: 'manage', via: 'portal', flow: null }, false, undefined);
    await browser.pass(secondMs);
    await opened;
    expect(tab.client.state()).toMatchObject({ visit: 'none', opening: { via: 'portal' } });
    expect(tab.stored).toBe(JSON.stringify({ id: 'visit-2' }));
    await browser.pass(21 * secondMs);
    expect(tab.client.state(), 'the person pressed Stop').toMatchObject({ visit: 'none', opening: null });
    tab.show();
    await browser.pass(secondMs);
    expect([returns(browser), visitOf(tab)]).toEqual([2, 'unchanged']);
  });

  it.each([
    ['{"id":"visit-1"}', 'unchanged'],
    ['{"id":"visit-1","settledAt":"e1.1"}', 'none'],
    ['visit-1', 'none'],
    ['{"id":5}', 'none'],
    ['{"id', 'none'],
    ['', 'none'],
  ])('stored as %j, by this widget or by mistake, is %s', async (stored, visit) => {
    const browser = new BrowserDouble();
    const tab = await returned(browser, stored);
    expect([visitOf(tab), returns(browser)]).toEqual([visit, stored.includes('visit-1"') ? 1 : 0]);
  });
});

describe('another account', () => {
  /** Its next request is refused, and the host then signs for another account. */
  const switchAccount = (browser: BrowserDouble) => {
    let refused = 0;
    browser.trouble = (_wait, what) => {
      if (what !== 'billing' || refused++) return null;
      browser.account = 'account-2';
      return { status: 401, body: { code: 'token_invalid' } };
    };
  };

  it('gets no outcome of the former account’s visit', async () => {
    const browser = new BrowserDouble();
    const tab = await returned(browser);
    expect([visitOf(tab), tab.stored]).toEqual(['unchanged', settled]);
    switchAccount(browser);
    await browser.pass(2 * minuteMs);
    tab.show();
    await browser.pass(secondMs);
    expect(browser.tokens()).toHaveLength(2);
    expect([visitOf(tab), tab.stored, tab.fresh]).toEqual(['none', null, true]);
  });

  it('is not shown an answer to the former one that was on its way', async () => {
    const browser = new BrowserDouble();
    browser.visitReturn = { outcome: 'changed', changes: [] };
    switchAccount(browser);
    const { trouble } = browser;
    browser.trouble = async (wait, what) => {
      if (what !== 'return') return trouble(wait, what);
      const body = { ...browser.visitReturn, snapshot: { ...upgraded, revision: 'e1.9' } };
      await browser.after(100);
      return { status: 200, body };
    };
    const tab = await returned(browser);
    expect(browser.tokens()).toHaveLength(2);
    expect(tab.client.state()).toMatchObject({ visit: 'none', snapshot: { revision: 'e1.1' }, failure: null });
  });
});

describe('a request', () => {
  it('with a refused token is repeated once, with a new one', async () => {
    const browser = new BrowserDouble();
    let refused = 0;
    browser.trouble = () => (refused++ ? null : { status: 401, body: { code: 'token_invalid' } });
    const tab = browser.tab();
    await browser.pass(secondMs);
    expect([browser.tokens().length, browser.billing().map(({ status }) => status)]).toEqual([2, [401, 200]]);
    expect([tab.fresh, tab.client.state().failures]).toEqual([true, 0]);
  });

  it('with all tokens refused fails, and is not repeated again', async () => {
    const browser = new BrowserDouble();
    browser.trouble = () => ({ status: 401, body: { code: 'token_invalid' } });
    const tab = browser.tab();
    await browser.pass(minuteMs);
    expect([browser.billing().length, tab.client.state().failure?.code]).toEqual([2, 'token_invalid']);
  });

  it('that is a long poll and is answered 429 was not cut: the next one is a long poll again', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = { ...active, state: 'processing' };
    let waited = 0;
    browser.trouble = (wait) => (wait && !waited++ ? { status: 429, headers: { 'retry-after': '5' } } : null);
    browser.tab({ random: () => 0.5 });
    await browser.pass(minuteMs);
    const [first, limited, next] = browser.billing().map(({ status, wait }) => [status, wait > 0]);
    expect([first, limited, next]).toEqual([
      [200, false],
      [429, true],
      [304, true],
    ]);
  });
});
