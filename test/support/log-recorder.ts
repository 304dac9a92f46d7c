/** A log whose lines can be awaited: a test waits for the server's own word, never for a time. */

import type { Log, LogFields } from '@billhook/server';

export interface Hearing {
  readonly log: Log;
  /** Resolves with the fields of the first such line from now on. */
  next(what: string): Promise<LogFields>;
  /** The events so far. */
  readonly said: readonly string[];
}

export function hearing(): Hearing {
  const said: string[] = [];
  const waiting: { readonly what: string; readonly hear: (fields: LogFields) => void }[] = [];
  const hear = (what: string, fields: LogFields = {}) => {
    said.push(what);
    for (const waiter of waiting.filter((each) => each.what === what)) {
      waiting.splice(waiting.indexOf(waiter), 1);
      waiter.hear(fields);
    }
  };
  return {
    log: { info: hear, warn: hear, error: hear },
    next: (what) => new Promise((resolve) => waiting.push({ what, hear: resolve })),
    said,
  };
}
