/** How often one account, and one address, may ask. */

export interface LimitOptions {
  /** Requests of one account in a minute. Default: 600. */
  readonly asksPerMinute: number;
  /** Requests of a host's backend for the access of one account in a minute. Default: 6000. */
  readonly accessPerMinute: number;
  /** Openings of one account in a minute. Default: 60. */
  readonly openingsPerMinute: number;
  /** Refused tokens from one address in a minute. Default: 120. */
  readonly refusalsPerMinute: number;
}

export const defaultLimits: LimitOptions = {
  asksPerMinute: 600,
  accessPerMinute: 6_000,
  openingsPerMinute: 60,
  refusalsPerMinute: 120,
};
