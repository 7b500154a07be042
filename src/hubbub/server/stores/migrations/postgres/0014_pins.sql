-- Pinned messages of made rooms.

CREATE TABLE hubbub.pin (
    room text COLLATE "C" NOT NULL,
    message bigint NOT NULL,
    by text COLLATE "C" NOT NULL,
    at text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (room, message)
);
