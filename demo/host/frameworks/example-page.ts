/** The document around an example: the way to the others, the page itself, and the code that it is made of. */

import { html, raw } from 'hono/html';
import { document, wordmark, type Markup } from '../pages/document.ts';
import type { Speech } from '../speech.ts';
import { arrivals, examples, type Arrival, type Example } from './examples.ts';
import type { Workspace } from './workspace.ts';

export interface ExampleParts {
  readonly speech: Speech;
  readonly name: string;
  readonly example: Example;
  readonly arrival: Arrival;
  readonly workspaces: readonly Workspace[];
  readonly billhookUrl: string;
  /** The page's markup before its script runs. */
  readonly rendered: string | null;
  /** The sources by their names. */
  readonly sources: Readonly<Record<string, string>>;
}

export function examplePage(parts: ExampleParts): Markup {
  const { speech, name, example, arrival, workspaces, billhookUrl, rendered, sources } = parts;
  const script = (src: string) => html`<script type="module" src="${src}"></script>`;
  const elements = script(arrival === 'npm' ? '/frameworks/dist/npm.js' : `${billhookUrl}/widget.js`);
  const page = script(`/frameworks/${example.script}`);
  return document({
    speech,
    title: example.title,
    head: html`<link rel="stylesheet" href="/frameworks/examples.css" />
      <meta name="billhook" content="${billhookUrl}" />
      <script type="application/json" id="workspaces">
        ${raw(JSON.stringify(workspaces).replaceAll('<', String.raw`\u003c`))}
      </script>
      ${arrival === 'late' ? [page, elements] : [elements, page]}`,
    body: html`<div class="example">
      <header>
        <a class="home" href="/">${wordmark}</a>
        <nav class="examples" aria-label="Frameworks">
          ${Object.entries(examples).map(([each, { title }]) => link(`/frameworks/${each}?elements=${arrival}`, title, each === name))}
        </nav>
      </header>
      <main id="content">
        <h1>${example.title}</h1>
        <p class="lead">${withCode(example.note)}</p>
        <nav class="tabs" aria-label="The elements">
          ${Object.entries(arrivals).map(([each, label]) => link(`/frameworks/${name}?elements=${each}`, label, each === arrival))}
        </nav>
        ${place(name, rendered)}
        <section class="sources" aria-labelledby="code">
          <h2 id="code">The code</h2>
          ${Object.entries(sources).map(
            ([file, code]) =>
              html`<details>
                <summary><code>${file}</code></summary>
                <pre tabindex="0"><code>${code}</code></pre>
              </details>`,
          )}
        </section>
      </main>
    </div>`,
  });
}

export function examplesPage(speech: Speech): Markup {
  return document({
    speech,
    title: 'Frameworks',
    head: html`<link rel="stylesheet" href="/frameworks/examples.css" />`,
    body: html`<div class="example index">
      <header><a class="home" href="/">${wordmark}</a></header>
      <main id="content">
        <h1>The same billing page, in your framework</h1>
        <p class="lead">Each is built as its own host would build it, and shows the code that it is made of.</p>
        <ul class="cards">
          ${Object.entries(examples).map(
            ([name, { title, note }]) =>
              html`<li class="panel">
                <h2><a href="/frameworks/${name}">${title}</a></h2>
                <p class="muted">${withCode(note)}</p>
              </li>`,
          )}
        </ul>
      </main>
    </div>`,
  });
}

const withCode = (text: string) =>
  text.split('`').map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));

const link = (href: string, label: string, current: boolean) =>
  html`<a href="${href}" ${current ? html`aria-current="page"` : ''}>${label}</a>`;

/** Without white space around what was rendered: a framework that hydrates counts it. Angular looks for its own element. */
const place = (name: string, rendered: string | null): Markup =>
  name === 'angular' ? html`<tidewater-billing></tidewater-billing>` : html`<div id="app">${raw(rendered ?? '')}</div>`;
