-- Rooms that people make, and their members.

-- What a room is like.

CREATE TABLE made_room (
    room TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    topic TEXT NOT NULL,
    alias TEXT NOT NULL,
    public TEXT NOT NULL,
    posters TEXT NOT NULL,
    slow INTEGER NOT NULL,
    keep_days INTEGER NOT NULL,
    receipts INTEGER NOT NULL,
    members_may_invite INTEGER NOT NULL,
    members_may_edit INTEGER NOT NULL,
    members_may_name_all INTEGER NOT NULL,
    archived_at TEXT,
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL,
    people TEXT,
    PRIMARY KEY (room)
) STRICT, WITHOUT ROWID;

-- Where aliases lead; the log @directory guards them.

CREATE TABLE alias (
    log TEXT NOT NULL,
    alias TEXT NOT NULL,
    room TEXT NOT NULL,
    is_current INTEGER NOT NULL,
    PRIMARY KEY (log, alias)
) STRICT, WITHOUT ROWID;

-- Who is a member, by room.

CREATE TABLE member (
    room TEXT NOT NULL,
    account TEXT NOT NULL,
    role TEXT NOT NULL,
    since INTEGER NOT NULL,
    oversight INTEGER NOT NULL,
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

-- What holds an account back in a room, member or not. Times are in seconds since 1970, null is for ever.

CREATE TABLE restraint (
    room TEXT NOT NULL,
    account TEXT NOT NULL,
    is_banned INTEGER NOT NULL,
    banned_until REAL,
    is_muted INTEGER NOT NULL,
    muted_until REAL,
    posted_at REAL,
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

-- Which direct the same people have; the log @directory guards it.

CREATE TABLE direct (
    log TEXT NOT NULL,
    people TEXT NOT NULL,
    room TEXT NOT NULL,
    PRIMARY KEY (log, people)
) STRICT, WITHOUT ROWID;

-- Who is a member, by account: the account's own log guards it.

CREATE TABLE place (
    account TEXT NOT NULL,
    room TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
