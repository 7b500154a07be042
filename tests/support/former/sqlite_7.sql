-- The schema 7 of SQLite.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kept INTEGER NOT NULL DEFAULT 1) STRICT;

CREATE TABLE message (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    posted BLOB NOT NULL,                     -- the event, as sent to clients
    client_message_id TEXT,
    owner TEXT NOT NULL,                      -- the scope of the client_message_id, and who may change the message
    edited BLOB,                              -- the last edited event
    is_deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX message_key ON message (room, client_message_id, owner)
    WHERE client_message_id IS NOT NULL;

CREATE TABLE change (
    room INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    body BLOB NOT NULL, about INTEGER,                       -- the event, as sent to clients
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX change_about ON change (room, about) WHERE about IS NOT NULL;

CREATE TABLE reaction (
    room TEXT NOT NULL,
    message INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    owner TEXT NOT NULL,                      -- the stable id of who reacted
    by TEXT NOT NULL,                         -- their name at that time
    seq INTEGER NOT NULL,                     -- seq of the reacted event
    PRIMARY KEY (room, message, emoji, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    room TEXT NOT NULL,
    value BLOB NOT NULL,                      -- JSON
    seq INTEGER NOT NULL,                     -- seq of its last patch
    PRIMARY KEY (room)
) STRICT, WITHOUT ROWID;

CREATE VIEW headed_room AS
SELECT room.*, max(
    kept - 1,
    coalesce((SELECT max(seq) FROM message WHERE message.room = room.id), 0),
    coalesce((SELECT max(seq) FROM change WHERE change.room = room.id), 0)
) AS head FROM room;

CREATE TABLE token (
    id TEXT NOT NULL,                         -- public; identifies the token
    name TEXT NOT NULL,                       -- the name of its holder
    digest TEXT NOT NULL,                     -- SHA-256 of the token, in hexadecimal
    can TEXT NOT NULL,                        -- scopes: a JSON array
    rooms TEXT NOT NULL,                      -- patterns: a JSON array
    created_at TEXT NOT NULL,                 -- RFC 3339
    expires_at REAL,                          -- seconds since 1970; NULL: never
    revoked_at TEXT,                          -- RFC 3339; NULL: valid
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE answered (
    room TEXT NOT NULL,
    client_message_id TEXT NOT NULL,
    owner TEXT NOT NULL,                      -- the scope of the client_message_id
    seq INTEGER NOT NULL,                     -- seq of the event
    at TEXT NOT NULL,                         -- its time
    PRIMARY KEY (room, client_message_id, owner)
) STRICT, WITHOUT ROWID;

CREATE INDEX answered_room_seq ON answered (room, seq);

