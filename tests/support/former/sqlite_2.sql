-- The schema 2 of SQLite.

-- Log and state of all rooms. The log of a room is the union of its messages (each post is the
-- first state of a message, and written once) and its changes, in the order of seq.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kept INTEGER NOT NULL DEFAULT 1,          -- the first seq that retention has left
    document BLOB,                            -- JSON; NULL: never patched
    document_seq INTEGER NOT NULL DEFAULT 0   -- of its last patch
) STRICT;

CREATE TABLE message (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    posted BLOB NOT NULL,                     -- the event, as it goes out; never changes
    client_message_id TEXT,
    owner TEXT NOT NULL,                      -- whose message and client_message_id it is
    edited BLOB,                              -- the last edited event
    is_deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX message_key ON message (room, client_message_id, owner)
    WHERE client_message_id IS NOT NULL;

CREATE TABLE change (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    body BLOB NOT NULL,                       -- the event, as it goes out; never changes
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction (
    room INTEGER NOT NULL,
    message INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    by TEXT NOT NULL,
    seq INTEGER NOT NULL,                     -- of the reacted event
    PRIMARY KEY (room, message, emoji, by)
) STRICT, WITHOUT ROWID;

-- The last seq of a room is that of its newest row, or of the last that was forgotten: stored nowhere
-- else, so that a commit writes no more than its events.
CREATE VIEW headed_room AS
SELECT room.*, max(
    kept - 1,
    coalesce((SELECT max(seq) FROM message WHERE message.room = room.id), 0),
    coalesce((SELECT max(seq) FROM change WHERE change.room = room.id), 0)
) AS head FROM room;

-- Tokens that were given out. The row `tokens` of meta grows with each change, so that a server sees it.

CREATE TABLE token (
    id TEXT PRIMARY KEY,                      -- public; names it
    name TEXT NOT NULL,                       -- what its holder is called
    digest TEXT NOT NULL UNIQUE,              -- SHA-256 of the token, in hexadecimal
    can TEXT NOT NULL,                        -- rights: a JSON array
    rooms TEXT NOT NULL,                      -- patterns: a JSON array
    created_at TEXT NOT NULL,                 -- RFC 3339
    expires_at REAL,                          -- seconds since 1970; NULL: never
    revoked_at TEXT                           -- RFC 3339; NULL: valid
) STRICT, WITHOUT ROWID;
