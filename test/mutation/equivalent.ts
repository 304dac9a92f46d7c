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

type Row = readonly [was: string, became: string, reason: string];

const sources: Readonly<Record<string, readonly Row[]>> = {
  'server/src/billing/judge/discount.ts': [
    ['listPrice(item)?.amount', 'listPrice(item).amount', 'Asked for where the sum is known, so each of its parts is.'],
  ],
  'server/src/billing/judge/actions.ts': [
    ["action.via === 'portal'", 'true', 'Only a way into the portal has a flow; the compiler has to be told.'],
  ],
  'server/src/billing/judge/card.ts': [
    ["each.via === 'portal'", 'true', 'Only a way into the portal has a flow; the compiler has to be told.'],
    ['chargedAt !== null', 'true', 'The date of null is no number, and nothing is less than that.'],
  ],
  'server/src/billing/judge/method-needed.ts': [
    [
      'items.every((item) => item.currency === currency)',
      'items.some(item => item.currency === currency)',
      'Stripe holds all items of a subscription to one currency.',
    ],
  ],
  'server/src/billing/judge/next-payment.ts': [
    ['nextAttemptAt === null', 'false', 'Its date is null then, which is asked before; the compiler has to be told.'],
  ],
  'server/src/billing/judge/subscription.ts': [
    [
      'facts.pause?.keepsService',
      'facts.pause.keepsService',
      'Called where there is a pause; the compiler does not know.',
    ],
    ['graceEnd !== null', 'true', 'A moment that there is not is never seen, nor overdue.'],
    ['[]', '["Stryker was here"]', 'A text among the invoices has no reason and no status, and is no renewal.'],
    [
      'first === Infinity',
      'false',
      'Infinity is no moment: it is told as none, as null is, and nothing comes after it.',
    ],
  ],
  'server/src/billing/access-document.ts': [
    [
      'facts?.entitlements',
      'facts.entitlements',
      'Without facts no subscription gives anything, which is asked before.',
    ],
    ['a.key < b.key', 'a.key <= b.key', 'No two subscriptions have one key.'],
    ['[]', '["Stryker was here"]', 'A text among the rules has no key and no features.'],
  ],
  'server/src/billing/changes.ts': [
    ["''", '"Stryker was here!"', 'No reason for an invoice is called so, nor is it empty.'],
    ['[]', '["Stryker was here"]', 'A text among the invoices has no id.'],
  ],
  'server/src/billing/notices.ts': [
    [
      'to === null',
      'false',
      'Without items there are no terms either, which is asked before; the compiler has to be told.',
    ],
    [
      'is === null',
      'false',
      'Without terms there is no plan either, which is asked after; the compiler has to be told.',
    ],
    [
      'from === null',
      'false',
      'Without items there are no terms either, which is asked before; the compiler has to be told.',
    ],
    ['trialEnd === null', 'false', 'There is no moment then, which is asked before; the compiler has to be told.'],
    ['trialEnd !== null', 'true', 'A trial without an end has its moment in the days before 1970.'],
    ['trialEndsAt === null', 'false', 'No clock shows a time that no calendar has.'],
    ['[]', '["Stryker was here"]', 'A text among the plans of nothing is no plan.'],
    ["'active'", '""', 'Any status stands for one that is not paused.'],
  ],
  'server/src/billing/known-facts.ts': [
    ['[]', '["Stryker was here"]', 'Called where there is a list; the compiler does not know.'],
  ],
  'server/src/billing/payment-notices.ts': [
    ['[]', '["Stryker was here"]', 'No invoice has a text as its id that Stripe does not give.'],
  ],
  'server/src/billing/policy.ts': [
    ['rule.lookupKey === undefined', 'false', 'A rule without a lookup key asks for nothing that is remembered.'],
    ['lookupKey === undefined', 'false', 'A rule without a lookup key asks for nothing that is remembered.'],
    [
      '[]',
      '["Stryker was here"]',
      'A text among the lookup keys that rules name, or prices have: no rule and no price has it.',
    ],
    ['named.size === 0', 'false', 'Rules without lookup keys remember nothing: only work is spared.'],
  ],
  'server/src/tokens/jwks.ts': [
    ['[]', '["Stryker was here"]', 'An answer with status 200 has a body; the compiler has to be told.'],
  ],
  'server/src/tokens/keys.ts': [["'custom'", '""', 'A problem is told by its place and its words.']],
  'server/src/tokens/signing-key.ts': [
    [
      'body === undefined',
      'false',
      'What is not there has no letters either, which is no key; the compiler has to be told.',
    ],
  ],
  'server/src/tokens/verify.ts': [['[]', '["Stryker was here"]', 'No token is signed with a key that is no key.']],
  'server/src/http/answer-headers.ts': [
    ['origin !== undefined', 'true', 'No host has an origin that there is not; the compiler has to be told.'],
  ],
  'server/src/http/app.ts': [["'/'", '""', 'The router takes no path for the root.']],
  'server/src/http/auth.ts': [["''", '"Stryker was here!"', 'No header is no bearer token, nor is that.']],
  'server/src/http/bearer.ts': [["''", '"Stryker was here!"', 'No header is no bearer token, nor is that.']],
  'server/src/http/client-address.ts': [
    ["''", '"Stryker was here!"', 'Neither is an address.'],
    ["'unknown'", '""', 'Any name will do for the one place of all of which nothing is known.'],
  ],
  'server/src/http/etags.ts': [
    ['header === etag', 'false', 'The usual header is known without being read: only work is spared.'],
  ],
  'server/src/http/read-body.ts': [
    ['issue?.code', 'issue.code', 'What is refused has an issue; the compiler has to be told.'],
    ['issue?.path', 'issue.path', 'What is refused has an issue; the compiler has to be told.'],
    ["''", '"Stryker was here!"', 'What is refused has an issue; the compiler has to be told.'],
    ["'.'", '""', 'No request has a field within a field.'],
  ],
  'server/src/http/read-first.ts': [
    ['first.record === null', 'false', 'What loads has a record, which is asked before; the compiler has to be told.'],
  ],
  'server/src/ledger/postgres/budget.ts': [
    ["row?.['tokens']", "row['tokens']", 'The row was just added, where there was none; the compiler has to be told.'],
    ["row?.['at']", "row['at']", 'The row was just added, where there was none; the compiler has to be told.'],
  ],
  'server/src/ledger/postgres/claims.ts': [
    ['[]', '["Stryker was here"]', 'A text among the customers is the id of none.'],
  ],
  'server/src/ledger/postgres/customers.ts': [
    ["changed?.['revision']", "changed['revision']", 'The largest of none is a row, too; the compiler has to be told.'],
  ],
  'server/src/ledger/postgres/import.ts': [
    ["here?.['count']", "here['count']", 'A count is a row; the compiler has to be told.'],
  ],
  'server/src/ledger/postgres/schema.ts': [
    ["meta?.['there']", "meta['there']", 'Asked of no table, it is one row; the compiler has to be told.'],
  ],
  'server/src/ledger/postgres/links.ts': [
    ["found?.['customer']", "found['customer']", 'One row is joined to all others; the compiler has to be told.'],
    ["found?.['introduced']", "found['introduced']", 'One row is joined to all others; the compiler has to be told.'],
    ["found?.['last_change']", "found['last_change']", 'One row is joined to all others; the compiler has to be told.'],
    [
      "(await db.get(`SELECT count(*) AS count ${doubtful}`))?.['count']",
      "(await db.get(`SELECT count(*) AS count ${doubtful}`))['count']",
      'A count is a row; the compiler has to be told.',
    ],
  ],
  'server/src/ledger/postgres/purchases.ts': [
    ["row?.['since']", "row['since']", 'The row was just added, where there was none; the compiler has to be told.'],
  ],
  'server/src/ledger/postgres/visits.ts': [
    ['due.length > 0', 'true', 'Of no visit no row is locked: only a statement is spared.'],
    ['due.length > 0', 'due.length >= 0', 'Of no visit no row is locked: only a statement is spared.'],
  ],
  'server/src/ledger/postgres/ledger.ts': [
    ["row?.['now']", "row['now']", 'Asked of no table, it is one row; the compiler has to be told.'],
  ],
  'server/src/ledger/postgres/database.ts': [
    ['!statement', 'true', 'A statement that was sent is remembered: only work is spared.'],
  ],
  'server/src/ledger/postgres/events.ts': [
    ['customer === null', 'false', 'No customer is nothing, so none is raised; the compiler has to be told.'],
    ['[]', '["Stryker was here"]', 'A text among the customers is the id of none.'],
  ],
  'server/src/ledger/postgres/failure.ts': [["''", '"Stryker was here!"', 'No failure has either code.']],
  'server/src/ledger/postgres/feed.ts': [
    ['customer === undefined', 'false', 'JSON leaves out what is not defined; the compiler does not know.'],
  ],
  'server/src/ledger/postgres/heard-changes.ts': [
    ['change.customer !== undefined', 'true', 'No customer has the name of one that there is not.'],
    ['oldest === undefined', 'false', 'There is one, where there are too many; the compiler has to be told.'],
  ],
  'server/src/http/read-at-once.ts': [
    ['claims === null', 'true', 'A token that is remembered is verified without a promise: only work is spared.'],
    ['host === undefined', 'false', 'A token is verified with its host’s key; the compiler has to be told.'],
    ['caller === undefined', 'true', 'A caller is made of its token alone: only work is spared.'],
  ],
  'server/src/http/open-visit.ts': [
    ['/^https?:/', '/https?:/', 'Of another scheme that ends so is no origin of a host.'],
  ],
  'server/src/http/routes/checkout.ts': [
    ["'/'", '""', 'The router takes no path for the root.'],
    [
      'customer === undefined',
      'false',
      'Then there is no ticket either, which is asked next; the compiler has to be told.',
    ],
  ],
  'server/src/http/routes/access.ts': [["'/'", '""', 'The router takes no path for the root.']],
  'server/src/http/routes/billing.ts': [["'/'", '""', 'The router takes no path for the root.']],
  'server/src/http/routes/invoice.ts': [["'/'", '""', 'The router takes no path for the root.']],
  'server/src/http/routes/portal.ts': [
    ["'/'", '""', 'The router takes no path for the root.'],
    ['about?.id', 'about.id', 'Without its subscription a flow is refused before; the compiler has to be told.'],
    ['subscriptions[0]?.facts', 'subscriptions[0].facts', 'Asked for where there is one; the compiler has to be told.'],
  ],
  'server/src/http/routes/upkeep.ts': [
    ["'/'", '""', 'The router takes no path for the root.'],
    [
      'upkeep === null',
      'false',
      'Without upkeep there is no secret either, which is asked next; the compiler has to be told.',
    ],
    [
      'config.upkeep === null',
      'false',
      'Without a secret there is no upkeep, which is asked before; the compiler has to be told.',
    ],
    [
      'upkeep === null || config.upkeep === null',
      'upkeep === null && config.upkeep === null',
      'Without a secret there is no upkeep, and the other way round; the compiler has to be told.',
    ],
  ],
  'server/src/http/routes/webhook.ts': [
    ["'/'", '""', 'The router takes no path for the root.'],
    ["''", '"Stryker was here!"', 'Neither is a signature.'],
  ],
  'server/src/http/widget-files.ts': [
    ["''", '"Stryker was here!"', 'Neither names an encoding.'],
    ['() => null', '() => undefined', 'Both are no file.'],
  ],
  'server/src/ledger/batch.ts': [
    ['taken[0]?.reject', 'taken[0].reject', 'A commit has an entry at least; the compiler has to be told.'],
  ],
  'server/src/ledger/budget.ts': [
    ['held + epsilon >= wanted', 'held + epsilon > wanted', 'No sum of requests ends on a millionth.'],
  ],
  'server/src/ledger/catalogue.ts': [
    [
      'concerned.filter(({ price: id }) => id !== price.price)',
      'concerned',
      'It is written twice then, the last time as it is: only work is spared.',
    ],
    ['id !== price.price', 'true', 'It is written twice then, the last time as it is: only work is spared.'],
  ],
  'server/src/ledger/queue.ts': [
    ['[]', '["Stryker was here"]', 'A look for none of the customers finds none: only work is spared.'],
    ['watched.length > 0', 'true', 'A look for none of the customers finds none: only work is spared.'],
    ['watched.length > 0', 'watched.length >= 0', 'A look for none of the customers finds none: only work is spared.'],
  ],
  'server/src/ledger/rows.ts': [
    [
      "looks?.['looked_until']",
      "looks['looked_until']",
      'A maximum has its row, also of nothing; the compiler has to be told.',
    ],
  ],
  'server/src/ledger/shared-clock.ts': [['time > known', 'time >= known', 'It is the same time.']],
  'server/src/ledger/sqlite/write-queue.ts': [
    ['performance.now() >= deadline', 'performance.now() > deadline', 'It is given up one try later, if at all.'],
  ],
  'server/src/ledger/timeline.ts': [
    ['[]', '["Stryker was here"]', 'A text among the entries has no moment, and is left out.'],
  ],
  'server/src/ledger/visits.ts': [
    ['at !== null', 'true', 'A moment that there is not is long over; the compiler has to be told.'],
  ],
  'server/src/ledger/sqlite/claims.ts': [['[]', '["Stryker was here"]', 'No customer is called so.']],
  'server/src/ledger/sqlite/database.ts': [
    ['!statement', 'true', 'It is prepared anew each time then: only work is spared.'],
    ["''", '"Stryker was here!"', 'Neither is a code of SQLite’s.'],
    ['{ timeout: startBusyMs }', '{}', 'The driver waits as long by itself.'],
  ],
  'server/src/ledger/sqlite/events.ts': [
    ['customer === null', 'false', 'No customer is null, so no ticket is raised; the compiler has to be told.'],
    ['event.customer === null', 'false', 'No customer is null, so no ticket is raised; the compiler has to be told.'],
  ],
  'server/src/ledger/sqlite/file-mode.ts': [
    ["process.platform === 'win32'", 'false', 'The tests run where files have modes.'],
    ["'win32'", '""', 'The tests run where files have modes.'],
  ],
  'server/src/ledger/sqlite/ledger.ts': [
    ["'the write of a ping is never kept'", '""', 'It is caught by its identity: its words are read by nothing.'],
  ],
  'server/src/ledger/sqlite/prune.ts': [
    ["''", '"Stryker was here!"', 'No facts are of the first moment of 1970.'],
    ['-1', '+1', 'The next page begins behind the second row then: only work is spared.'],
  ],
  'server/src/ledger/sqlite/serving-lock.ts': [
    ['db.close();', ';', 'A connection that is left is closed when it is collected.'],
  ],
  'widget/src/client/api.ts': [
    ["''", '"Stryker was here!"', 'No date and no number either; and the words of an abort are read by nothing.'],
  ],
  'widget/src/client/client.ts': [["'none'", '""', 'Any status will do that is not waited for.']],
  'widget/src/client/scheduler.ts': [["'read'", '""', 'Any kind will do that is not a return.']],
};

export const equivalents: readonly Equivalent[] = Object.entries(sources).flatMap(([file, rows]) =>
  rows.map(([was, became, reason]) => ({ file, was, became, reason })),
);
