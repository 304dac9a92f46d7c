/**
 * Bounds whose only duty is to end a test that hangs. None of them is part of an assertion: a machine that is busy with
 * other work passes as an idle one does, only later. Speed is asserted by order, by a clock of the test's own
 * (`time-limits.ts`), or against another time of the same run.
 */

const minute = 60_000;

/** Milliseconds for one wait within a test: an element on a page, a request to the sandbox, a process that starts. */
export const patienceMs = 5 * minute;

/** Milliseconds for a whole test: longer, so that the wait in it that hangs can say what it waited for. */
export const hangMs = 30 * minute;
