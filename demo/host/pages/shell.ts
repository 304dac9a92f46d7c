/** The signed-in product around a page: navigation, the workspace, and the demo's corner. */

import { html } from 'hono/html';
import type { Account } from '../accounts.ts';
import type { Speech } from '../speech.ts';
import { demoCorner } from './demo-corner.ts';
import { document, wordmark, type Markup } from './document.ts';
import type { Visitor } from './visitor.ts';

export interface ShellParts {
  readonly title: string;
  readonly content: Markup;
  readonly head?: Markup;
}

const icons = {
  overview: html`<path d="M4 19V11M10 19V5M16 19v-6M21 19H3"></path>`,
  projects: html`<path d="M4 6h10M8 12h12M4 18h8"></path>`,
  settings: html`<circle cx="9" cy="7" r="2.5"></circle><circle cx="15" cy="17" r="2.5"></circle
    ><path d="M3 7h3.5M11.5 7H21M3 17h9.5M17.5 17H21"></path>`,
} as const;

export function shell(visitor: Visitor, { title, content, head }: ShellParts): Markup {
  const { session, speech, path, billhook } = visitor;
  const { words } = speech;
  const link = (href: string, label: string, icon: Markup, current = path === href) =>
    html`<a href="${href}" ${current ? html`aria-current="${path === href ? 'page' : 'true'}"` : ''}
      ><svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">${icon}</svg>${label}</a
    >`;

  const body = html`<a class="skip" href="#content">${words.skip}</a>
    <div class="shell">
      <header class="side">
        <a class="home" href="/">${wordmark}</a>
        <nav class="nav" aria-label="${words.mainNavigation}">
          ${link('/', words.overview, icons.overview)} ${link('/projects', words.projects, icons.projects)}
          ${link('/settings', words.settings, icons.settings, path.startsWith('/settings'))}
        </nav>
        <div class="workspace">
          ${workspaceOf(visitor)}
          <form method="post" action="/sign-out">
            <button class="quiet" aria-label="${words.signOut}" title="${words.signOut}">
              <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
                <path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h9"></path>
              </svg>
            </button>
          </form>
        </div>
      </header>
      <main id="content" tabindex="-1">${content}</main>
    </div>
    ${demoCorner(visitor)}`;
  const several = session.accounts.length > 1;
  const script = several
    ? html`<script type="module" nonce="${billhook.nonce}" src="/change-workspace.js"></script>`
    : '';
  return document({ speech, title, body, head: html`${head ?? ''}${script}` });
}

/** The workspace's name; for members of several, also the way to the others. */
function workspaceOf({ session, speech: { words }, path }: Visitor): Markup {
  const { account, accounts, role } = session;
  const name = html`<span class="initial" aria-hidden="true" data-workspace="initial">${initialOf(account)}</span>
    <span class="who">
      <span class="who-name"><bdi data-workspace="name">${account.workspace}</bdi></span>
      <span class="muted">${role === 'owner' ? words.roleOwner : words.roleMember}</span>
    </span>`;
  if (accounts.length < 2) return name;
  return html`<details class="switcher">
    <summary title="${words.changeWorkspace}">
      ${name}
      <svg class="icon" viewBox="0 0 24 24" width="16" height="16" aria-hidden="true">
        <path d="M8 9.5 12 5.5l4 4M8 14.5l4 4 4-4"></path>
      </svg>
    </summary>
    <form class="switcher-card" method="post" action="/workspace?next=${encodeURIComponent(path)}">
      <p class="muted" id="workspaces">${words.yourWorkspaces}</p>
      <ul aria-labelledby="workspaces">
        ${accounts.map(
          (each) =>
            html`<li>
              <button name="account" value="${each.id}" ${each === account ? html`aria-current="true"` : ''}>
                <span class="initial" aria-hidden="true">${initialOf(each)}</span><bdi>${each.workspace}</bdi>
              </button>
            </li>`,
        )}
      </ul>
    </form>
  </details>`;
}

const initialOf = ({ workspace }: Account): string => [...workspace][0] ?? '';

/** The page's words about its workspace, by the names in `data-workspace`: for `change-workspace.js`. */
export function workspaceWords(account: Account, { words }: Speech): Readonly<Record<string, string>> {
  return {
    id: account.id,
    name: account.workspace,
    initial: initialOf(account),
    customer: account.customer ?? words.noCustomer,
  };
}
