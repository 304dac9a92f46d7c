/** One finding of `billhook doctor`: a verdict, and the step that puts it right. */

export interface Diagnosis {
  /** `warn`: it works, but not as it should. `fail`: something will not work. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** The subject, in a word or two. */
  readonly check: string;
  readonly what: string;
  /** One sentence with the way out. `null` where all is well. */
  readonly fix: string | null;
}

export const ok = (check: string, what: string): Diagnosis => ({ level: 'ok', check, what, fix: null });
export const warn = (check: string, what: string, fix: string): Diagnosis => ({ level: 'warn', check, what, fix });
export const fail = (check: string, what: string, fix: string): Diagnosis => ({ level: 'fail', check, what, fix });
