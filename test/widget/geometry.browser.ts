import { expect } from '@open-wc/testing';
import { apiUrl, visitReturn } from './bff-double.ts';
import { Page } from './harness.ts';
import { active, several, snapshots, states, team } from './snapshots.ts';

const long = { ...active, plan: { ...team, name: 'Unternehmenszusammenarbeitspaket für Bildungseinrichtungen' } };

describe('room on the page', () => {
  let page: Page;
  let box: HTMLElement;
  beforeEach(() => {
    page = new Page();
    box = document.createElement('div');
    document.body.append(box);
  });
  afterEach(async () => {
    await page.close();
    box.remove();
  });

  for (const width of [240, 320, 500, 800]) {
    for (const [name, snapshot] of Object.entries({ ...snapshots, several, long })) {
      it(`${name} fits into ${width} px, every target 44 px high`, async () => {
        box.style.width = `${width}px`;
        page.bff.snapshot = snapshot;
        const widget = page.add();
        box.append(widget.element);
        await widget.until(() => widget.phase === (name === 'unknown' ? 'loading' : 'ready'));
        const outer = widget.element.getBoundingClientRect();
        expect(outer.width).to.equal(width);
        for (const inner of widget.root.querySelectorAll<HTMLElement>('.card *:not(slot)')) {
          // It has no box of its own, and its children are looked at themselves.
          if (getComputedStyle(inner).display === 'contents') continue;
          const { left, right } = inner.getBoundingClientRect();
          expect(right, inner.outerHTML).to.be.at.most(outer.right + 0.5);
          expect(left, inner.outerHTML).to.be.at.least(outer.left - 0.5);
        }
        for (const button of widget.buttons) expect(button.getBoundingClientRect().height).to.be.at.least(44);
      });
    }
  }

  for (const width of [240, 320, 500, 800]) {
    it(`nothing below moves when the plan arrives, at ${width} px`, async () => {
      box.style.width = `${width}px`;
      const held = page.bff.hold('billing');
      const widget = page.add();
      box.append(widget.element);
      await page.bff.arrival('billing');
      await widget.element.updateComplete;
      const before = widget.element.getBoundingClientRect().height;
      held.release(page.bff.billing());
      await widget.ready();
      expect(widget.element.getBoundingClientRect().height).to.equal(before);
    });
  }

  it('nothing below moves between "updating" and its outcome', async () => {
    sessionStorage.setItem(`billhook-visit:${apiUrl} `, '{"id":"visit-1"}');
    const held = page.bff.hold('visits/return');
    const widget = page.add();
    await widget.reads('Updating your account…');
    const before = widget.element.getBoundingClientRect().height;
    await widget.reads('Team');
    held.release(visitReturn('unchanged', active));
    await widget.reads('Nothing changed.');
    expect(widget.element.getBoundingClientRect().height).to.equal(before);
  });

  it('the banner element takes no room while all is well', async () => {
    const banner = page.add('billhook-past-due-banner');
    await banner.ready();
    expect(banner.element.getBoundingClientRect().height).to.equal(0);
  });

  it('follows the theme, whatever the system prefers', async () => {
    const background = async (theme: string) => {
      const widget = page.add('billhook-widget', { theme });
      await widget.ready();
      return getComputedStyle(widget.part('card') as Element).backgroundColor;
    };
    // Each browser has a dark of its own.
    const canvas = (scheme: string) => {
      const probe = document.body.appendChild(document.createElement('div'));
      probe.style.cssText = `color-scheme: ${scheme}; background: Canvas`;
      const colour = getComputedStyle(probe).backgroundColor;
      probe.remove();
      return colour;
    };
    expect(canvas('dark')).not.to.equal(canvas('light'));
    expect(await background('light')).to.equal(canvas('light'));
    expect(await background('dark')).to.equal(canvas('dark'));
  });

  it('all states are covered', () => expect(states).to.have.length(12));
});
