-- Emoji of the server, and their images. The directory guards these.

CREATE TABLE emoji (
    log TEXT NOT NULL,
    name TEXT NOT NULL,
    image TEXT NOT NULL,
    type TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (log, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE emoji_image (
    log TEXT NOT NULL,
    name TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (log, name)
) STRICT, WITHOUT ROWID;
