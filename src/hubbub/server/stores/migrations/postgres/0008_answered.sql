-- The first answers to changes other than posts that had a client_message_id: a repeated change gets the same again.

CREATE TABLE hubbub.answered (
    room text COLLATE "C" NOT NULL,
    client_message_id text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,          -- the scope of the client_message_id
    seq bigint NOT NULL,                      -- seq of the event
    at text COLLATE "C" NOT NULL,             -- its time
    PRIMARY KEY (room, client_message_id, owner)
);

CREATE INDEX answered_room_seq ON hubbub.answered (room, seq);
