-- Accounts of people and bots.

-- Accounts, whose rows the log @directory guards.

CREATE TABLE hubbub.account (
    log text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    handle text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    status_text text COLLATE "C" NOT NULL,
    time_zone text COLLATE "C" NOT NULL,
    avatar text COLLATE "C" NOT NULL,
    owner text COLLATE "C",
    made_at text COLLATE "C" NOT NULL,        -- RFC 3339
    PRIMARY KEY (log, account)
);

CREATE TABLE hubbub.owner (
    log text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    PRIMARY KEY (log, account)
);

CREATE TABLE hubbub.handle (
    log text COLLATE "C" NOT NULL,
    handle text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    is_current boolean NOT NULL,
    free_at double precision,                 -- seconds since 1970; NULL: never, or in use
    PRIMARY KEY (log, handle)
);

CREATE TABLE hubbub.identity (
    log text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,        -- the stable id of another server's user
    account text COLLATE "C" NOT NULL,
    PRIMARY KEY (log, subject)
);

-- Invites, which the log @audit guards, with the end of its chain of hashes and the addresses that its entries came from.

CREATE TABLE hubbub.invite (
    log text COLLATE "C" NOT NULL,
    invite text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,         -- SHA-256 of the secret, in hexadecimal
    role text COLLATE "C" NOT NULL,
    rooms text COLLATE "C" NOT NULL,          -- keys: a JSON array
    uses_left bigint NOT NULL,
    until double precision NOT NULL,          -- seconds since 1970
    by text COLLATE "C" NOT NULL,
    is_revoked boolean NOT NULL,
    PRIMARY KEY (log, invite)
);

CREATE TABLE hubbub.audit_head (
    log text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL,           -- SHA-256 of the chain up to its last entry
    PRIMARY KEY (log)
);

CREATE TABLE hubbub.audit_address (
    log text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    address text COLLATE "C" NOT NULL,
    at double precision NOT NULL,             -- seconds since 1970
    PRIMARY KEY (log, seq)
);

-- What belongs to one account, whose own log guards it.

CREATE TABLE hubbub.credential (
    account text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    secret text COLLATE "C" NOT NULL,         -- a hash
    changed_at text COLLATE "C" NOT NULL,     -- RFC 3339
    until double precision,                   -- seconds since 1970
    PRIMARY KEY (account, kind)
);

CREATE TABLE hubbub.session (
    account text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,         -- SHA-256 of the secret, in hexadecimal
    name text COLLATE "C" NOT NULL,
    scopes text COLLATE "C" NOT NULL,         -- a JSON array
    opened_at text COLLATE "C" NOT NULL,      -- RFC 3339
    until double precision,                   -- seconds since 1970
    PRIMARY KEY (account, kind, session)
);

CREATE TABLE hubbub.block (
    account text COLLATE "C" NOT NULL,
    blocked text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, blocked)
);

CREATE TABLE hubbub.preference (
    account text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value bytea NOT NULL,                     -- JSON
    PRIMARY KEY (account, name)
);
