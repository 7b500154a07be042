-- What rooms show of their threads. Each row is guarded by the log of its thread.

CREATE TABLE hubbub.thread (
    thread text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    message bigint NOT NULL,
    seq bigint NOT NULL,
    at text COLLATE "C" NOT NULL,
    nth bigint NOT NULL,
    replies bigint NOT NULL,
    people text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    ended_at text COLLATE "C",
    PRIMARY KEY (thread)
);
CREATE INDEX thread_room_message ON hubbub.thread (room, message);
CREATE INDEX thread_room_at_message ON hubbub.thread (room, at, message);
