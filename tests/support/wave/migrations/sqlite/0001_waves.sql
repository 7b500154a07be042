CREATE TABLE waver (
    room TEXT NOT NULL,
    message INTEGER NOT NULL,
    owner TEXT NOT NULL,
    times INTEGER NOT NULL,
    PRIMARY KEY (room, message, owner)
) STRICT, WITHOUT ROWID;
