/** The rooms in which every wrong change must be noticed: their sources, and the tests that have to notice it. */

export interface Room {
  /** Globs of what is changed, from the repository's root. */
  readonly sources: readonly string[];
  /** Globs of the tests that run, from `test/`, in their order: the first that notices a change ends its run. */
  readonly tests: readonly string[];
  /** Milliseconds that one test may take. Default: 30,000; less where a change often leaves a test waiting. */
  readonly testMs?: number;
  /** Where the tests' databases lie. Default: in memory, where the machine has a place for files there */
  readonly keepsFiles?: 'disk' | 'memory';
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
    // Not the ones that other languages' programs run in.
    tests: ['server/tokens/!(recipes).test.ts'],
    atLeast: 99,
  },
  facts: {
    sources: ['server/src/stripe/facts/*.ts'],
    tests: ['server/stripe/{decline,facts,facts.{discounts,fields,invoices,items,malformed,prices,shapes}}.test.ts'],
    atLeast: 96,
  },
  // The routes are three rooms, so that a change asks only the tests that are about it: those of all rooms take minutes.
  gate: {
    // The rules of all requests, and the addresses of operators and of Stripe.
    sources: [
      'server/src/http/!(host-calls|long-poll|open-visit|read-at-once|read-first|read-synced).ts',
      'server/src/http/routes/{operations,upkeep,webhook}.ts',
    ],
    tests: [
      'server/http/{auth,base-path,bearer,body-limit,client-address,cross-account,etags,fields,gate,operations,origins-in-the-log,plain-target,rate-limits,read-body,refusals,to-problem,webhook-modes,webhook-outcomes,widget-files}.test.ts',
    ],
    atLeast: 98,
  },
  reads: {
    sources: [
      'server/src/http/{host-calls,long-poll,read-first,read-synced}.ts',
      'server/src/http/routes/{access,billing}.ts',
    ],
    tests: ['server/http/{access-document,heard-reads,host-calls,refusals,waiting-reads}.test.ts'],
    testMs: 3_000,
    atLeast: 95,
  },
  readsAtOnce: {
    sources: ['server/src/http/read-at-once.ts'],
    tests: ['server/http/read-at-once.test.ts', 'server/http/{heard-reads,refusals}.test.ts'],
    testMs: 3_000,
    atLeast: 99,
  },
  openings: {
    sources: ['server/src/http/open-visit.ts', 'server/src/http/routes/{checkout,invoice,portal,visits}.ts'],
    tests: [
      'server/http/{checkout-route,fields,invoice-route,open-visit,portal-flows,refusals,returns,visit-baseline,visits-route}.test.ts',
      'server/accounts/{checkout-settings,trial-once}.test.ts',
    ],
    atLeast: 99,
  },
  ledger: {
    sources: ['server/src/ledger/!(move).ts', 'server/src/ledger/sqlite/!(export).ts'],
    tests: [
      'contract/{batch,rows,sqlite,sqlite.write-queue}.test.ts',
      'server/shared-clock.test.ts',
      'attacks/at-rest.test.ts',
    ],
    testMs: 8_000,
    atLeast: 99,
  },
  move: {
    sources: ['server/src/ledger/move.ts', 'server/src/ledger/sqlite/export.ts'],
    tests: ['server/cli/move-ledger.test.ts'],
    atLeast: 99,
  },
  // PostgreSQL is four rooms: what it keeps is asked by the contract of every store, which takes minutes.
  customers: {
    sources: ['server/src/ledger/postgres/{budget,claims,customers,events,history,jobs}.ts'],
    tests: ['contract/postgres.{durable,ledger}.test.ts', 'contract/postgres{,.locks}.test.ts'],
    testMs: 15_000,
    keepsFiles: 'disk',
    atLeast: 99,
  },
  postgres: {
    sources: ['server/src/ledger/postgres/{ledger,life,links,outbox,previews,prune,purchases,tickets,visits}.ts'],
    tests: ['contract/postgres.{durable,ledger}.test.ts', 'contract/postgres{,.locks}.test.ts'],
    testMs: 15_000,
    keepsFiles: 'disk',
    atLeast: 94,
  },
  // Its connections, settings and tables.
  sessions: {
    sources: ['server/src/ledger/postgres/{database,import,schema,session,settings}.ts'],
    tests: [
      'contract/postgres.connections.test.ts',
      'contract/postgres.{import,lent,schema}.test.ts',
      'contract/{pgbouncer,postgres.alone,postgres.restart}.test.ts',
      'server/cli/move-ledger.test.ts',
    ],
    testMs: 15_000,
    keepsFiles: 'disk',
    atLeast: 98,
  },
  // Its addresses, failures and messages, of which the tests need no server.
  messages: {
    sources: ['server/src/ledger/postgres/{address,failure,feed,heard-changes}.ts'],
    tests: ['contract/postgres.{address,failure,feed}.test.ts'],
    testMs: 3_000,
    atLeast: 99,
  },
  client: {
    // Markup of a page, and all that a browser alone has, is tested in browsers, which this runner does not drive.
    sources: [
      'widget/src/client/{api,client,client-state,client-store,parse,polling,reader,scheduler,visit-session}.ts',
    ],
    tests: [
      'widget/{client,client-store,parse,polling,polling-manners,reader,refusals,requests,scheduler,visit-session,visit-state}.test.ts',
    ],
    atLeast: 97,
  },
} satisfies Record<string, Room>;
