/** The ledger's tables in SQLite. Migrations are appended, never edited: `PRAGMA user_version` counts those that ran. */

export const migrations: readonly string[] = [
  /* sql */ `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE customers (
    customer        TEXT PRIMARY KEY,
    host            TEXT NOT NULL,
    account         TEXT NOT NULL,
    ticket          INTEGER NOT NULL DEFAULT 1,
    synced_ticket   INTEGER NOT NULL DEFAULT 0,
    stale_since     INTEGER,
    cause           TEXT NOT NULL DEFAULT 'link',
    claim           INTEGER NOT NULL DEFAULT 0,
    lease_until     INTEGER NOT NULL DEFAULT 0,
    wanted_until    INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    attempts        INTEGER NOT NULL DEFAULT 0,
    failed_at       INTEGER,
    failure_code    TEXT,
    next_change_at  INTEGER,
    facts           TEXT,
    fetched_at      INTEGER,
    revision        INTEGER NOT NULL DEFAULT 0,
    confirmed_by    TEXT,
    linked_at       INTEGER NOT NULL,
    deleted_at      INTEGER
  ) STRICT;
  -- One living customer an account; tombstones stay, so that a deleted customer cannot be introduced again.
  CREATE UNIQUE INDEX customers_account ON customers (host, account) WHERE deleted_at IS NULL;
  CREATE INDEX customers_history ON customers (host, account, linked_at);
  CREATE INDEX customers_stale ON customers (stale_since) WHERE synced_ticket < ticket AND deleted_at IS NULL;
  CREATE INDEX customers_due ON customers (next_change_at) WHERE next_change_at IS NOT NULL AND deleted_at IS NULL;

  CREATE TABLE revisions (
    customer     TEXT NOT NULL,
    revision     INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    confirmed_by TEXT NOT NULL,
    facts        TEXT NOT NULL,
    PRIMARY KEY (customer, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX revisions_at ON revisions (at);

  CREATE TABLE events (
    event           TEXT PRIMARY KEY,
    type            TEXT NOT NULL,
    received_at     INTEGER NOT NULL,
    customer        TEXT,
    subject_type    TEXT,
    subject_id      TEXT,
    closed_at       INTEGER,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX events_open ON events (next_attempt_at) WHERE closed_at IS NULL;
  CREATE INDEX events_received ON events (received_at);

  CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT) STRICT, WITHOUT ROWID;

  CREATE TABLE visits (
    id             TEXT PRIMARY KEY,
    host           TEXT NOT NULL,
    account        TEXT NOT NULL,
    customer       TEXT NOT NULL,
    kind           TEXT NOT NULL,
    seen           INTEGER NOT NULL,
    opened_at      INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    return_ticket  INTEGER,
    last_ticket_at INTEGER,
    outcome        TEXT,
    recheck_at     INTEGER,
    recheck_later  INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX visits_recheck ON visits (recheck_at) WHERE recheck_at IS NOT NULL;
  CREATE INDEX visits_expired ON visits (expires_at);
  `,
  /* sql */ `
  CREATE TABLE prices (id TEXT PRIMARY KEY, lookup_key TEXT UNIQUE, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  /* sql */ `
  CREATE TABLE intents (
    host TEXT NOT NULL, account TEXT NOT NULL, generation INTEGER NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (host, account)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE checkouts (
    host TEXT NOT NULL, account TEXT NOT NULL, session TEXT, offer TEXT, return_url TEXT,
    lock TEXT, locked_until INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (host, account)
  ) STRICT, WITHOUT ROWID;
  `,
  /* sql */ `
  CREATE TABLE outbox (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL,
    receiver        TEXT NOT NULL,
    host            TEXT NOT NULL,
    account         TEXT NOT NULL,
    revision        INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    type            TEXT NOT NULL,
    data            TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    failed_at       INTEGER,
    failure_code    TEXT,
    settled_at      INTEGER,
    outcome         TEXT,
    UNIQUE (id, receiver)
  ) STRICT;
  CREATE INDEX outbox_open ON outbox (receiver, host, account, sequence) WHERE settled_at IS NULL;
  CREATE INDEX outbox_at ON outbox (at);
  `,
  /* sql */ `
  -- What happened to an account: each look at Stripe, how an event came, when a visit returned, what a notice is about.
  CREATE TABLE syncs (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    customer   TEXT NOT NULL,
    at         INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    cause      TEXT NOT NULL,
    ticket     INTEGER NOT NULL,
    claim      INTEGER NOT NULL,
    outcome    TEXT NOT NULL
  ) STRICT;
  CREATE INDEX syncs_customer ON syncs (customer, at);
  CREATE INDEX syncs_at ON syncs (at);

  ALTER TABLE events ADD COLUMN via TEXT NOT NULL DEFAULT 'webhook';
  CREATE INDEX events_customer ON events (customer, received_at);
  ALTER TABLE visits ADD COLUMN returned_at INTEGER;
  CREATE INDEX visits_account ON visits (host, account, opened_at);
  CREATE INDEX revisions_cause ON revisions (confirmed_by, at);

  ALTER TABLE outbox ADD COLUMN customer TEXT NOT NULL DEFAULT '';
  ALTER TABLE outbox ADD COLUMN written_at INTEGER NOT NULL DEFAULT 0;
  UPDATE outbox SET written_at = at, customer = coalesce((
    SELECT customer FROM customers WHERE customers.host = outbox.host AND customers.account = outbox.account
    ORDER BY linked_at DESC LIMIT 1), '');
  CREATE INDEX outbox_account ON outbox (host, account, written_at);

  -- One request budget for all processes: one row.
  CREATE TABLE budget (one INTEGER PRIMARY KEY CHECK (one = 1), tokens REAL NOT NULL, at INTEGER NOT NULL) STRICT;

  CREATE TABLE jobs (
    job                TEXT PRIMARY KEY,
    turn               INTEGER NOT NULL DEFAULT 0,
    started_at         INTEGER,
    lease_until        INTEGER NOT NULL DEFAULT 0,
    ended_at           INTEGER,
    progress           TEXT,
    receipt            TEXT,
    receipt_started_at INTEGER,
    receipt_ended_at   INTEGER
  ) STRICT, WITHOUT ROWID;
  `,
  /* sql */ `
  -- What hosts ask for of a product's metadata, as JSON; NULL: it was never asked for.
  ALTER TABLE products ADD COLUMN metadata TEXT;
  `,
  /* sql */ `
  -- A customer's queue and fence: what the newest claim is about, which claims are from before the last write, and the
  -- last ticket that a return raised. A visit: when its page last asked.
  ALTER TABLE customers ADD COLUMN claimed_ticket INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE customers ADD COLUMN written_claim INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE customers ADD COLUMN return_ticket INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE customers ADD COLUMN returned_at INTEGER;
  UPDATE customers SET claimed_ticket = ticket, written_claim = claim;
  ALTER TABLE visits RENAME COLUMN last_ticket_at TO asked_at;
  `,
  /* sql */ `
  -- The queue: by the next attempt and then by the time of waiting, so that no look at it passes what rests after a
  -- failure; by who waits for it; and what failed, counted by its code without reading its rows.
  DROP INDEX customers_stale;
  CREATE INDEX customers_queue ON customers (next_attempt_at, stale_since) WHERE synced_ticket < ticket AND deleted_at IS NULL;
  CREATE INDEX customers_prioritized ON customers (wanted_until) WHERE synced_ticket < ticket AND deleted_at IS NULL;
  CREATE INDEX customers_failed ON customers (failed_at, failure_code)
    WHERE synced_ticket < ticket AND deleted_at IS NULL AND failed_at IS NOT NULL;
  `,
  /* sql */ `
  -- The last customer that a host introduced for an account and that is not its customer; and what an operator decided
  -- of links, with the account's revision by then.
  CREATE TABLE introductions (
    host       TEXT NOT NULL,
    account    TEXT NOT NULL,
    customer   TEXT NOT NULL,
    code       TEXT NOT NULL,
    since      INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    PRIMARY KEY (host, account)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE link_changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    host     TEXT NOT NULL,
    account  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    before   TEXT,
    after    TEXT,
    revision INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX link_changes_account ON link_changes (host, account, at);
  `,
  /* sql */ `
  -- What the host was told last of the account's access, as JSON; NULL: nothing yet.
  ALTER TABLE customers ADD COLUMN access_told TEXT;
  `,
  /* sql */ `
  -- Unresolved events by their type, so that one type that hangs is passed by the others.
  DROP INDEX events_open;
  CREATE INDEX events_unresolved ON events (subject_type, next_attempt_at, received_at) WHERE closed_at IS NULL;
  `,
  /* sql */ `
  -- The preview of the next invoice as JSON, and the synced ticket that it is of; the last try, and its time.
  ALTER TABLE customers ADD COLUMN preview TEXT;
  ALTER TABLE customers ADD COLUMN preview_ticket INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE customers ADD COLUMN preview_asked_ticket INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE customers ADD COLUMN preview_asked_at INTEGER NOT NULL DEFAULT 0;
  `,
  /* sql */ `
  -- Notices to claim: never tried, due again, and those of a clock that was wrong. The oldest of what waits, for the gauges;
  -- with every column of their condition, so that they are counted without a row.
  CREATE INDEX outbox_untried ON outbox (receiver, host, sequence) WHERE settled_at IS NULL AND next_attempt_at = 0;
  CREATE INDEX outbox_tried ON outbox (receiver, host, next_attempt_at) WHERE settled_at IS NULL AND next_attempt_at > 0;
  CREATE INDEX outbox_failed ON outbox (receiver, host, failed_at, next_attempt_at)
    WHERE settled_at IS NULL AND next_attempt_at > 0;
  CREATE INDEX outbox_oldest ON outbox (written_at) WHERE settled_at IS NULL;
  CREATE INDEX customers_oldest ON customers (stale_since) WHERE synced_ticket < ticket AND deleted_at IS NULL;
  CREATE INDEX events_oldest ON events (received_at, closed_at) WHERE closed_at IS NULL;
  `,
  /* sql */ `
  -- The words of a product that an offer may say, as JSON; NULL: they were never asked for.
  ALTER TABLE products ADD COLUMN words TEXT;
  `,
];
