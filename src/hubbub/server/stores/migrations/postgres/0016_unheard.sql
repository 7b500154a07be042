-- Directs of two in which an account can only read, since the other one blocks it. The own log of the account guards it.

CREATE TABLE hubbub.unheard (
    account text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, room)
);

INSERT INTO hubbub.unheard (account, room)
SELECT block.blocked, direct.room
FROM hubbub.block
JOIN hubbub.direct ON direct.log = '@directory' AND direct.people
    = least(block.account, block.blocked) || ' ' || greatest(block.account, block.blocked);
