/** The operator's log, whose lines can be awaited: a test waits for a line, never for a time. */

import type { Log, LogFields } from '@billhook/server';

export interface SaidLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly what: string;
  readonly fields: LogFields;
}

export interface OperatorLog extends Log {
  readonly lines: readonly SaidLine[];
  /** Resolves with the n-th line that fits; the test's own time limit is the limit. */
  said(fits: (line: SaidLine) => boolean, times?: number): Promise<SaidLine>;
}

export function operatorLog(): OperatorLog {
  const lines: SaidLine[] = [];
  const waiting = new Set<() => void>();
  const note =
    (level: SaidLine['level']) =>
    (what: string, fields: LogFields = {}) => {
      lines.push({ level, what, fields });
      for (const wake of waiting) wake();
    };
  return {
    lines,
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    async said(fits, times = 1) {
      for (;;) {
        const found = lines.filter(fits)[times - 1];
        if (found) return found;
        await new Promise<void>((wake) => {
          const woken = () => {
            waiting.delete(woken);
            wake();
          };
          waiting.add(woken);
        });
      }
    },
  };
}
