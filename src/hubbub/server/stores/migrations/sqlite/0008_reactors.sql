-- How far each reactor has come in each room.

CREATE TABLE reactor_position (
    reactor TEXT NOT NULL,                    -- its name
    room TEXT NOT NULL,
    seq INTEGER NOT NULL,                     -- the last event that it is done with
    PRIMARY KEY (reactor, room)
) STRICT, WITHOUT ROWID;
