import { expect } from '@open-wc/testing';
import type { BillhookElement } from '../../widget/src/elements/billhook-element.ts';
import { apiUrl, problem } from './bff-double.ts';
import { warningsOf } from './guard.ts';
import { nextEvent, Page, restoreFromCache, settled } from './harness.ts';
import { active, pro, snapshots } from './snapshots.ts';

describe('requests of a page', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(() => page.close());

  it('an idle page has no pending request', async () => {
    const widget = page.add();
    await widget.ready();
    await settled();
    expect(page.bff.pending).to.deep.equal([]);
  });

  it('a placeholder is rendered once: it has nothing to say', async () => {
    const widget = page.add();
    const rendered = widget.element.updateComplete;
    await rendered;
    expect(widget.element.updateComplete).to.equal(rendered);
    await widget.ready();
  });

  it('a second read sends the ETag, and an unchanged document changes nothing', async () => {
    const widget = page.add();
    await widget.ready();
    let changes = 0;
    widget.element.addEventListener('billhook-change', () => changes++);
    const again = page.bff.arrival('billing');
    restoreFromCache();
    expect((await again).headers.get('if-none-match')).to.equal('"e1.1-active"');
    await settled();
    expect(changes).to.equal(0);
    expect(widget.text).to.contain('Team');
  });

  it('two elements share one token and one request, and both show it', async () => {
    const widget = page.add();
    const status = page.add('billhook-plan-status');
    await Promise.all([widget.ready(), status.ready()]);
    expect([page.bff.to('token').length, page.bff.to('billing').length]).to.deep.equal([1, 1]);
    expect(status.text).to.contain('Team');
  });

  it('only one of them announces to screen readers', async () => {
    page.bff.next('billing', problem(503, 'stripe_unavailable'));
    const widget = page.add();
    const status = page.add('billhook-plan-status');
    await Promise.all([widget.reads('cannot be reached'), status.reads('cannot be reached')]);
    await widget.until(() => widget.announced !== '');
    expect(status.announced).to.equal('');
  });

  it('a long poll brings another tab’s change, and none is sent for a document that will not change', async () => {
    page.bff.snapshot = { ...active, state: 'processing' };
    const widget = page.add();
    await widget.ready();
    const realNow = Date.now;
    const waiting = page.bff.arrival('billing');
    Date.now = () => realNow() + 5_000;
    window.dispatchEvent(new Event('focus'));
    await waiting;
    await widget.ready();
    page.bff.change({ ...active, revision: 'e1.2', plan: pro });
  });

  it('a tab tells the others the revision that it read, and they read themselves', async () => {
    const widget = page.add();
    await widget.ready();
    await settled();
    page.bff.snapshot = { ...active, revision: 'e1.2', plan: pro };
    const other = new BroadcastChannel(`billhook-${apiUrl} `);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
    other.postMessage('e1.2');
    await widget.reads('Pro');
    other.close();
  });

  it('a removed element receives no message of other tabs, however often its page was restored', async () => {
    const widget = page.add();
    await widget.ready();
    restoreFromCache();
    restoreFromCache();
    await settled();
    widget.element.remove();
    await settled();
    const before = page.bff.seen.length;
    const heard = new BroadcastChannel(`billhook-${apiUrl} `);
    const other = new BroadcastChannel(`billhook-${apiUrl} `);
    const delivered = new Promise((resolve) => heard.addEventListener('message', resolve, { once: true }));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel reaches its own origin only
    other.postMessage('e1.9');
    await delivered;
    await settled();
    expect(page.bff.seen.length).to.equal(before);
    heard.close();
    other.close();
  });

  it('a removed element leaves no timer, no listener and no request', async () => {
    page.bff.hold('billing');
    const timers = new Set<unknown>();
    const [set, clear] = [window.setTimeout, window.clearTimeout];
    window.setTimeout = ((run: () => void, delay?: number) => {
      const id = set(() => (timers.delete(id), run()), delay);
      timers.add(id);
      return id;
    }) as typeof set;
    window.clearTimeout = (id) => (timers.delete(id), clear(id));
    const { addEventListener } = EventTarget.prototype;
    const signals: (AbortSignal | undefined)[] = [];
    EventTarget.prototype.addEventListener = function (...args: Parameters<typeof addEventListener>) {
      const target: unknown = this ?? window; // called as a plain function
      if (target === window || target === document) {
        signals.push((args[2] as AddEventListenerOptions | undefined)?.signal);
      }
      return addEventListener.apply(this, args);
    };
    try {
      const widget = page.add();
      const request = await page.bff.arrival('billing');
      widget.element.remove();
      await settled();
      expect(request.signal?.aborted).to.equal(true);
      expect(page.bff.pending).to.deep.equal([]);
      expect(timers.size).to.equal(0);
      expect(signals.length).to.be.greaterThan(3);
      expect(signals.every((signal) => signal?.aborted)).to.equal(true);
    } finally {
      Object.assign(window, { setTimeout: set, clearTimeout: clear });
      EventTarget.prototype.addEventListener = addEventListener;
    }
    const before = page.bff.seen.length;
    window.dispatchEvent(new Event('focus'));
    restoreFromCache();
    await settled();
    expect(page.bff.seen.length).to.equal(before);
  });

  it('an element that is moved keeps its view', async () => {
    const widget = page.add();
    await widget.ready();
    const box = document.createElement('div');
    document.body.append(box);
    box.append(widget.element);
    await widget.element.updateComplete;
    expect(widget.phase).to.equal('ready');
    box.remove();
  });

  it('F22: of many accounts three hold a request, and a click lets all go', async () => {
    page.bff.snapshot = snapshots.processing;
    const widgets = Array.from({ length: 7 }, (_, at) => page.add('billhook-widget', { account: `account-${at}` }));
    const held = () => page.bff.pending.filter(({ headers }) => headers.has('prefer'));
    for (const each of widgets) await each.ready();
    while (held().length < 3) await page.bff.arrival('billing');
    // Their polls were due at once: each of the seven has had its turn.
    await new Promise((resolve) => setTimeout(resolve));
    expect(held()).to.have.length(3);
    page.bff.hold('portal-sessions');
    const asked = page.bff.arrival('portal-sessions');
    widgets[0]?.button('Manage billing').click();
    await asked;
    expect(page.bff.pending.map(({ route }) => route)).to.deep.equal(['portal-sessions']);
  });

  it('F22: so does a click of two accounts that have three elements each, and their polls begin again when it fails', async () => {
    page.bff.snapshot = snapshots.processing;
    const tags = ['billhook-plan-status', 'billhook-past-due-banner', 'billhook-manage-button'] as const;
    const all = ['one', 'two'].flatMap((account) => tags.map((tag) => page.add(tag, { account })));
    const held = () => page.bff.pending.filter(({ headers }) => headers.has('prefer'));
    for (const each of all) await each.ready();
    while (held().length < 2) await page.bff.arrival('billing');
    // A third account has only begun to load.
    page.bff.hold('billing');
    const late = page.add('billhook-plan-status', { account: 'three' });
    await page.bff.arrival('billing');
    const answer = page.bff.hold('portal-sessions');
    const asked = page.bff.arrival('portal-sessions');
    all[2]?.button('Manage billing').click();
    await asked;
    expect(page.bff.pending.map(({ route }) => route)).to.deep.equal(['portal-sessions']);
    answer.release(problem(503, 'stripe_unavailable'));
    await late.ready();
    while (held().length < 3) await page.bff.arrival('billing');
    expect(all.filter(({ text }) => text.includes('payment page')).length).to.equal(1);
  });

  describe('a network that goes away and comes back', () => {
    let onLine = true;
    const network = (isThere: boolean) => {
      onLine = isThere;
      window.dispatchEvent(new Event(isThere ? 'online' : 'offline'));
    };
    const gone = () => Promise.reject(new TypeError('Failed to fetch'));
    const realNow = Date.now;
    beforeEach(() => Object.defineProperty(navigator, 'onLine', { get: () => onLine, configurable: true }));
    afterEach(() => {
      Reflect.deleteProperty(navigator, 'onLine');
      onLine = true;
      Date.now = realNow;
    });
    /** A page that is activated again and again does not ask each time. */
    const later = () => {
      const { now } = Date;
      Date.now = () => now() + 60_000;
    };

    it('during a click: it is said, and not said any more', async () => {
      const [widget, button] = [page.add(), page.add('billhook-manage-button')];
      await Promise.all([widget.ready(), button.ready()]);
      network(false);
      page.bff.next('token', gone);
      button.button('Manage billing').click();
      await button.reads('You are offline.');
      expect(widget.text).not.to.contain('offline');
      later();
      network(true);
      await button.until(() => !button.text.includes('offline'));
      button.button('Manage billing').click();
      await page.departure;
    });

    it('during a held request: the same', async () => {
      page.bff.snapshot = snapshots.processing;
      const held = page.bff.arrival('billing').then(() => page.bff.arrival('billing'));
      const widget = page.add();
      await widget.ready();
      expect((await held).headers.get('prefer')).to.equal('wait=25');
      network(false);
      page.bff.change(snapshots.processing);
      page.bff.next('billing', gone);
      restoreFromCache();
      await widget.reads('You are offline.');
      later();
      network(true);
      await widget.until(() => !widget.text.includes('offline'));
    });
  });

  it('a page in the back/forward cache has no pending request and no channel', async () => {
    page.bff.hold('billing');
    const widget = page.add();
    const request = await page.bff.arrival('billing');
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    await settled();
    expect(request.signal?.aborted).to.equal(true);
    restoreFromCache();
    await widget.ready();
  });

  it('the BFF down at load: a failure with a next step, and no exception on the page', async () => {
    page.bff.next('billing', () => Promise.reject(new TypeError('Failed to fetch')));
    const failed = nextEvent(document, 'billhook-error');
    const widget = page.add();
    expect((await failed).code).to.equal('unreachable');
    await widget.reads('Billing cannot be reached right now.');
    widget.button('Try again').click();
    await widget.reads('Team');
  });

  it('a failure after a good read keeps the last known plan, with its time', async () => {
    const widget = page.add();
    await widget.ready();
    page.bff.next('billing', problem(403, 'origin_not_allowed'));
    restoreFromCache();
    await widget.reads('Billing cannot be opened right now');
    expect(widget.text)
      .to.contain('Team')
      .and.match(/Last updated May 10, 2027, 12:00\sPM/)
      .and.contain('origin_not_allowed');
  });

  it("a proxy's page with status 200 is a failed read", async () => {
    page.bff.next('billing', new Response('<h1>Please sign in to the Wi-Fi</h1>'));
    const widget = page.add();
    await widget.reads('Billing cannot be reached right now.');
  });

  it('without an address of a BFF it shows a failure, and throws nothing', async () => {
    const element = document.createElement('billhook-widget');
    element.setAttribute('api', 'http://[');
    const warnings = await warningsOf(async () => {
      document.body.append(element);
      await (element as BillhookElement).updateComplete;
    });
    expect(element.shadowRoot?.textContent).to.contain('api_missing');
    expect(warnings).to.deep.equal(['billhook: api_missing: http://[']);
    element.remove();
  });
});
