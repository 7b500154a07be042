-- How far each member has read a room, and where members were mentioned; both are guarded by the room's log.

CREATE TABLE marker (
    room TEXT NOT NULL,
    account TEXT NOT NULL,
    seq INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    is_marked INTEGER NOT NULL,
    PRIMARY KEY (room, account)
) STRICT, WITHOUT ROWID;

-- Members so far have read everything.
INSERT INTO marker SELECT member.room, member.account, head, nth, 0
FROM member JOIN headed_room ON headed_room.name = member.room;

CREATE TABLE mention (
    room TEXT NOT NULL,
    seq INTEGER NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (room, seq, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_account_room_seq ON mention (account, room, seq);

-- Deleted messages are counted after a marker.
CREATE INDEX message_deleted ON message (room, seq) WHERE is_deleted;

-- What an account wants to be told of a room.

ALTER TABLE place RENAME TO former_place;
CREATE TABLE place (
    account TEXT NOT NULL,
    room TEXT NOT NULL,
    hidden INTEGER NOT NULL,
    level TEXT NOT NULL,
    muted_until REAL NOT NULL,
    starred INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
INSERT INTO place SELECT account, room, hidden, '', 0.0, 0 FROM former_place;
DROP TABLE former_place;
