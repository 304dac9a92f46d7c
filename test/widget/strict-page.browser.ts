import { expect } from '@open-wc/testing';
import { entry, settled } from './harness.ts';

interface StrictWindow extends Window {
  readonly violations: readonly string[];
}

/** Loads the strict page in a frame and waits for `until` to hold in it, at each of its renders. */
async function visit(query: string): Promise<{ window: StrictWindow; frame: HTMLIFrameElement; widget: HTMLElement }> {
  const frame = document.createElement('iframe');
  frame.src = `/strict/page?${query}`;
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  document.body.append(frame);
  await loaded;
  const window = frame.contentWindow as unknown as StrictWindow;
  const widget = window.document.querySelector<HTMLElement>('billhook-widget');
  if (!widget) throw new Error('no widget in the page');
  return { window, frame, widget };
}

const shows = (widget: HTMLElement) => widget.shadowRoot?.querySelector('.root.ready [part~=name]')?.textContent ?? '';

async function ready(widget: HTMLElement): Promise<void> {
  while (shows(widget) === '') {
    await new Promise((resolve) =>
      new MutationObserver(resolve).observe(widget.shadowRoot ?? widget, {
        subtree: true,
        childList: true,
        attributes: true,
      }),
    );
  }
}

// A page under a strict policy loads the built file; sources bring Lit's own policy with them.
(entry.endsWith('/dist/widget.js') ? describe : describe.skip)('a page with a strict CSP and Trusted Types', () => {
  let frame: HTMLIFrameElement | undefined;
  afterEach(() => frame?.remove());

  for (const copies of [1, 2]) {
    it(`runs ${copies} copy of the script, styled, without a single violation`, async () => {
      const page = await visit(`copies=${copies}`);
      ({ frame } = page);
      await ready(page.widget);
      expect(shows(page.widget)).to.equal('Team');
      const card = page.widget.shadowRoot?.querySelector('[part=card]') as Element;
      expect(page.window.getComputedStyle(card).borderTopWidth).to.equal('1px');
      expect(page.window.violations).to.deep.equal([]);
    });
  }

  it('needs the policy `billhook`: without it nothing is rendered, and the browser says why', async () => {
    const page = await visit("policies='none'");
    ({ frame } = page);
    await settled();
    expect(shows(page.widget)).to.equal('');
    expect(page.window.violations.join()).to.contain('trusted-types billhook');
  });
});
