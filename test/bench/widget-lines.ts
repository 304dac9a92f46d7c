/** The widget's measures as lines of the table. */

import type { Line } from './line.ts';
import { measureWidget } from './widget.ts';

const inMs = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`;
const inMb = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

export async function widgetLines(): Promise<readonly Line[]> {
  const figures = await measureWidget();
  const { oursMs, plainMs, ratio, fiftyMs, longestMs, longestOfFiftyMs } = figures;
  const { heapBefore, heapAfter, asked, bytes, plainBytes } = figures;
  const longest = (what: string, milliseconds: number): Line => ({
    what,
    ours: milliseconds === 0 ? 'none of 50 ms' : inMs(milliseconds),
    baseline: '50 ms',
    ratio: milliseconds / 50,
    limit: '0',
    goal: { atMost: 1 },
  });
  return [
    {
      what: 'widget: define, first render, CPU ÷ 4',
      ours: inMs(oursMs),
      baseline: 'a Lit element, amount and date',
      ratio,
      limit: inMs(plainMs),
      goal: { atMost: 2 },
    },
    longest('widget: longest task, CPU ÷ 4', longestMs),
    {
      what: 'widget: 50 elements, CPU ÷ 4',
      ours: inMs(fiftyMs),
      baseline: '50 pages with one',
      ratio: fiftyMs / (50 * oursMs),
      limit: '',
      goal: null,
    },
    longest('widget: longest task of 50, CPU ÷ 4', longestOfFiftyMs),
    {
      what: 'widget: heap after an hour of polling',
      ours: `${inMb(heapAfter)}, ${asked} requests`,
      baseline: 'an hour before',
      ratio: heapAfter / heapBefore,
      limit: '1',
      goal: { atMost: 1.05 },
    },
    {
      what: 'widget: script, brotli',
      ours: `${(bytes / 1_000).toFixed(1)} kB`,
      baseline: 'a Lit element, amount and date',
      ratio: bytes / plainBytes,
      limit: `${(plainBytes / 1_000).toFixed(1)} kB`,
      goal: null,
    },
  ];
}
