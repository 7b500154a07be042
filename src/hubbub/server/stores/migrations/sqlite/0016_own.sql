-- What accounts keep for themselves: saved messages and drafts. Their own logs guard these.

CREATE TABLE saved (
    account TEXT NOT NULL,
    room TEXT NOT NULL,
    message INTEGER NOT NULL,
    note TEXT NOT NULL,
    at TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (account, room, message)
) STRICT, WITHOUT ROWID;

-- The newest draft of each room.

CREATE TABLE draft (
    account TEXT NOT NULL,
    room TEXT NOT NULL,
    text TEXT NOT NULL,
    reply_to INTEGER,
    at TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
