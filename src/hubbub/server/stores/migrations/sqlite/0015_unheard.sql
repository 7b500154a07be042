-- Directs of two in which an account can only read, since the other one blocks it. The own log of the account guards it.

CREATE TABLE unheard (
    account TEXT NOT NULL,
    room TEXT NOT NULL,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;

INSERT INTO unheard (account, room)
SELECT block.blocked, direct.room
FROM block
JOIN direct ON direct.log = '@directory' AND direct.people
    = min(block.account, block.blocked) || ' ' || max(block.account, block.blocked);
