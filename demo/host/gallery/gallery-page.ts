/** The gallery: every state of the widget to look at, from fixtures, with a switch for each choice. Needs no sign-in. */

import { html } from 'hono/html';
import { type Markup, document, wordmark } from '../pages/document.ts';
import type { Speech } from '../speech.ts';
import { fixtures, groups, type Fixture } from './fixtures.ts';

/** Choices, by their names in the address; the first one is the default. */
export const choices = {
  element: {
    'billhook-widget': 'Widget',
    'billhook-plan-status': 'Plan status',
    'billhook-past-due-banner': 'Past-due banner',
    'billhook-manage-button': 'Manage button',
  },
  lang: {
    en: 'English',
    de: 'Deutsch',
    fr: 'Français',
    es: 'Español',
    'pt-BR': 'Português (Brasil)',
    it: 'Italiano',
    nl: 'Nederlands',
    pl: 'Polski',
    ja: '日本語',
    'zh-Hans': '简体中文',
    ar: 'العربية',
  },
  theme: { auto: 'As the system', light: 'Light', dark: 'Dark' },
  width: {
    '480px': '480 px',
    '240px': '240 px',
    '320px': '320 px',
    '640px': '640 px',
    '960px': '960 px',
    full: 'All there is',
  },
  role: { manage: 'May manage', read: 'Read only' },
  look: { plain: 'As it comes', tidewater: 'Tidewater’s', almanac: 'A magazine’s' },
} as const;

const names: Readonly<Record<keyof typeof choices, string>> = {
  element: 'Element',
  lang: 'Language',
  theme: 'Theme',
  width: 'Width',
  role: 'Role',
  look: 'Look',
};

/** What the panel sets, by its custom property: an `<input>`'s type and attributes. What is not touched is not set. */
const themeInputs: readonly (readonly [property: string, label: string, type: 'color' | 'number', value: string])[] = [
  ['--billhook-accent', 'Accent', 'color', '#0f766e'],
  ['--billhook-background', 'Background', 'color', '#ffffff'],
  ['--billhook-text', 'Text', 'color', '#111827'],
  ['--billhook-radius', 'Corners, px', 'number', '14'],
  ['--billhook-control-radius', 'Buttons’ corners, px', 'number', '9'],
  ['--billhook-control-height', 'Buttons’ height, px', 'number', '44'],
  ['--billhook-font-size', 'Letters, px', 'number', '16'],
];

const themePanel = html`<details class="gallery-theme" hidden>
  <summary>Theme it</summary>
  <form aria-label="Custom properties">
    ${themeInputs.map(
      ([property, label, type, value]) =>
        html`<label>${label}<input name="${property}" type="${type}" value="${value}" min="0" max="99" /></label>`,
    )}
    <button type="reset">Reset</button>
  </form>
  <pre tabindex="0" aria-label="CSS"></pre>
  <button type="button">Copy CSS</button>
</details>`;

export interface GalleryParts {
  readonly speech: Speech;
  readonly billhookUrl: string;
  /** For the site's CSP. */
  readonly nonce: string;
}

export function galleryPage({ speech, billhookUrl, nonce }: GalleryParts): Markup {
  const script = (src: string) => html`<script type="module" nonce="${nonce}" src="${src}"></script>`;
  const option = ([value, label]: readonly [string, string]) => html`<option value="${value}">${label}</option>`;
  const select = (name: string, label: string, options: unknown) =>
    html`<label
      >${label}<select name="${name}">
        ${options}
      </select></label
    >`;
  const entries: readonly [string, Fixture][] = Object.entries(fixtures);
  const states = Object.entries(groups).map(
    ([group, name]) =>
      html`<optgroup label="${name}">
        ${entries.filter(([, fixture]) => fixture.group === group).map(([key, { title }]) => option([key, title]))}
      </optgroup>`,
  );

  return document({
    speech,
    title: 'Gallery',
    head: html`<link rel="stylesheet" href="/gallery/gallery.css" />
      ${script(`${billhookUrl}/widget.js`)}${script('/gallery/gallery.js')}`,
    body: html`<div class="gallery">
      <header class="gallery-head">
        <a class="home" href="/">${wordmark}</a>
        <h1>Gallery</h1>
        <p class="lead">
          Everything that the four elements may have to show, from fixtures: no account, no token, no request.
        </p>
      </header>
      <form class="gallery-choices" aria-label="What to look at">
        ${select(
          'state',
          'State',
          html`<option value="all">All of them</option>
            ${states}`,
        )}
        ${Object.entries(choices).map(([name, values]) =>
          select(name, names[name as keyof typeof choices], Object.entries(values).map(option)),
        )}
        <button type="button" class="gallery-share" hidden>Copy link</button>
      </form>
      ${themePanel}
      <noscript><p class="lead">The gallery shows custom elements, so it needs JavaScript.</p></noscript>
      <main id="content" data-billhook="${billhookUrl}/"></main>
    </div>`,
  });
}
