-- Removals of accounts: whether they are done, and whether what the accounts wrote goes as well. The audit log guards them.

CREATE TABLE hubbub.removal (
    log text COLLATE "C" NOT NULL,
    stage text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    erases_messages boolean NOT NULL,
    PRIMARY KEY (log, stage, account)
);

-- What the directory says of accounts is erased when they are removed: such an event is about itself.
UPDATE hubbub.change SET about = seq FROM hubbub.room
WHERE change.room = room.id AND room.name = '@directory' AND substring(body FROM 1 FOR 17) = '{"event":"person_'::bytea;
