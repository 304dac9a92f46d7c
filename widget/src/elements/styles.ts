/**
 * One style sheet for all elements of the page, constructed when the first is defined: no inline style, which a strict CSP
 * would refuse, and not at import, which would do something. A card's colours are mixed from the page's own `Canvas` and
 * `CanvasText`, so it is light on a light page and dark on a dark one, whatever the system prefers; `theme` decides
 * otherwise. Outside a card they come from the text around. Logical properties only: right-to-left needs no second rule.
 */
const css = `
  :host {
    display: block;
    --_text: var(--billhook-text, CanvasText);
    --_paper: var(--billhook-background, Canvas);
    --_muted: var(--billhook-muted, color-mix(in oklab, var(--_text) 62%, var(--_paper)));
    --_line: var(--billhook-border, color-mix(in oklab, var(--_text) 13%, var(--_paper)));
    --_accent: var(--billhook-accent, color-mix(in oklab, var(--_text) 82%, var(--_paper)));
    --_on-accent: var(--billhook-on-accent, Canvas);
    --_radius: var(--billhook-radius, 14px);
    --_pad: var(--billhook-padding, min(24px, 7.5%));
  }
  /* On any accent white or black is readable, and its luminance says which: both are where they meet, at 0.18. */
  @supports (color: color(from red xyz x y z)) {
    :host {
      --_ends: calc((0.18 - y) * 1e9);
      --_on-accent: var(--billhook-on-accent, color(from var(--_accent) xyz var(--_ends) var(--_ends) var(--_ends)));
    }
  }
  /* No card of their own: the page's text is on the page's ground, whatever that is. */
  :host(billhook-plan-status),
  :host(billhook-manage-button) {
    --_text: var(--billhook-text, currentColor);
    --_paper: transparent;
    --_accent: var(--billhook-accent, CanvasText);
  }
  :host([hidden]) {
    display: none;
  }
  :host([theme='light']) {
    color-scheme: light;
  }
  :host([theme='dark']) {
    color-scheme: dark;
  }
  :host([theme='auto']) {
    color-scheme: light dark;
  }
  .root {
    color: var(--_text);
    font-family: var(--billhook-font, inherit);
    /* The page’s size, but never too small to be read. */
    font-size: var(--billhook-font-size, max(1em, 0.875rem));
    line-height: 1.5;
    overflow-wrap: anywhere;
    text-wrap: pretty;
    word-break: auto-phrase;
    /* A table or a menu around would hand these down, and they cut sentences off. */
    text-align: start;
    text-indent: 0;
    white-space: normal;
  }
  /* It has the focus only where a button has gone, and there is nothing to press in having it. */
  .root:focus {
    outline: none;
  }
  * {
    box-sizing: border-box;
  }
  p,
  ul,
  dd {
    margin: 0;
    padding: 0;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .card {
    background: var(--_paper);
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    box-shadow: var(--billhook-shadow, none);
    overflow: clip;
  }

  /* The plan */
  .body {
    padding: var(--_pad);
  }
  .plan,
  .foot {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
    gap: 12px 24px;
  }
  .eyebrow,
  .facts,
  .features,
  .hint,
  .line,
  s,
  .per {
    font-size: 0.875em;
    color: var(--_muted);
  }
  .headline,
  .opening {
    display: flex;
    align-items: center;
    gap: 6px 12px;
  }
  .headline {
    flex-wrap: wrap;
  }
  .name,
  .amount {
    font-size: 1.25em;
    font-weight: 650;
  }
  /* The host's own words may be of another direction than ours. */
  .text {
    unicode-bidi: plaintext;
  }
  .status,
  .message {
    --_tone: #71717a;
  }
  .status {
    padding: 1px 9px;
    border: 1px solid transparent;
    border-radius: 99px;
    background: color-mix(in oklab, var(--_tone) 12%, var(--_paper));
    font-size: 0.75em;
    font-weight: 600;
  }
  /* One line below the name is kept for a date, so that the page below does not move for a plan without one. */
  .room {
    min-height: 3.2em;
  }
  /* Three columns for all rows, as wide as their words; one below the other where there is no room for them. */
  .facts {
    display: grid;
    grid-template-columns: auto 1fr auto;
    align-items: baseline;
    gap: 6px 12px;
    container-type: inline-size;
  }
  .facts div {
    display: contents;
  }
  dt {
    grid-column: 1;
  }
  dd {
    color: var(--_text);
  }
  @container (width < 27em) {
    .facts div {
      display: block;
      grid-column: 1 / -1;
    }
  }
  /* A link's size, with room to press it. */
  .facts .button {
    min-height: 0;
    margin: -3px 0;
    padding: 3px 0;
    border: 0;
    font: inherit;
    text-decoration: underline;
  }
  .rows {
    list-style: none;
    margin-block-end: -14px;
  }
  .rows li,
  .message + .room {
    padding-block: 14px;
  }
  .rows li + li {
    border-block-start: 1px solid var(--_line);
  }
  /* Cards of one height a row, whose buttons stand on one line. */
  .offers {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 11.5em), 1fr));
    gap: 12px;
    list-style: none;
  }
  .offers > li {
    display: flex;
    flex-direction: column;
    gap: 8px;
    padding: 12px;
  }
  .offers .button {
    flex: none;
  }
  .features {
    flex: 1;
    padding-inline-start: 1.2em;
  }

  /* The ways out: beside the words where there is room, else on a line of their own, which they fill. */
  .foot {
    flex-wrap: wrap-reverse;
    align-items: center;
  }
  .foot,
  .facts,
  .offers,
  .periods {
    margin-block-start: 20px;
  }
  .foot,
  .facts {
    padding-block-start: 20px;
    border-block-start: 1px solid var(--_line);
  }
  .plan,
  .failure {
    flex-wrap: wrap;
  }
  .what {
    flex: 99 1 11.5em;
  }
  :not(.card) > .plan .price {
    margin-inline-start: auto;
    text-align: end;
  }
  .hint,
  .failure .words {
    flex: 99 1 9.5em;
  }
  /* The price stands in one line with those beside it, whatever is said below. */
  .offers .plan {
    display: grid;
    gap: 4px;
  }
  .offers .what {
    display: contents;
  }
  .offers .line {
    order: 1;
  }
  .actions {
    display: flex;
    flex: 1 1 auto;
    flex-wrap: wrap;
    width: fit-content;
    gap: var(--billhook-gap, 10px);
  }
  .button {
    display: inline-flex;
    flex: 1 1 auto;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    min-height: var(--billhook-control-height, 44px);
    margin: 0;
    padding: 6px 16px;
    border: 1px solid transparent;
    border-radius: var(--billhook-control-radius, calc(var(--_radius) * 0.65));
    background: var(--_accent);
    color: var(--_on-accent);
    font: inherit;
    font-size: 0.9375em;
    font-weight: 600;
    line-height: 1.3;
    text-align: center;
    text-decoration: none;
    cursor: pointer;
  }
  /* Holds the label's width while "Opening…" stands in its place. */
  [aria-disabled='true']::after {
    content: attr(data-label);
    height: 0;
    overflow: hidden;
    visibility: hidden;
  }
  .button:hover {
    opacity: 0.84;
  }
  .button-secondary {
    border-color: color-mix(in oklab, var(--_text) 22%, var(--_paper));
    background: transparent;
    color: var(--_text);
  }
  .button[aria-pressed='true'] {
    border-color: var(--_text);
    background: var(--_line);
  }
  .button[aria-disabled='true'] {
    cursor: default;
    opacity: 0.72;
  }
  .button:focus-visible {
    /* Of two colours, so that one of them is seen on any ground. */
    outline: 2px solid var(--billhook-focus, CanvasText);
    outline-offset: 2px;
    box-shadow: 0 0 0 2px Canvas;
  }

  /* Messages */
  .message {
    display: flex;
    align-items: flex-start;
    gap: 12px;
    padding: 14px var(--_pad);
    background: color-mix(in oklab, var(--_tone) 6%, var(--_paper));
    font-size: 0.9375em;
  }
  .message .button {
    font-size: 1em;
  }
  .message + * {
    border-block-start: 1px solid var(--_line);
  }
  .positive {
    --_tone: var(--billhook-positive, #16a34a);
  }
  .info {
    --_tone: var(--billhook-info, #2563eb);
  }
  .caution {
    --_tone: var(--billhook-caution, #d97706);
  }
  .critical {
    --_tone: var(--billhook-critical, #dc2626);
  }
  .banner {
    padding-block: 18px 14px;
  }
  .words {
    flex: 1;
  }
  .title {
    font-weight: 650;
  }
  .message .actions {
    margin-block: 14px 6px;
  }
  .skeleton + .line {
    margin-block-start: 6px;
  }
  .failure {
    align-items: center;
  }
  .alone {
    align-content: center;
    background: none;
  }
  .card .alone {
    min-height: 12.75em;
  }
  .root > .alone {
    padding: 0;
  }
  .icon,
  .spinner {
    flex: none;
    width: 20px;
    height: 20px;
    margin-block-start: 1px;
  }
  .status,
  .title,
  .icon,
  .spinner {
    color: color-mix(in oklab, var(--_tone, currentColor) 62%, var(--_text));
  }
  .spinner {
    border: 2px solid;
    border-inline-end-color: transparent;
    border-radius: 50%;
    animation: turn 0.8s linear infinite;
    forced-color-adjust: none;
  }
  .button .spinner {
    width: 16px;
    height: 16px;
    margin: 0;
    color: inherit;
  }
  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }

  /* Loading: each line of text is a bar, so nothing moves when the truth arrives, and some are none, for calm. */
  .loading .skeleton {
    text-decoration: line-through 0.5em #8883;
    /* Forced colours would make the stand-in's words readable. */
    forced-color-adjust: none;
  }
  .loading .skeleton * {
    color: transparent;
  }
  .loading .button {
    background: #8883;
  }
  .loading :is(.facts .button, .button span, .price, .status) {
    visibility: hidden;
  }

  @media (prefers-reduced-motion: reduce) {
    .spinner {
      animation: none;
    }
  }
  @media (prefers-contrast: more) {
    :host {
      --_muted: var(--_text);
      --_line: var(--_text);
    }
    .button {
      border-color: var(--_text);
    }
  }
  @media (forced-colors: active) {
    /* A system colour is left as it is: text in Canvas would be unseen on a button that has become Canvas. */
    .button {
      background: ButtonFace;
      color: ButtonText;
    }
    .button[aria-pressed='true'] {
      background: Highlight;
      color: HighlightText;
      /* Text would stand on a ground of Canvas. */
      forced-color-adjust: none;
    }
    .button[aria-disabled='true'] {
      color: GrayText;
    }
    .spinner {
      color: CanvasText;
    }
  }
  @media print {
    :host,
    :host([theme]) {
      color-scheme: light;
    }
    .button,
    .hint,
    .loading {
      display: none;
    }
  }
`;

let sheet: CSSStyleSheet | undefined;

export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}
