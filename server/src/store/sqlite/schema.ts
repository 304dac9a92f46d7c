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
];
