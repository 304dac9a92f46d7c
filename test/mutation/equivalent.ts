/**
 * Changes that no test can notice, because nothing that is asked of the code changes with them: they count neither as
 * noticed nor as missed. Named by their text, so that a line may move. One that is noticed after all fails the run: it
 * has to leave this list.
 */

export interface Equivalent {
  /** The file, from the repository's root. */
  readonly file: string;
  /** The text that is changed, on one line. */
  readonly was: string;
  /** Its replacement. */
  readonly became: string;
  readonly reason: string;
}

export const equivalents: readonly Equivalent[] = [];
