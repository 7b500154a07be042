-- How far each reactor has come in each room.

CREATE TABLE hubbub.reactor_position (
    reactor text COLLATE "C" NOT NULL,        -- its name
    room text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,                      -- the last event that it is done with
    PRIMARY KEY (reactor, room)
);
