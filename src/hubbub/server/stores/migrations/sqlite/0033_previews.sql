-- Previews of the links in messages.

CREATE TABLE preview (
    room TEXT NOT NULL,
    message INTEGER NOT NULL,
    shown TEXT NOT NULL,
    removed TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (room, message)
) STRICT, WITHOUT ROWID;
