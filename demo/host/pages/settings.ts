/** Settings: the workspace's own, with its plan in a line; and the page with the whole of the billing. */

import { html } from 'hono/html';
import { billhookScript, billingAccount } from './billing-elements.ts';
import type { Markup } from './document.ts';
import { shell } from './shell.ts';
import type { Visitor } from './visitor.ts';

export function generalPage(visitor: Visitor): Markup {
  const { session, speech } = visitor;
  const { words } = speech;
  const row = (name: string, value: unknown) =>
    html`<div class="row">
      <dt>${name}</dt>
      <dd>${value}</dd>
    </div>`;
  return settings(visitor, {
    title: words.general,
    heading: words.general,
    lead: words.generalLead,
    head: billhookScript(visitor),
    content: html`<dl class="panel rows">
        ${row(words.workspaceName, html`<bdi data-workspace="name">${session.account.workspace}</bdi>`)}
        ${row(words.workspaceId, html`<code data-workspace="id">${session.account.id}</code>`)}
        ${row(words.weekStarts, words.monday)} ${row(words.workingHours, words.hoursADay)}
        ${row(words.planAhead, words.eightWeeks)}
      </dl>
      <section class="panel plan-line" aria-labelledby="plan">
        <h2 id="plan">${words.plan}</h2>
        <div lang="${speech.widgetLang}">
          <billhook-plan-status ${billingAccount(visitor)}></billhook-plan-status>
          <billhook-manage-button ${billingAccount(visitor)}></billhook-manage-button>
        </div>
      </section>`,
  });
}

export function billingPage(visitor: Visitor): Markup {
  const { speech } = visitor;
  const { words } = speech;
  const question = (ask: string, answer: string) =>
    html`<details class="question">
      <summary>${ask}</summary>
      <p>${answer}</p>
    </details>`;
  return settings(visitor, {
    title: words.billing,
    heading: words.planAndPayment,
    lead: words.billingLead,
    head: billhookScript(visitor),
    content: html`<div lang="${speech.widgetLang}">
        <billhook-widget ${billingAccount(visitor)}
          ><p class="muted billing-missing">
            ${words.billingNeedsScript} <a href="mailto:billing@tidewater.example">billing@tidewater.example</a>
          </p></billhook-widget
        >
      </div>
      <section class="questions" aria-labelledby="questions">
        <h2 id="questions">${words.goodToKnow}</h2>
        ${question(words.seatsQuestion, words.seatsAnswer)} ${question(words.failedQuestion, words.failedAnswer)}
        ${question(words.cancelQuestion, words.cancelAnswer)}
      </section>`,
  });
}

interface SettingsParts {
  readonly title: string;
  readonly heading: string;
  readonly lead: string;
  readonly content: Markup;
  readonly head?: Markup;
}

function settings(visitor: Visitor, { title, heading, lead, content, ...more }: SettingsParts): Markup {
  const { path, speech } = visitor;
  const { words } = speech;
  const tab = (href: string, label: string) =>
    html`<a href="${href}" ${path === href ? html`aria-current="page"` : ''}>${label}</a>`;
  return shell(visitor, {
    title,
    ...more,
    content: html`<div class="settings">
      <header class="head">
        <h1>${words.settings}</h1>
        <nav class="tabs" aria-label="${words.settingsNavigation}">
          ${tab('/settings', words.general)} ${tab('/settings/billing', words.billing)}
        </nav>
      </header>
      <div class="section-head">
        <h2>${heading}</h2>
        <p class="lead">${lead}</p>
      </div>
      ${content}
    </div>`,
  });
}
