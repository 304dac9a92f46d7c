/** The rooms in which every wrong change must be noticed: their sources, and the tests that have to notice it. */

export interface Room {
  /** Globs of what is changed, from the repository's root. */
  readonly sources: readonly string[];
  /** Globs of the tests that run, from `test/`. */
  readonly tests: readonly string[];
  /**
   * Per cent of the changes that a test fails for, or that never end: the room may not fall below it. It is raised when
   * tests are added, and never lowered.
   */
  readonly atLeast: number;
}

export const rooms = {
  judge: {
    sources: ['server/src/billing/judge/*.ts'],
    // Not the properties over any facts: they run for every change, and take seconds.
    tests: ['server/billing/!(judge.properties).test.ts'],
    atLeast: 99,
  },
  billing: {
    sources: ['server/src/billing/*.ts'],
    // Not the properties over any facts: they run for every change, and take seconds.
    tests: ['server/billing/!(judge.properties).test.ts'],
    atLeast: 98,
  },
  tokens: {
    sources: ['server/src/tokens/*.ts'],
    // Not the ones that other languages' programs run in, nor those of thousands of tokens.
    tests: ['server/tokens/!(recipes|verify.cached).test.ts'],
    atLeast: 0,
  },
  facts: {
    sources: ['server/src/stripe/facts/*.ts'],
    tests: ['server/stripe/{decline,facts,facts.{discounts,fields,invoices,items,malformed,prices,shapes}}.test.ts'],
    atLeast: 96,
  },
  routes: {
    sources: ['server/src/http/**/*.ts'],
    tests: ['server/http/*.test.ts', 'server/accounts/*.test.ts'],
    atLeast: 0,
  },
  ledger: {
    sources: ['server/src/ledger/*.ts', 'server/src/ledger/sqlite/*.ts'],
    tests: ['contract/sqlite.test.ts'],
    atLeast: 0,
  },
  postgres: {
    sources: ['server/src/ledger/postgres/*.ts'],
    tests: ['contract/postgres{,.locks,.restart}.test.ts'],
    atLeast: 0,
  },
  client: {
    // Markup of a page, and all that a browser alone has, is tested in browsers, which this runner does not drive.
    sources: [
      'widget/src/client/{api,client,client-state,client-store,parse,polling,reader,scheduler,visit-session}.ts',
    ],
    tests: ['widget/{client-store,parse,polling,polling-manners,refusals,requests,visit-session}.test.ts'],
    atLeast: 0,
  },
} satisfies Record<string, Room>;
