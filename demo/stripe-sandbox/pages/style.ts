/** The hosted pages' look: quiet, light and dark, from 320 px up, in either writing direction. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --side: #f5f6f8; --raised: #ffffff; --line: #e3e5ea; --line-strong: #7b8494;
  --ink: #1b2030; --soft: #586174; --accent: #4338ca; --accent-hover: #3730a3; --on-accent: #ffffff;
  --good: #0b6b3d; --good-ground: #e6f5ec; --warn: #8a4b00; --warn-ground: #fdf2e0; --bad: #b02020; --bad-ground: #fdeded; --plain-ground: #eceef2;
  --shadow: 0 1px 2px rgb(20 24 40 / 6%), 0 4px 16px rgb(20 24 40 / 4%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151d; --side: #0d1017; --raised: #1a1e29; --line: #2b3140; --line-strong: #7f8aa0;
    --ink: #eceef4; --soft: #a3abbd; --accent: #a5b4fc; --accent-hover: #c7d2fe; --on-accent: #14162b;
    --good: #6fdca0; --good-ground: #12301f; --warn: #f5c16c; --warn-ground: #33260f; --bad: #ff9c9c; --bad-ground: #3a1a1d; --plain-ground: #262c3a;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 400 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: break-word;
}
dd { overflow-wrap: anywhere; }
h1, h2, h3, p, dl, dd, table, fieldset, ul { margin: 0; padding: 0; }
a { color: var(--accent); text-underline-offset: 0.2em; }
a:hover { color: var(--accent-hover); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 6px; }

.page { min-block-size: 100vh; display: grid; grid-template-columns: minmax(17rem, 2fr) 5fr; }
.side { background: var(--side); border-inline-end: 1px solid var(--line); }
.side-inner {
  padding-block: 4rem 2rem; padding-inline: max(2rem, calc((100vw - 76rem) / 2)) 2.5rem;
  display: flex; flex-direction: column; align-items: flex-start; gap: 1rem;
  position: sticky; inset-block-start: 0; block-size: 100vh;
}
.brand { display: flex; align-items: center; gap: 0.75rem; font-weight: 600; }
.monogram {
  inline-size: 2.25rem; block-size: 2.25rem; border-radius: 0.625rem; flex: none;
  display: grid; place-items: center; background: var(--accent); color: var(--on-accent); font-weight: 700;
}
.tagline { font-size: 1.5rem; line-height: 1.3; font-weight: 600; letter-spacing: -0.015em; max-inline-size: 16rem; text-wrap: balance; }
.back { display: inline-flex; gap: 0.5rem; align-items: center; min-block-size: 2.75rem; font-weight: 500; text-decoration: none; }
.back:hover { text-decoration: underline; }
[dir="rtl"] .arrow { transform: scaleX(-1); }
.sandbox { margin-block-start: auto; font-size: 0.8125rem; color: var(--soft); display: flex; align-items: center; gap: 0.5rem; }
.dot { inline-size: 0.5rem; block-size: 0.5rem; border-radius: 50%; background: var(--warn); flex: none; }

.parts { display: grid; }
.parts a { min-block-size: 2.25rem; display: inline-flex; align-items: center; text-decoration: none; font-weight: 500; }
.parts a:hover { text-decoration: underline; }

.main { padding-block: 4rem; padding-inline: clamp(1.25rem, 5vw, 4.5rem); max-inline-size: 56rem; inline-size: 100%; display: grid; gap: 2.75rem; align-content: start; }
h1 { font-size: 1.625rem; line-height: 1.25; letter-spacing: -0.015em; }
.invoice-number { font-size: 1.0625rem; letter-spacing: 0; }
.lede { color: var(--soft); max-inline-size: 38rem; margin-block-start: 0.5rem; }
section > h2 { font-size: 0.9375rem; font-weight: 600; padding-block-end: 0.625rem; border-block-end: 1px solid var(--line); margin-block-end: 1.25rem; }

.notice { display: flex; gap: 0.75rem; padding: 0.75rem 1rem; border-radius: 0.625rem; font-weight: 500; }
.notice .sign { font-weight: 700; }
.notice.done { background: var(--good-ground); color: var(--good); }
.notice.problem { background: var(--bad-ground); color: var(--bad); }

.plan + .plan { margin-block-start: 2rem; }
.plan-head { display: flex; flex-wrap: wrap; gap: 0.375rem 0.75rem; align-items: center; }
.plan-name { font-size: 1.0625rem; font-weight: 600; }
.plan-price { font-size: 1.75rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.02em; margin-block: 0.25rem; }
.plan-price small { font-size: 1rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.soft { color: var(--soft); }
.small { font-size: 0.875rem; }
.pill { font-size: 0.75rem; line-height: 1.25rem; font-weight: 600; padding-inline: 0.5rem; border-radius: 0.375rem; background: var(--plain-ground); color: var(--soft); white-space: nowrap; }
.pill.good { background: var(--good-ground); color: var(--good); }
.pill.warn { background: var(--warn-ground); color: var(--warn); }
.pill.bad { background: var(--bad-ground); color: var(--bad); }

.due { border: 1px solid var(--line); border-inline-start: 4px solid var(--bad); border-radius: 0.625rem; padding: 1.125rem 1.25rem; margin-block-start: 1rem; background: var(--raised); box-shadow: var(--shadow); }
.due.plain { border-inline-start-color: var(--line-strong); }
.per { font-size: 1rem; font-weight: 400; letter-spacing: 0; color: var(--soft); }
.due h3 { font-size: 1.0625rem; }
.due p { margin-block-start: 0.25rem; }

.actions { display: flex; flex-wrap: wrap; gap: 0.625rem; margin-block-start: 1rem; align-items: center; }
.actions form { display: contents; }
.button {
  appearance: none; font: inherit; font-size: 0.9375rem; font-weight: 600; cursor: pointer; text-decoration: none; text-align: center;
  min-block-size: 2.75rem; padding-block: 0.5rem; padding-inline: 1.125rem; border-radius: 0.5rem;
  border: 1px solid var(--line-strong); background: transparent; color: var(--ink); display: inline-flex; align-items: center; justify-content: center;
}
.button:hover { background: var(--plain-ground); color: var(--ink); }
.button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.button.primary:hover { background: var(--accent-hover); border-color: var(--accent-hover); color: var(--on-accent); }
.button.danger { background: var(--bad); border-color: var(--bad); color: var(--ground); }
.button.danger:hover { filter: brightness(1.08); }
.button.wide { inline-size: 100%; }
.button.quiet { border-color: transparent; color: var(--accent); padding-inline: 0.5rem; }

.row { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: space-between; }
.card { display: inline-flex; align-items: center; gap: 0.75rem; }
.card-brand { border: 1px solid var(--line-strong); border-radius: 0.3125rem; font-size: 0.625rem; font-weight: 700; letter-spacing: 0.04em; text-transform: uppercase; min-inline-size: 2.75rem; padding-inline: 0.25rem; block-size: 1.75rem; display: inline-grid; place-items: center; color: var(--soft); }
.card-text { display: inline-grid; }

dl.facts { display: grid; grid-template-columns: minmax(4.5rem, max-content) 1fr; gap: 0.375rem clamp(1rem, 5vw, 3rem); }
dl.facts dt { color: var(--soft); }

table { inline-size: 100%; border-collapse: collapse; }
table + .panel { margin-block-start: 1.5rem; }
th { text-align: start; font-size: 0.8125rem; font-weight: 500; color: var(--soft); padding-block: 0 0.5rem; }
td { padding-block: 0.6875rem; border-block-start: 1px solid var(--line); vertical-align: baseline; }
th, td { padding-inline-end: 1rem; }
.end { text-align: end; white-space: nowrap; }
th:last-child, td:last-child { padding-inline-end: 0; }
tfoot td { font-weight: 600; }

.panel { border: 1px solid var(--line); border-radius: 0.875rem; background: var(--raised); box-shadow: var(--shadow); padding: clamp(1.125rem, 4vw, 1.75rem); max-inline-size: 34rem; display: grid; gap: 1.25rem; }
.field { display: grid; gap: 0.375rem; }
.field label, legend { font-size: 0.875rem; font-weight: 600; padding: 0; }
legend { margin-block-end: 0.5rem; }
legend .soft { font-weight: 400; }
.field input, .field select, .field textarea {
  font: inherit; color: var(--ink); background: var(--ground); border: 1px solid var(--line-strong); border-radius: 0.5rem;
  padding-block: 0.5625rem; padding-inline: 0.75rem; inline-size: 100%; min-block-size: 2.75rem;
}
.field input::placeholder { color: var(--soft); opacity: 1; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem; }
fieldset { border: 0; display: grid; gap: 0.5rem; min-inline-size: 0; }
.choice { display: flex; gap: 0.75rem; align-items: center; min-block-size: 2.75rem; padding-inline: 0.875rem; border: 1px solid var(--line); border-radius: 0.5rem; cursor: pointer; }
.choice:has(:checked) { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.choice input { accent-color: var(--accent); inline-size: 1.0625rem; block-size: 1.0625rem; flex: none; margin: 0; }
.choice-text { display: grid; padding-block: 0.5rem; flex: 1; }
form:has(input[value="onFile"]:checked) .new-card { display: none; }
.new-card { display: grid; gap: 1.25rem; }

.tests { border-block-start: 1px dashed var(--line-strong); padding-block-start: 1.125rem; display: grid; gap: 0.625rem; }
.tests h2 { font-size: 0.875rem; }
.test-card { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; justify-content: space-between; }
.test-card code { font: 500 0.875rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; display: block; }
.test-card p { flex: 1 1 14rem; }
.test-card .button { min-block-size: 2.75rem; }

.now { font-size: 1.75rem; line-height: 1.25; font-weight: 600; letter-spacing: -0.02em; }
.entries { list-style: none; margin: 0; padding: 0; }
.entry { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: space-between; padding-block: 0.75rem; border-block-start: 1px solid var(--line); }
.entry:first-child { border-block-start: 0; padding-block-start: 0; }
.entry-text { flex: 1 1 16rem; min-inline-size: 0; display: grid; gap: 0.125rem; overflow-wrap: anywhere; }
.entry-side { display: flex; flex-wrap: wrap; gap: 0.375rem 0.5rem; align-items: center; }
.entry-side form { display: contents; }
.entry h3 { font-size: 1rem; font-weight: 600; }
.entry .line { display: flex; flex-wrap: wrap; gap: 0.25rem 0.625rem; align-items: center; }
.entry code { font: 500 0.875rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 13rem), 1fr)); gap: 1rem; align-items: end; }
.panel.full { max-inline-size: none; margin-block-start: 1rem; }
.hint { margin-block-start: 0.75rem; }
.check { display: flex; gap: 0.625rem; align-items: center; min-block-size: 2.75rem; font-weight: 500; }
.check input { inline-size: 1.125rem; block-size: 1.125rem; accent-color: var(--accent); margin: 0; flex: none; }

.amount { font-size: 2.25rem; line-height: 1.15; font-weight: 600; letter-spacing: -0.025em; }
.stack { display: grid; gap: 0.375rem; }
.steps { display: grid; gap: 0.5rem; list-style: none; }
.steps li { display: flex; gap: 0.625rem; }
.steps li::before { content: "•"; color: var(--soft); }

@media (max-width: 60rem) {
  .page { grid-template-columns: 1fr; grid-template-rows: auto 1fr; }
  .side { border-inline-end: 0; border-block-end: 1px solid var(--line); }
  .side-inner { position: static; block-size: auto; padding-block: 1.25rem 0.75rem; padding-inline: clamp(1.25rem, 5vw, 4.5rem); gap: 0.25rem 1rem; display: grid; grid-template-columns: 1fr auto; align-items: center; }
  .tagline { display: none; }
  .back { grid-column: 1 / -1; grid-row: 2; }
  .parts { grid-column: 1 / -1; grid-row: 3; display: flex; flex-wrap: wrap; gap: 0 1.25rem; }
  .parts a { min-block-size: 2.75rem; }
  .sandbox { margin: 0; grid-column: 2; grid-row: 1; }
  .main { padding-block: 2rem 4rem; }
}
@media (max-width: 30rem) {
  .side .business { font-size: 0.9375rem; }
  .sandbox { font-size: 0.75rem; }
  .actions .button { flex: 1 1 auto; }
  .invoices thead { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
  .invoices tr { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding-block: 0.625rem; border-block-start: 1px solid var(--line); }
  .invoices td { border: 0; padding: 0; }
  .invoices td:nth-child(2) { grid-column: 1; grid-row: 2; }
  .invoices td:nth-child(3) { grid-column: 2; grid-row: 1; text-align: end; }
  .invoices td:nth-child(4) { grid-column: 2; grid-row: 2; text-align: end; }
}
@media (forced-colors: active) { .pill, .notice, .choice { border: 1px solid; } .choice:has(:checked) { outline: 2px solid Highlight; } }
/* Said to screen readers, where the same button already stands in full above. */
.away { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { .side .back, .actions, .pay { display: none; } }
`;
