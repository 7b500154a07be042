-- The logs and states of all rooms. The log of a room is the union of its messages (each row also
-- holds the post that created the message) and its changes, in the order of seq.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kept INTEGER NOT NULL DEFAULT 1,          -- the first seq that retention has kept
    document BLOB,                            -- JSON; NULL if never patched
    document_seq INTEGER NOT NULL DEFAULT 0   -- seq of its last patch
) STRICT;

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
    body BLOB NOT NULL,                       -- the event, as sent to clients
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction (
    room INTEGER NOT NULL,
    message INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    by TEXT NOT NULL,
    seq INTEGER NOT NULL,                     -- seq of the reacted event
    PRIMARY KEY (room, message, emoji, by)
) STRICT, WITHOUT ROWID;

-- The last seq of a room is that of its newest row, or of the last one that retention deleted. It is
-- not stored separately, so a commit writes only its events.
CREATE VIEW headed_room AS
SELECT room.*, max(
    kept - 1,
    coalesce((SELECT max(seq) FROM message WHERE message.room = room.id), 0),
    coalesce((SELECT max(seq) FROM change WHERE change.room = room.id), 0)
) AS head FROM room;
