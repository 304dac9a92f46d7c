/** One measure of the table: ours beside its baseline, and whether the goal is met. */

export interface Line {
  readonly what: string;
  readonly ours: string;
  readonly baseline: string;
  /** Ours beside the baseline; its direction is the goal's. */
  readonly ratio: number;
  /** The best that can be reached, where that is known. */
  readonly limit: string;
  readonly goal: Goal | null;
}

/** Of the ratio. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export function isMet({ ratio, goal }: Line): boolean | null {
  if (goal === null) return null;
  return 'atLeast' in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

export const keyOf = ({ what, baseline }: Line): string => `${what} | ${baseline}`;

const goalText = ({ goal }: Line): string => {
  if (goal === null) return '';
  return 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;
};

const metText = (line: Line): string => {
  const met = isMet(line);
  if (met === null) return '';
  return met ? 'yes' : '**no**';
};

/** As a table of Markdown. */
export function tableOf(lines: readonly Line[]): string {
  const head = ['measure', 'ours', 'baseline', 'ratio', 'limit', 'goal', 'met'];
  const rows = lines.map((line) => [
    line.what,
    line.ours,
    line.baseline,
    line.ratio.toFixed(2),
    line.limit,
    goalText(line),
    metText(line),
  ]);
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)));
  const text = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [text(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(text)].join('\n');
}

const [barLeft, barWidth, rowHeight, width] = [330, 300, 22, 720] as const;

/** The same as a picture: a bar to the ratio, and a mark at the goal, on a scale of each line's own. */
export function pictureOf(lines: readonly Line[]): string {
  const drawn = lines.filter(({ goal }) => goal !== null);
  const rows = drawn.map((line, index) => {
    const goal = Object.values(line.goal ?? {})[0] ?? 1;
    const scale = barWidth / Math.max(2 * goal, Math.min(line.ratio, 4 * goal));
    const [bar, mark] = [Math.min(line.ratio * scale, barWidth), goal * scale].map((each) => each.toFixed(1));
    const [y, met] = [index * rowHeight + 8, isMet(line) === true];
    return `<text x="${barLeft - 8}" y="${y + 12}" text-anchor="end">${escaped(line.what)}</text>
<rect x="${barLeft}" y="${y + 2}" width="${bar}" height="13" fill="${met ? '#2f7d4f' : '#b3462f'}"/>
<path d="M${barLeft + Number(mark)} ${y}v17" stroke="#111" stroke-width="2"/>
<text x="${barLeft + barWidth + 8}" y="${y + 12}">${line.ratio.toFixed(2)} (${escaped(goalText(line))})</text>`;
  });
  const height = drawn.length * rowHeight + 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Each measure beside its goal">
<rect width="${width}" height="${height}" fill="#fff"/>
${rows.join('\n')}
</svg>
`;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
