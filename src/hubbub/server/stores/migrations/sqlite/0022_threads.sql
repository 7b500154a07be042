-- What rooms show of their threads. Each row is guarded by the log of its thread.

CREATE TABLE thread (
    thread TEXT NOT NULL,
    room TEXT NOT NULL,
    message INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    nth INTEGER NOT NULL,
    replies INTEGER NOT NULL,
    people TEXT NOT NULL,
    title TEXT NOT NULL,
    ended_at TEXT,
    PRIMARY KEY (thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_room_message ON thread (room, message);
CREATE INDEX thread_room_at_message ON thread (room, at, message);
