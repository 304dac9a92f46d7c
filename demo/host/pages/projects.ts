import { html } from 'hono/html';
import { projects, spanOf, teams, weeksShown } from '../planning.ts';
import type { Speech } from '../speech.ts';
import type { Markup } from './document.ts';
import { shell } from './shell.ts';
import type { Visitor } from './visitor.ts';

export function projectsPage(visitor: Visitor): Markup {
  const { words } = visitor.speech;
  const content = html`<header class="head">
      <h1>${words.projects}</h1>
      <p class="lead">${words.projectsLead}</p>
    </header>
    <div class="panel">
      <div class="scroll" role="region" aria-label="${words.projects}" tabindex="0">
        ${projectTable(visitor.speech)}
      </div>
    </div>`;
  return shell(visitor, { title: words.projects, content });
}

function projectTable({ words, number, week, weekEnd, list }: Speech): Markup {
  const rows = projects
    .map((project) => ({ ...project, ...spanOf(project) }))
    .toSorted((one, other) => other.hours - one.hours);
  return html`<table class="projects">
    <thead>
      <tr>
        <th scope="col">${words.project}</th>
        <th scope="col">${words.teams}</th>
        <th scope="col">${words.schedule}</th>
        <th scope="col" class="amount">${words.hours}</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(({ key, booked, first, last, hours }) => {
        const busy = teams.filter((team) => booked[team.key] !== undefined);
        return html`<tr>
          <th scope="row">${words.projectNames[key]}</th>
          <td class="muted">${list(busy.map((team) => words.teamNames[team.key]))}</td>
          <td>
            <svg class="span" viewBox="0 0 ${weeksShown} 1" preserveAspectRatio="none" aria-hidden="true">
              <rect class="span-all" x="0" y="0" width="${weeksShown}" height="1"></rect>
              <rect class="span-busy" x="${first}" y="0" width="${last - first + 1}" height="1"></rect>
            </svg>
            <span class="muted">${words.fromTo(week(first), weekEnd(last))}</span>
          </td>
          <td class="amount">${number(hours)}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}
