-- Why a message mentions an account, and who wrote it: whom one blocks mentions one in vain.

ALTER TABLE mention RENAME TO former_mention;
DROP INDEX mention_account_room_seq;
CREATE TABLE mention (
    room TEXT NOT NULL,
    seq INTEGER NOT NULL,
    why TEXT NOT NULL,
    account TEXT NOT NULL,
    by TEXT NOT NULL,
    PRIMARY KEY (room, seq, why, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_account_room_seq ON mention (account, room, seq);
INSERT INTO mention SELECT former.room, former.seq, '', account, owner FROM former_mention AS former
JOIN room ON name = former.room JOIN message ON message.room = id AND message.seq = former.seq;
DROP TABLE former_mention;
