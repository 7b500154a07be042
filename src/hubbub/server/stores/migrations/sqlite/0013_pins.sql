-- Pinned messages of made rooms.

CREATE TABLE pin (
    room TEXT NOT NULL,
    message INTEGER NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (room, message)
) STRICT, WITHOUT ROWID;
