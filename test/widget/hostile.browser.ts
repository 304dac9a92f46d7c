/** An attacker's texts and addresses in what the widget is told: texts stay texts, and no address is followed but a page's. */

import { expect } from '@open-wc/testing';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { hostileAddresses, hostileTexts } from '../attacks/hostile.ts';
import { nextEvent, Page } from './harness.ts';
import { active, several } from './snapshots.ts';

const count = 600;
const atOnce = 60;

let page: Page;
beforeEach(() => {
  page = new Page();
  Reflect.deleteProperty(window, 'opened');
});
afterEach(() => page.close());

/** The elements below the shadow root, by name. */
const elementsIn = (root: ShadowRoot) => [...root.querySelectorAll('*')].map(({ localName }) => localName).toSorted();
const plain = (text: string) => text.replace(/\s+/g, ' ').trim();

/** A list of subscriptions, each with one of the names; the first is the headline's too. */
function listOf(names: readonly string[]): BillingSnapshot {
  const [first] = several.subscriptions;
  const subscriptions = names.map((name, index) => ({
    ...first,
    key: `s${index}`,
    plan: { ...active.plan, name },
  }));
  return { ...active, plan: { ...active.plan, name: names[0] ?? '' }, subscriptions } as BillingSnapshot;
}

describe('what the widget is told', () => {
  it(`${count} texts with markup, templates and signs are shown as texts`, async () => {
    const texts = hostileTexts(count);
    let shown = 0;
    let other = 0;
    page.bff.snapshot = listOf(Array.from({ length: atOnce }, () => 'Team'));
    const honest = page.add();
    await honest.ready();
    const elements = elementsIn(honest.root);
    for (let from = 0; from < count; from += atOnce) {
      const names = texts.slice(from, from + atOnce);
      const next = new Page();
      try {
        next.bff.snapshot = listOf(names);
        const widget = next.add('billhook-widget', { account: `a${from}` });
        await widget.ready();
        const rows = [...(widget.part('subscriptions')?.querySelectorAll('li') ?? [])].map((row) =>
          plain(row.textContent ?? ''),
        );
        for (const [index, name] of names.entries()) shown += rows[index]?.includes(plain(name)) === true ? 1 : 0;
        if (elementsIn(widget.root).join() !== elements.join()) other += 1;
      } finally {
        await next.close();
      }
    }
    // oxlint-disable-next-line no-console -- the count is what is to be read
    console.log(`attack: texts: ${count} rendered, ${shown} shown as they are, ${other} times with other elements`);
    expect([shown, other]).to.deep.equal([count, 0]);
    expect(Reflect.get(window, 'opened')).to.equal(undefined);
  });

  it(`${hostileAddresses.length} addresses are not followed, from a click’s answer or from a host’s link`, async () => {
    expect(hostileAddresses.length).to.be.at.least(41);
    let followed = 0;
    for (const url of hostileAddresses) {
      const next = new Page();
      try {
        next.bff.opened = { url, visit: 'v' };
        const clicked = next.add('billhook-widget', { account: `click ${url.length}` });
        await clicked.ready();
        const failed = nextEvent(clicked.element, 'billhook-error');
        clicked.button('Manage billing').click();
        expect((await failed).code, url).to.be.oneOf(['address_refused', 'response_malformed']);
        next.bff.snapshot = { ...active, actions: [{ purpose: 'upgrade', via: 'link', url }] } as BillingSnapshot;
        const linked = next.add('billhook-widget', { account: `link ${url.length}` });
        await linked.ready();
        expect(linked.labels, url).to.deep.equal([]);
        followed += next.left.length;
      } finally {
        await next.close();
      }
    }
    // oxlint-disable-next-line no-console -- the count is what is to be read
    console.log(`attack: addresses: ${hostileAddresses.length} × 2 given, ${followed} followed`);
    expect(followed).to.equal(0);
  });
});
