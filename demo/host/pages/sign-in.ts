import { html } from 'hono/html';
import { accountGroups, type Account } from '../accounts.ts';
import type { Speech } from '../speech.ts';
import { document, wordmark, type Markup } from './document.ts';

export interface SignInParts {
  readonly accounts: readonly Account[];
  readonly speech: Speech;
  /** Where to go on, and the choice of language: everything that the form must bring along. */
  readonly query: string;
}

/** A demo needs no passwords: a visitor chooses a workspace and a role. */
export function signInPage({ accounts, speech, query }: SignInParts): Markup {
  const { words } = speech;
  const role = (value: string, name: string, may: string, checked: boolean) =>
    html`<label class="role">
      <input type="radio" name="role" value="${value}" ${checked ? html`checked` : ''} />
      <span><strong>${name}</strong> <span class="muted">${may}</span></span>
    </label>`;
  const choices = (those: readonly Account[], name: Markup) =>
    html`<ul class="choices" ${name}>
      ${those.map(
        ({ id, workspace, situation }) =>
          html`<li>
            <button class="choice" name="account" value="${id}">
              <span class="initial" aria-hidden="true">${[...workspace][0]}</span>
              <span><bdi>${workspace}</bdi></span>
              ${situation ? html`<span class="muted">${words.lang === 'ar' ? situation.ar : situation.en}</span>` : ''}
            </button>
          </li>`,
      )}
    </ul>`;
  const groups = accountGroups.flatMap((group) => {
    const those = accounts.filter(({ situation }) => situation?.group === group);
    return those.length === 0
      ? []
      : [
          html`<h2 class="choices-name" id="${group}">${words.groupNames[group]}</h2>
            ${choices(those, html`aria-labelledby="${group}"`)}`,
        ];
  });

  const body = html`<div class="gate">
    <main class="gate-form" id="content">
      ${wordmark}
      <h1>${words.signIn}</h1>
      <p class="lead">${words.signInLead}</p>
      <form method="post" action="/sign-in${query}">
        <fieldset class="roles">
          <legend>${words.signInAs}</legend>
          ${role('owner', words.roleOwner, words.ownerMay, true)}
          ${role('member', words.roleMember, words.memberMay, false)}
        </fieldset>
        ${groups.length === 0 ? choices(accounts, html`aria-label="${words.workspaces}"`) : groups}
      </form>
      <p class="gate-more"><a href="/gallery">${words.openGallery}</a></p>
    </main>
    <aside class="pitch">
      <svg class="pitch-art" viewBox="0 0 800 260" preserveAspectRatio="none" aria-hidden="true">
        <path d="M0 150c130 0 150-70 280-70s150 80 270 80 140-50 250-50V260H0Z" />
        <path d="M0 190c150 0 170-60 300-60s160 60 270 60 130-40 230-40V260H0Z" />
        <path d="M0 225c160 0 190-45 320-45s160 45 260 45 130-30 220-30V260H0Z" />
      </svg>
      <div class="pitch-words">
        <p class="pitch-title">${words.tagline}</p>
        <p>${words.pitchLead}</p>
      </div>
    </aside>
  </div>`;
  return document({ speech, title: words.signIn, body });
}
