/** A page’s client between its elements, the person and Stripe’s pages: its requests, and their end. */
import { describe, expect, it } from 'vitest';
import type { Subscriber } from '../../widget/src/client/client-state.ts';
import { BrowserDouble, hourMs, minuteMs, secondMs, tokenAddress, type Tab } from './browser-double.ts';
import { active, pro } from './snapshots.ts';

const manage = { purpose: 'manage', via: 'portal', flow: null } as const;
const later = { ...active, revision: 'e1.2', plan: pro };
const processing = { ...active, state: 'processing' } as const;
const unsettled = JSON.stringify({ id: 'visit-1' });
const base = 'https://billing.test/';

async function loaded(browser: BrowserDouble, options: Parameters<BrowserDouble['tab']>[0] = {}): Promise<Tab> {
  const tab = browser.tab({ random: () => 0.5, ...options });
  await browser.pass(secondMs);
  return tab;
}
const element = (): Subscriber => ({ whole: false, changed() {}, snapshotChanged() {}, failed() {} });
const asks = (browser: BrowserDouble, since: number) => browser.billing(since).map(({ what }) => what);
const opens = (browser: BrowserDouble) => browser.asked.filter(({ what }) => what === 'open');

describe('elements of one account', () => {
  it('share a client, and those of another server, account or source of tokens do not', async () => {
    const tab = await loaded(new BrowserDouble());
    const own = [base, null, tokenAddress] as const;
    expect(tab.clientOf(...own)).toBe(tab.client);
    const others = [
      tab.clientOf('https://other.test/', null, tokenAddress),
      tab.clientOf(base, 'a', tokenAddress),
      tab.clientOf(base, null, { ...tokenAddress, url: 'https://app.example/other' }),
      tab.clientOf(base, null, { ...tokenAddress, credentials: 'include' }),
      tab.clientOf(base, null, null),
      tab.clientOf(base, 'a', { url: 'b', credentials: '' as 'include' }),
      tab.clientOf(base, 'ab', null),
    ];
    expect(new Set([tab.client, ...others]).size).toBe(others.length + 1);
  });

  it('ask together: one that comes asks nothing, and one that leaves stops nothing', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    const second = element();
    tab.client.attach(second);
    await browser.pass(minuteMs);
    expect(browser.billing()).toHaveLength(1);
    tab.client.detach(second);
    await browser.pass(6 * minuteMs);
    expect(browser.billing()).toHaveLength(2);
  });

  it('speak through one of them: the one that shows everything, else the first', async () => {
    const { client } = await loaded(new BrowserDouble());
    const parts = [element(), element()] as const;
    for (const part of parts) client.attach(part);
    expect(parts.map((part) => client.isAnnouncer(part))).toEqual([false, false]);
    const whole = { ...element(), whole: true };
    client.attach(whole);
    expect([...parts, whole].map((part) => client.isAnnouncer(part))).toEqual([false, false, true]);
    client.detach(whole);
    expect(client.isAnnouncer(whole)).toBe(false);
  });

  it('are forgotten when the last one leaves, and not while it is moved', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    void tab.client.open(manage, false, undefined);
    await browser.pass(secondMs);
    const [stays, moved] = [tab.client, element()];
    tab.leave();
    tab.client.attach(moved);
    await browser.pass(secondMs);
    expect(tab.clientOf(base, null, tokenAddress)).toBe(stays);
    expect(stays.state()).toMatchObject({ snapshot: active, opening: null });
    stays.detach(moved);
    stays.detach(moved);
    await browser.pass(0);
    expect(tab.clientOf(base, null, tokenAddress)).not.toBe(stays);
  });

  it.each<[string, (browser: BrowserDouble, tab: Tab) => void]>([
    ['a token on its way', () => {}],
    [
      'a token that tells which person it is',
      (browser, tab) => {
        tab.hide();
        tab.show();
        expect(browser.pending).toBe(1);
      },
    ],
    ['a click on its way', (_, tab) => void tab.client.open(manage, false, undefined)],
  ])('leave nothing behind: %s', async (what, begin) => {
    const browser = new BrowserDouble();
    const tab = what === 'a token on its way' ? browser.tab() : await loaded(browser);
    begin(browser, tab);
    tab.leave();
    await browser.pass(0);
    expect(browser.pending).toBe(0);
    // The timers that are left are the double's own, of an answer of 5 ms that was given up.
    await browser.pass(5);
    expect(browser.clock.countTimers()).toBe(0);
  });

  it('know nothing at first, and hear of all that is news', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    const client = tab.clientOf(base, 'other', tokenAddress);
    expect(client.state()).toMatchObject({ snapshot: null, changes: [], alerting: false, visit: 'none' });
    const heard: unknown[] = [];
    client.attach({
      ...element(),
      snapshotChanged: (next, previous) => heard.push([next.revision, previous?.revision]),
    });
    await browser.pass(secondMs);
    browser.change(later);
    await browser.pass(6 * minuteMs);
    expect(heard).toEqual([
      ['e1.1', undefined],
      ['e1.2', 'e1.1'],
    ]);
  });

  it('may leave in the moment of their news', async () => {
    const browser = new BrowserDouble();
    const tab = browser.tab();
    tab.leave();
    await browser.pass(0);
    const client = tab.clientOf(base, null, tokenAddress);
    const leaving = { ...element(), snapshotChanged: () => client.detach(leaving) };
    client.attach(leaving);
    await browser.pass(secondMs);
    expect(client.state()).toMatchObject({ snapshot: active, failure: null });
  });

  it('leave no clock behind of a page that was left for Stripe', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    await Promise.all([tab.client.open(manage, false, undefined), browser.pass(secondMs)]);
    tab.leave();
    expect(browser.clock.countTimers()).toBe(0);
  });
});

describe('a click', () => {
  const press = async (browser: BrowserDouble, tab: Tab, newTab = false) => {
    const opened = tab.client.open(manage, newTab, undefined);
    await browser.pass(secondMs);
    await opened;
  };

  it('asks for a page with what the person saw, once, with a token of its own moment', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    const tokens = browser.tokens().length;
    void tab.client.open(manage, false, undefined);
    await press(browser, tab);
    expect(opens(browser)).toMatchObject([{ body: { seen: 'e1.1' } }]);
    expect(browser.tokens()).toHaveLength(tokens + 1);
    expect(tab.left).toEqual(['https://stripe.example/']);
    expect(tab.stored).toBe(JSON.stringify({ id: 'visit-2' }));
  });

  it('on a page that knows nothing yet says so', async () => {
    const browser = new BrowserDouble();
    browser.trouble = (_, what) => (what === 'billing' ? 'down' : null);
    const tab = await loaded(browser);
    await press(browser, tab);
    expect(opens(browser)).toMatchObject([{ body: { seen: null } }]);
  });

  it('has the connection for itself: held polls of the page end for as long as it takes', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    const tab = await loaded(browser);
    tab.clientOf(base, 'other', tokenAddress).attach(element());
    await browser.pass(secondMs);
    expect(browser.pending).toBe(2);
    const opened = press(browser, tab);
    await browser.pass(0);
    expect(browser.pending, 'its token').toBe(1);
    await opened;
    expect(browser.pending, 'the other account’s goes on').toBe(1);
  });

  it('that leaves asks nothing, whatever the browser tells meanwhile', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    await press(browser, tab);
    const since = browser.clock.now;
    await browser.pass(5 * secondMs);
    tab.focus();
    tab.hide();
    tab.show();
    await browser.pass(5 * secondMs);
    expect([asks(browser, since), browser.tokens(since)]).toEqual([[], []]);
  });

  it('that leaves asks nothing until the page has stood for 20 s: the person has stopped it', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    await press(browser, tab);
    const since = browser.clock.now;
    await browser.pass(18 * secondMs);
    expect(tab.client.state().opening).toEqual(manage);
    await browser.pass(2 * secondMs);
    expect(tab.client.state().opening).toBeNull();
    expect(asks(browser, since)).toEqual([]);
    await browser.pass(6 * minuteMs);
    expect(asks(browser, since)).toHaveLength(1);
  });

  it('in a new tab leaves this one as it is', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    await press(browser, tab, true);
    expect([tab.client.state().opening, tab.left]).toEqual([null, []]);
  });

  it.each([
    ['comes back', (tab: Tab) => tab.restore()],
    ['is another person’s', (tab: Tab) => tab.client.forget()],
  ])('has 20 s of its own where the page %s after an earlier one', async (_, between) => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    await press(browser, tab);
    await browser.pass(9 * secondMs);
    between(tab);
    await browser.pass(secondMs);
    expect(tab.client.state().opening).toBeNull();
    await press(browser, tab);
    await browser.pass(12 * secondMs);
    expect(tab.client.state().opening).toEqual(manage);
  });

  it.each([
    [404, 'no_customer', ['billing']],
    [409, 'subscription_exists', ['billing']],
    [502, 'stripe_rejected', []],
  ])('that is refused with %d is told, and the billing is read where it is older', async (status, code, asked) => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    browser.trouble = (_, what) => (what === 'open' ? { status, body: { code } } : null);
    const since = browser.clock.now;
    await press(browser, tab);
    expect(tab.client.state()).toMatchObject({ opening: null, openFailure: { code }, failure: null });
    expect(tab.failures).toEqual([code]);
    expect(asks(browser, since)).toEqual(['open', ...asked]);
    await browser.pass(6 * minuteMs);
    expect(asks(browser, since).length, 'the page goes on').toBe(asked.length + 2);
    tab.client.retry();
    expect(tab.client.state().openFailure).toBeNull();
  });

  it('of a person who is signed out shows nothing, and asks nothing', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    browser.account = null;
    const since = browser.clock.now;
    await press(browser, tab);
    expect(tab.client.state()).toMatchObject({ signedOut: true, snapshot: null, opening: null, openFailure: null });
    await browser.pass(hourMs);
    expect([asks(browser, since), tab.failures]).toEqual([[], []]);
  });

  it('is given up where another person signs in meanwhile', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    const opened = tab.client.open(manage, false, undefined);
    tab.client.forget();
    await browser.pass(secondMs);
    await opened;
    expect([tab.left, tab.failures, tab.client.state().opening]).toEqual([[], [], null]);
    expect(tab.client.state().snapshot).toEqual(active);
  });
});

describe('a page that a person comes back to', () => {
  it('after a moment asks for a token alone, which tells whose page it is', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    const since = browser.clock.now;
    tab.focus();
    await browser.pass(100);
    expect(browser.tokens(since), 'it was never hidden').toEqual([]);
    tab.hide();
    tab.show();
    await browser.pass(100);
    expect([asks(browser, since), browser.tokens(since).length]).toEqual([[], 1]);
    tab.hide();
    browser.account = null;
    tab.show();
    await browser.pass(100);
    expect(tab.client.state()).toMatchObject({ signedOut: true, snapshot: null });
    const signedOutAt = browser.clock.now;
    await browser.pass(hourMs);
    expect(browser.tokens(signedOutAt)).toEqual([]);
  });

  it('whose token cannot be had just now shows what it knows', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    browser.tokenFailure = 502;
    tab.hide();
    tab.show();
    await browser.pass(100);
    expect(tab.client.state()).toMatchObject({ signedOut: false, snapshot: active, failure: null });
  });

  it('while an outcome is waited for does not cut that off', async () => {
    const browser = new BrowserDouble();
    browser.trouble = async (_, what) => {
      if (what === 'return') await browser.after(10 * secondMs);
      return null;
    };
    const tab = browser.tab({ stored: unsettled });
    await browser.pass(5 * secondMs);
    tab.focus();
    await browser.pass(10 * secondMs);
    expect(asks(browser, 0).filter((what) => what === 'return')).toHaveLength(1);
  });

  it('whose person is another shows the other’s billing alone', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    tab.hide();
    browser.account = 'account-2';
    browser.change({ ...later });
    tab.show();
    await browser.pass(secondMs);
    expect(tab.client.state().snapshot).toEqual(later);
    expect(asks(browser, 0)).toEqual(['billing', 'billing']);
  });

  it('while it asks, asks anew: the token on its way may be another person’s', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    const tab = await loaded(browser);
    const since = browser.clock.now;
    expect(browser.pending).toBe(1);
    tab.hide();
    tab.show();
    await browser.pass(secondMs);
    expect(asks(browser, since)[0]).toBe('billing');
    expect(browser.pending).toBe(1);
  });

  it('from Stripe asks once, however many events a browser makes of it', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    tab.hide();
    tab.stored = unsettled;
    const since = browser.clock.now;
    tab.show();
    tab.focus();
    await browser.pass(secondMs);
    expect(asks(browser, since)).toEqual(['return']);
  });

  it('with an outcome that is told asks for the billing', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser, { stored: unsettled });
    await browser.pass(minuteMs);
    const since = browser.clock.now;
    tab.focus();
    await browser.pass(100);
    expect(asks(browser, since)).toEqual(['billing']);
    tab.freeze();
    tab.restore();
    await browser.pass(100);
    expect(asks(browser, since), 'from the cache: perhaps with more of the trip').toEqual(['billing', 'return']);
  });

  it('with an outcome that is awaited asks for it', async () => {
    const browser = new BrowserDouble();
    browser.trouble = (_, what) => (what === 'return' ? 'down' : null);
    const tab = await loaded(browser, { stored: unsettled });
    await browser.pass(3 * secondMs);
    tab.online(false);
    await browser.pass(10 * secondMs);
    browser.trouble = () => null;
    const since = browser.clock.now;
    tab.online(true);
    await browser.pass(100);
    expect(asks(browser, since)).toEqual(['return']);
  });

  it('shows at once that a trip is looked at, and no failure of an earlier click', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    browser.trouble = (_, what) => (what === 'open' ? { status: 502, body: { code: 'stripe_rejected' } } : null);
    void tab.client.open(manage, false, undefined);
    await browser.pass(minuteMs);
    expect(tab.client.state()).toMatchObject({ openFailure: { code: 'stripe_rejected' }, visit: 'none' });
    tab.focus();
    expect(tab.client.state(), 'no trip').toMatchObject({ openFailure: { code: 'stripe_rejected' } });
    await browser.pass(minuteMs);
    tab.stored = unsettled;
    tab.focus();
    expect(tab.client.state()).toMatchObject({ openFailure: null, visit: 'returning' });
  });

  it('after a trip tries held polls again where a proxy had cut them, and not at every look', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    browser.trouble = (wait) => (wait ? { status: 504 } : null);
    const tab = await loaded(browser);
    await browser.pass(20 * secondMs);
    const heldSince = (since: number) => browser.billing(since).filter(({ wait }) => wait).length;
    let since = browser.clock.now;
    tab.focus();
    await browser.pass(minuteMs);
    expect(heldSince(since)).toBe(0);
    tab.stored = unsettled;
    browser.trouble = () => null;
    since = browser.clock.now;
    tab.focus();
    await browser.pass(2 * minuteMs);
    expect(heldSince(since)).toBeGreaterThan(1);
  });

  it('waits for ten more minutes, also where its last request is a moment ago', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    browser.trouble = (wait) => (wait ? { status: 504 } : null);
    const tab = await loaded(browser);
    const began = browser.clock.now;
    while (browser.clock.now - began < 9 * minuteMs || browser.clock.now - (browser.billing().at(-1)?.at ?? 0) > 100) {
      await browser.pass(50); // oxlint-disable-line no-await-in-loop -- virtual time
    }
    const since = browser.clock.now;
    tab.focus();
    await browser.pass(8 * minuteMs);
    expect(asks(browser, since).length, 'every 15 s').toBeGreaterThan(30);
  });
});

describe('a page in the back/forward cache', () => {
  it('is another person’s when it is back, until a new token says whose; and once', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    tab.hide();
    tab.freeze();
    const since = browser.clock.now;
    tab.restore();
    await browser.pass(secondMs);
    tab.show();
    await browser.pass(secondMs);
    expect([asks(browser, since), browser.tokens(since).length]).toEqual([['billing'], 1]);
  });

  it('has nothing pending, no clock and no channel; and asks when it is back', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    const tab = await loaded(browser);
    tab.freeze();
    await browser.pass(0);
    expect(browser.pending).toBe(0);
    await browser.pass(hourMs);
    expect(browser.clock.countTimers()).toBe(0);
    const since = browser.clock.now;
    tab.restore();
    await browser.pass(100);
    expect(asks(browser, since)[0]).toBe('billing');
    expect(browser.tokens(since)).toHaveLength(1);
  });
});

describe('another tab’s news', () => {
  it('is asked for at once, and told no further', async () => {
    const browser = new BrowserDouble();
    const [first] = [await loaded(browser), await loaded(browser), await loaded(browser)];
    await browser.pass(minuteMs);
    browser.change(later);
    browser.told.length = 0;
    const since = browser.clock.now;
    first.focus();
    await browser.pass(100);
    expect(browser.tabs.map(({ fresh }) => fresh)).toEqual([true, true, true]);
    expect([asks(browser, since).length, browser.told]).toEqual([3, ['e1.2']]);
  });

  it.each<[string, (browser: BrowserDouble, tab: Tab) => void | Promise<void>]>([
    ['is hidden', (_, tab) => tab.hide()],
    ['is being left', (_, tab) => void tab.client.open(manage, false, undefined)],
    [
      'was asked for a pause',
      async (browser, tab) => {
        browser.trouble = () => ({ status: 429, headers: { 'retry-after': '120' }, body: { code: 'rate_limited' } });
        tab.focus();
        await browser.pass(secondMs);
        browser.trouble = () => null;
      },
    ],
  ])('is not asked for by a page that %s', async (_, prepare) => {
    const browser = new BrowserDouble();
    const [tab, other] = [await loaded(browser), await loaded(browser)];
    await browser.pass(minuteMs);
    await prepare(browser, tab);
    await browser.pass(secondMs);
    browser.change(later);
    const since = browser.clock.now;
    other.focus();
    await browser.pass(secondMs);
    expect(browser.billing(since).map((asked) => asked.tab)).toEqual([1]);
  });

  it('of another account is none', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    const other = (await loaded(browser, { person: 'one' })).clientOf(base, 'other', tokenAddress);
    await browser.pass(minuteMs);
    const since = browser.clock.now;
    browser.change(later);
    other.attach(element());
    await browser.pass(secondMs);
    expect(asks(browser, since)).toEqual(['billing']);
    expect(tab.fresh).toBe(false);
  });
});

describe('the page’s options are others', () => {
  const getToken = () => new Promise<string>(() => {});

  it('and nothing is asked where the billing is known, or where the same token is on its way', async () => {
    const browser = new BrowserDouble();
    const tab = browser.tab();
    tab.client.reconfigured();
    await browser.pass(secondMs);
    tab.client.reconfigured();
    await browser.pass(secondMs);
    expect([browser.tokens().length, browser.billing().length]).toEqual([1, 1]);
  });

  it('and a token is asked of the new source, in place of the old one’s that never comes', async () => {
    const browser = new BrowserDouble();
    const tab = browser.tab();
    tab.leave();
    await browser.pass(secondMs);
    tab.registry.options = { getToken };
    const client = tab.clientOf(base, null, null);
    client.attach(element());
    await browser.pass(secondMs);
    const since = browser.clock.now;
    let asked = 0;
    tab.registry.options = { getToken: () => ((asked += 1), getToken()) };
    client.reconfigured();
    await browser.pass(secondMs);
    client.reconfigured();
    await browser.pass(secondMs);
    expect([asked, browser.billing(since)]).toEqual([1, []]);
  });

  it('and what failed is asked again at once', async () => {
    const browser = new BrowserDouble();
    browser.trouble = () => ({ status: 401, body: { code: 'token_invalid' } });
    const tab = await loaded(browser);
    browser.trouble = () => null;
    tab.client.reconfigured();
    await browser.pass(secondMs);
    expect(tab.client.state().snapshot).toEqual(active);
  });
});

describe('a host that says the person is another', () => {
  it('has a token asked anew, and the billing', async () => {
    const browser = new BrowserDouble();
    const tab = await loaded(browser);
    const since = browser.clock.now;
    tab.client.forget();
    expect(tab.client.state().snapshot).toBeNull();
    await browser.pass(100);
    expect([asks(browser, since), browser.tokens(since).length]).toEqual([['billing'], 1]);
  });
});

describe('a person who asks again', () => {
  it('is answered at once, with held polls tried again where they had been cut', async () => {
    const browser = new BrowserDouble();
    browser.snapshot = processing;
    browser.trouble = (wait) => (wait ? { status: 504 } : null);
    const tab = await loaded(browser);
    await browser.pass(minuteMs);
    browser.trouble = () => null;
    const since = browser.clock.now;
    tab.client.retry();
    await browser.pass(100);
    expect(browser.billing(since).map(({ wait }) => wait)).toEqual([0, 25]);
  });
});

describe('an outcome that may still change', () => {
  const settledTab = async (browser: BrowserDouble) => {
    browser.visitReturn = { outcome: 'unchanged', changes: [] };
    const tab = await loaded(browser, { stored: unsettled });
    expect(tab.client.state().visit).toBe('unchanged');
    return browser.clock.now - secondMs;
  };
  const asked = (browser: BrowserDouble, since: number) =>
    browser.billing(since).map(({ at, wait }) => [Math.round((at - since) / secondMs), wait]);

  it('is waited for with held polls for 40 s', async () => {
    const browser = new BrowserDouble();
    const since = await settledTab(browser);
    await browser.pass(4 * minuteMs);
    expect(asked(browser, since).filter(([, wait]) => wait)).toHaveLength(3);
    expect(browser.pending).toBe(0);
  });

  it('is hurried for 30 s where a proxy cuts held polls, and then no more', async () => {
    const browser = new BrowserDouble();
    browser.trouble = (wait, what) => (wait && what === 'billing' ? { status: 504 } : null);
    const since = await settledTab(browser);
    await browser.pass(4 * minuteMs);
    const short = asked(browser, since).filter(([at, wait]) => wait === 0 && (at ?? 0) > 2);
    expect(short.length).toBeGreaterThan(10);
    expect(short.filter(([at]) => (at ?? 0) > 34).length).toBeLessThan(3);
  });
});
