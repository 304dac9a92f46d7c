/** Colours that are derived are readable, whatever a host says its own are; the README's recipes are loaded as they stand. */
import { expect } from '@open-wc/testing';
import { Page, type Shown, type TagName } from './harness.ts';
import { snapshots } from './snapshots.ts';

const readable = 4.5;
const root = document.documentElement;
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

/** As it is painted, over white. */
function painted(colour: string, over = 'white'): readonly number[] {
  if (!canvas) throw new Error('no canvas');
  for (const fill of [over, colour]) {
    canvas.fillStyle = fill;
    canvas.fillRect(0, 0, 1, 1);
  }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(text: string, ground: string, page = 'white'): number {
  const under = painted(ground, page);
  const [light = 0, dark = 0] = [luminance(painted(text, `rgb(${under.join()})`)), luminance(under)].toSorted(
    (a, b) => b - a,
  );
  return (light + 0.05) / (dark + 0.05);
}

/** Colours all over the cube, in the same order each time. */
const accents = Array.from({ length: 2000 }, (_, index) => {
  const at = (prime: number) => Math.floor((((index * prime) % 2003) / 2003) * 256);
  return `rgb(${at(37)}, ${at(359)}, ${at(1213)})`;
});

const style = (widget: Shown, part: string) => {
  const piece = widget.part(part);
  if (!piece) throw new Error(`no ${part}`);
  return getComputedStyle(piece);
};

describe('theming', () => {
  let page: Page;
  beforeEach(() => (page = new Page()));
  afterEach(async () => {
    root.removeAttribute('style');
    await page.close();
  });

  for (const theme of ['light', 'dark']) {
    it(`on any of 2,000 accents the button can be read, ${theme}`, async () => {
      const button = page.add('billhook-manage-button', { theme });
      await button.ready();
      const primary = style(button, 'button');
      let least = 21;
      for (const accent of accents) {
        button.element.style.setProperty('--billhook-accent', accent);
        least = Math.min(least, contrast(primary.color, primary.backgroundColor));
      }
      expect(least).to.be.at.least(readable);
    });

    it(`what is mixed for pills, titles and dates can be read, ${theme}`, async () => {
      const ground = theme === 'dark' ? 'rgb(18, 18, 18)' : 'white';
      for (const snapshot of Object.values(snapshots).filter(({ state }) => state !== 'unknown')) {
        page.bff.snapshot = snapshot;
        const widget = page.add('billhook-widget', { theme });
        await widget.ready();
        const { root: shadow } = widget;
        const card = style(widget, 'card').backgroundColor;
        for (const piece of shadow.querySelectorAll('.status, .line, .hint, .title, .eyebrow, dt')) {
          const { color, backgroundColor } = getComputedStyle(piece);
          const under = piece.closest('.message');
          const above = under ? getComputedStyle(under).backgroundColor : backgroundColor;
          const lies = /, 0\)$|transparent/.test(above) ? card : above;
          expect(contrast(color, lies, ground), `${snapshot.state} ${piece.className}`).to.be.at.least(readable);
        }
        widget.element.remove();
      }
    });
  }

  it('outside a card, text is the page’s: light on a dark page without color-scheme', async () => {
    const dark = document.createElement('div');
    dark.style.cssText = 'background: black; color: white; color-scheme: light';
    document.body.append(dark);
    for (const tag of ['billhook-plan-status', 'billhook-manage-button'] satisfies TagName[]) {
      const element = page.add(tag);
      dark.append(element.element);
      await element.ready();
      for (const part of tag === 'billhook-plan-status' ? ['name', 'status', 'line', 'price'] : ['button']) {
        const { color, backgroundColor } = style(element, part);
        expect(contrast(color, backgroundColor, 'black'), `${tag} ${part}`).to.be.at.least(readable);
      }
    }
    dark.remove();
  });

  it('a transparent box leaves words on its button', async () => {
    root.style.setProperty('--billhook-background', 'transparent');
    page.bff.snapshot = snapshots.pastDue;
    const widget = page.add();
    await widget.ready();
    const { color, backgroundColor } = style(widget, 'button-primary');
    expect(contrast(color, backgroundColor)).to.be.at.least(readable);
  });

  it('size, height, corners, shadow and ring are the host’s to say', async () => {
    const said = { 'font-size': '20px', 'control-height': '60px', 'control-radius': '3px', shadow: '0 0 4px red' };
    for (const [name, value] of Object.entries(said)) root.style.setProperty(`--billhook-${name}`, value);
    const widget = page.add();
    await widget.ready();
    expect(style(widget, 'name').fontSize).to.equal('25px');
    const { minHeight, borderTopLeftRadius } = getComputedStyle(widget.button('Manage billing'));
    expect([minHeight, borderTopLeftRadius]).to.deep.equal(['60px', '3px']);
    expect(style(widget, 'card').boxShadow).to.contain('rgb(255, 0, 0)');
  });

  it('a small root size makes no small letters', async () => {
    root.style.fontSize = '62.5%';
    const widget = page.add();
    widget.element.style.fontSize = '16px';
    await widget.ready();
    expect(style(widget, 'name').fontSize).to.equal('20px');
  });

  it('each recipe of the README sets properties that exist, and its button can be read', async () => {
    const readme = await (await realFetch('/widget/README.md')).text();
    const section = readme.slice(readme.indexOf('## Theming'), readme.indexOf('## Sign-out'));
    const known = new Set([...section.matchAll(/^\| `(--billhook-[\w-]+)`/gm)].map(([, name]) => name));
    const recipes = [...section.matchAll(/```css\n\/\* (.*?) \*\/\n([^]*?)```/g)];
    expect(recipes).to.have.length(4);
    for (const [, title = '', css = ''] of recipes) {
      for (const [, name] of css.matchAll(/^ {2}(--billhook-[\w-]+):/gm)) expect(known, title).to.include(name);
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`${frameworks} ${css}`);
      document.adoptedStyleSheets = [sheet];
      page.bff.snapshot = snapshots.pastDue;
      const widget = page.add();
      await widget.ready();
      const { color, backgroundColor } = style(widget, 'button-primary');
      expect(backgroundColor, title).not.to.match(/, 0\)$/);
      expect(contrast(color, backgroundColor), title).to.be.at.least(readable);
      expect(contrast(style(widget, 'name').color, style(widget, 'card').backgroundColor), title).to.be.at.least(7);
      document.adoptedStyleSheets = [];
      widget.element.remove();
    }
  });
});

const realFetch = window.fetch.bind(window);

/** The values that the frameworks' own style sheets bring. */
const frameworks = `:root {
  --bs-primary: #0d6efd; --bs-body-bg: #fff; --bs-body-color: #212529; --bs-border-color: #dee2e6;
  --bs-border-radius: 0.375rem; --bs-border-radius-lg: 0.5rem;
  --primary: oklch(0.205 0 0); --card: oklch(1 0 0); --card-foreground: oklch(0.145 0 0); --border: oklch(0.922 0 0);
  --ring: oklch(0.708 0 0); --radius: 0.625rem;
  --mui-palette-primary-main: #1976d2; --mui-palette-background-paper: #fff;
  --mui-palette-text-primary: rgba(0, 0, 0, 0.87); --mui-palette-divider: rgba(0, 0, 0, 0.12);
  --mui-shape-borderRadius: 4px; --mui-shadows-1: 0 1px 3px rgba(0, 0, 0, 0.12);
}`;
