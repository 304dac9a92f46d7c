/** The account of a row. */

/** The payer, by the host's own id. */
export interface AccountRef {
  readonly host: string;
  readonly account: string;
}
