import { html } from 'hono/html';
import { bookedHours, overbookings, projects, teams, weekLoads, weeksShown, type WeekLoad } from '../planning.ts';
import type { Speech } from '../speech.ts';
import { billhookScript, billingAccount } from './billing-elements.ts';
import type { Markup } from './document.ts';
import { shell } from './shell.ts';
import type { Visitor } from './visitor.ts';

export function overviewPage(visitor: Visitor): Markup {
  const { speech } = visitor;
  const { words, number } = speech;
  const loads = weekLoads();
  const free = loads.reduce((sum, { booked, capacity }) => sum + capacity - booked, 0);
  const content = html`<div class="trouble" lang="${speech.widgetLang}">
      <billhook-past-due-banner ${billingAccount(visitor)}></billhook-past-due-banner>
    </div>
    <header class="head">
      <h1>${words.overview}</h1>
      <p class="lead">${words.overviewLead}</p>
    </header>
    <dl class="figures">
      ${figure(words.thisWeek, loadOf(loads[0], speech), hoursOf(loads[0], speech))}
      ${figure(words.nextWeek, loadOf(loads[1], speech), hoursOf(loads[1], speech))}
      ${figure(words.hoursFree, number(free), words.inEightWeeks)}
      ${figure(words.activeProjects, number(projects.length), words.acrossTeams(number(teams.length)))}
    </dl>
    ${decisions(speech)} ${weeklyChart(loads, speech)} ${teamTable(speech)}`;
  return shell(visitor, { title: words.overview, head: billhookScript(visitor), content });
}

function figure(name: string, value: string, note: string): Markup {
  return html`<div class="figure">
    <dt>${name}</dt>
    <dd class="value">${value}</dd>
    <dd class="muted">${note}</dd>
  </div>`;
}

const ratioOf = ({ booked, capacity }: WeekLoad): number => booked / capacity;
const loadOf = (load: WeekLoad | undefined, { percent }: Speech) => (load ? percent(ratioOf(load)) : '');
const hoursOf = (load: WeekLoad | undefined, { words, number }: Speech) =>
  load ? words.ofHours(number(load.booked), number(load.capacity)) : '';

function decisions({ words, number, week }: Speech): Markup {
  const found = overbookings();
  return html`<section class="panel decision" aria-labelledby="decisions">
    <h2 id="decisions">${words.needsDecision}</h2>
    ${
      found.length === 0
        ? html`<p class="muted">${words.nothingOver}</p>`
        : html`<ul>
            ${found.map(
              ({ team, week: at, over, lender, free }) =>
                html`<li>
                  <strong>${words.overbooked(words.teamNames[team], number(over), week(at))}.</strong>
                  <span class="muted">${words.couldLend(words.teamNames[lender], number(free))}</span>
                </li>`,
            )}
          </ul>`
    }
  </section>`;
}

/** Heights are attributes of the picture, because the CSP refuses inline styles. */
const chart = { height: 160, column: 100, bar: 44 };

function weeklyChart(loads: readonly WeekLoad[], { words, percent, week }: Speech): Markup {
  const width = loads.length * chart.column;
  return html`<section class="panel" aria-labelledby="by-week">
    <div class="panel-head">
      <h2 id="by-week">${words.bookedByWeek}</h2>
      <ul class="legend" aria-hidden="true">
        <li class="key-booked">${words.booked}</li>
        <li class="key-capacity">${words.capacity}</li>
      </ul>
    </div>
    <div class="chart">
      <svg viewBox="0 0 ${width} ${chart.height}" preserveAspectRatio="none" aria-hidden="true">
        ${loads.map((load, index) => {
          const x = index * chart.column + (chart.column - chart.bar) / 2;
          const height = Math.round(Math.min(1, ratioOf(load)) * chart.height);
          return html`<rect class="bar-room" x="${x}" y="0" width="${chart.bar}" height="${chart.height}"></rect>
            <rect class="bar" x="${x}" y="${chart.height - height}" width="${chart.bar}" height="${height}"></rect>`;
        })}
      </svg>
      <ol class="chart-weeks">
        ${loads.map(
          (load, index) =>
            html`<li><strong>${percent(ratioOf(load))}</strong> <span class="muted">${week(index)}</span></li>`,
        )}
      </ol>
    </div>
  </section>`;
}

function teamTable({ words, number, percent, week }: Speech): Markup {
  const weeks = Array.from({ length: weeksShown }, (_, index) => index);
  return html`<div class="panel">
    <h2 id="by-team">${words.teamsByWeek}</h2>
    <div class="scroll" role="region" aria-labelledby="by-team" tabindex="0">
      <table class="heat">
        <thead>
          <tr>
            <th scope="col">${words.team}</th>
            ${weeks.map((index) => html`<th scope="col">${week(index)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${teams.map(
            ({ key, people, hours }) =>
              html`<tr>
                <th scope="row">${words.teamNames[key]} <span class="muted">${words.people(number(people))}</span></th>
                ${weeks.map((index) => {
                  const ratio = bookedHours(key, index) / hours;
                  return html`<td class="${heatOf(ratio)}">${percent(ratio)}</td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </div>`;
}

function heatOf(ratio: number): string {
  if (ratio > 1) return 'over';
  return `heat-${Math.min(4, Math.floor(ratio * 5))}`;
}
