/** A log that keeps its lines, and in which they can be awaited: a test waits for a line of the server's, never for a time. */

import type { Log, LogFields } from '@billhook/server';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly what: string;
  readonly fields: LogFields;
}

export interface LogRecorder extends Log {
  readonly lines: readonly LogLine[];
  /** Resolves with the n-th line that matches, counted from the start; the test's own time limit is the limit. */
  line(matches: (line: LogLine) => boolean, times?: number): Promise<LogLine>;
  /** Resolves with the first line of this name from now on. */
  next(what: string): Promise<LogLine>;
}

export function logRecorder(): LogRecorder {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const record =
    (level: LogLine['level']) =>
    (what: string, fields: LogFields = {}) => {
      lines.push({ level, what, fields });
      for (const wake of waiting) wake();
    };
  const lineAfter = async (start: number, matches: (line: LogLine) => boolean, times: number): Promise<LogLine> => {
    for (;;) {
      const found = lines.slice(start).filter(matches)[times - 1];
      if (found) return found;
      // oxlint-disable-next-line no-await-in-loop -- one line after another
      await new Promise<void>((wake) => {
        const woken = () => {
          waiting.delete(woken);
          wake();
        };
        waiting.add(woken);
      });
    }
  };
  return {
    lines,
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    line: (matches, times = 1) => lineAfter(0, matches, times),
    next: (what) => lineAfter(lines.length, (line) => line.what === what, 1),
  };
}
