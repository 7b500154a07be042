-- Removals of accounts: whether they are done, and whether what the accounts wrote goes as well. The audit log guards them.

CREATE TABLE removal (
    log TEXT NOT NULL,
    stage TEXT NOT NULL,
    account TEXT NOT NULL,
    erases_messages INTEGER NOT NULL,
    PRIMARY KEY (log, stage, account)
) STRICT, WITHOUT ROWID;

-- What the directory says of accounts is erased when they are removed: such an event is about itself.
UPDATE change SET about = seq WHERE room = (SELECT id FROM room WHERE name = '@directory')
    AND substr(CAST(body AS TEXT), 1, 17) = '{"event":"person_';
