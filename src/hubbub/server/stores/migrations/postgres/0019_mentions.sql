-- Why a message mentions an account, and who wrote it: whom one blocks mentions one in vain.

ALTER TABLE hubbub.mention RENAME TO former_mention;
ALTER INDEX hubbub.mention_pkey RENAME TO former_mention_pkey;
DROP INDEX hubbub.mention_account_room_seq;
CREATE TABLE hubbub.mention (
    room text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    why text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    by text COLLATE "C" NOT NULL,
    PRIMARY KEY (room, seq, why, account)
);
CREATE INDEX mention_account_room_seq ON hubbub.mention (account, room, seq);
INSERT INTO hubbub.mention SELECT former.room, former.seq, '', account, owner FROM hubbub.former_mention AS former
JOIN hubbub.room ON room.name = former.room
JOIN hubbub.message ON message.room = room.id AND message.seq = former.seq;
DROP TABLE hubbub.former_mention;
