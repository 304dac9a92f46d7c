/**
 * The traces of a clock that was wrong. Processes on PostgreSQL count by its clock (`shared-clock.ts`); a lone one on
 * SQLite has its machine's, which may be set back an hour, and so may a database server's. A time that lies further ahead
 * of now than it can have been set is of such a clock, and counts as over: waiting until the clock has caught up with it
 * could take hours.
 */

/** Milliseconds that the clocks of two processes may differ by without anything counting as over before its time. */
export const clockSkewMs = 5_000;

/** The longest that a back-off lasts, in milliseconds; a longer one is cut to this. */
export const longestBackOffMs = 600_000;

/** The longest that a request makes its customer go first, in milliseconds: longer than any is held. */
export const longestPriorityMs = 60_000;

/** The longest from a visit's answer to its last recheck, in milliseconds. */
export const longestRecheckMs = 60_000;
