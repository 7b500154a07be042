-- The first answers to changes other than posts that had a client_message_id: a repeated change gets the same again.

CREATE TABLE answered (
    room TEXT NOT NULL,
    client_message_id TEXT NOT NULL,
    owner TEXT NOT NULL,                      -- the scope of the client_message_id
    seq INTEGER NOT NULL,                     -- seq of the event
    at TEXT NOT NULL,                         -- its time
    PRIMARY KEY (room, client_message_id, owner)
) STRICT, WITHOUT ROWID;

CREATE INDEX answered_room_seq ON answered (room, seq);
