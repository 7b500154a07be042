-- Accounts of people and bots.

-- Accounts, whose rows the log @directory guards.

CREATE TABLE account (
    log TEXT NOT NULL,
    account TEXT NOT NULL,
    handle TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    status_text TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    avatar TEXT NOT NULL,
    owner TEXT,
    made_at TEXT NOT NULL,                    -- RFC 3339
    PRIMARY KEY (log, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE owner (
    log TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (log, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE handle (
    log TEXT NOT NULL,
    handle TEXT NOT NULL,
    account TEXT NOT NULL,
    is_current INTEGER NOT NULL,
    free_at REAL,                             -- seconds since 1970; NULL: never, or in use
    PRIMARY KEY (log, handle)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity (
    log TEXT NOT NULL,
    subject TEXT NOT NULL,                    -- the stable id of another server's user
    account TEXT NOT NULL,
    PRIMARY KEY (log, subject)
) STRICT, WITHOUT ROWID;

-- Invites, which the log @audit guards, with the end of its chain of hashes and the addresses that its entries came from.

CREATE TABLE invite (
    log TEXT NOT NULL,
    invite TEXT NOT NULL,
    digest TEXT NOT NULL,                     -- SHA-256 of the secret, in hexadecimal
    role TEXT NOT NULL,
    rooms TEXT NOT NULL,                      -- keys: a JSON array
    uses_left INTEGER NOT NULL,
    until REAL NOT NULL,                      -- seconds since 1970
    by TEXT NOT NULL,
    is_revoked INTEGER NOT NULL,
    PRIMARY KEY (log, invite)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_head (
    log TEXT NOT NULL,
    hash TEXT NOT NULL,                       -- SHA-256 of the chain up to its last entry
    PRIMARY KEY (log)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_address (
    log TEXT NOT NULL,
    seq INTEGER NOT NULL,
    address TEXT NOT NULL,
    at REAL NOT NULL,                         -- seconds since 1970
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

-- What belongs to one account, whose own log guards it.

CREATE TABLE credential (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    secret TEXT NOT NULL,                     -- a hash
    changed_at TEXT NOT NULL,                 -- RFC 3339
    until REAL,                               -- seconds since 1970
    PRIMARY KEY (account, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    session TEXT NOT NULL,
    digest TEXT NOT NULL,                     -- SHA-256 of the secret, in hexadecimal
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,                     -- a JSON array
    opened_at TEXT NOT NULL,                  -- RFC 3339
    until REAL,                               -- seconds since 1970
    PRIMARY KEY (account, kind, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE block (
    account TEXT NOT NULL,
    blocked TEXT NOT NULL,
    PRIMARY KEY (account, blocked)
) STRICT, WITHOUT ROWID;

CREATE TABLE preference (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,                      -- JSON
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;
