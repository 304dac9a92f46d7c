/** Whose row it is. */

/** Who pays, in the host's own words. */
export interface AccountRef {
  readonly host: string;
  readonly account: string;
}
