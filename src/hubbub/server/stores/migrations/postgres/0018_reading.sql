-- How far each member has read a room, and where members were mentioned; both are guarded by the room's log.

CREATE TABLE hubbub.marker (
    room text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    nth bigint NOT NULL,
    is_marked boolean NOT NULL,
    PRIMARY KEY (room, account)
);

-- Members so far have read everything.
INSERT INTO hubbub.marker SELECT member.room, member.account, room.head, room.nth, false
FROM hubbub.member JOIN hubbub.room ON room.name = member.room;

CREATE TABLE hubbub.mention (
    room text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    PRIMARY KEY (room, seq, account)
);
CREATE INDEX mention_account_room_seq ON hubbub.mention (account, room, seq);

-- Deleted messages are counted after a marker.
CREATE INDEX message_deleted ON hubbub.message (room, seq) WHERE is_deleted;

-- What an account wants to be told of a room.

ALTER TABLE hubbub.place
    ADD COLUMN level text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN muted_until double precision NOT NULL DEFAULT 0,
    ADD COLUMN starred boolean NOT NULL DEFAULT false;
ALTER TABLE hubbub.place
    ALTER COLUMN level DROP DEFAULT, ALTER COLUMN muted_until DROP DEFAULT, ALTER COLUMN starred DROP DEFAULT;
