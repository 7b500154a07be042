-- Rooms that people make, and their members.

-- What a room is like.

CREATE TABLE hubbub.made_room (
    room text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    alias text COLLATE "C" NOT NULL,
    public text COLLATE "C" NOT NULL,
    posters text COLLATE "C" NOT NULL,
    slow bigint NOT NULL,
    keep_days bigint NOT NULL,
    receipts boolean NOT NULL,
    members_may_invite boolean NOT NULL,
    members_may_edit boolean NOT NULL,
    members_may_name_all boolean NOT NULL,
    archived_at text COLLATE "C",
    made_at text COLLATE "C" NOT NULL,
    made_by text COLLATE "C" NOT NULL,
    people text COLLATE "C",
    PRIMARY KEY (room)
);

-- Where aliases lead; the log @directory guards them.

CREATE TABLE hubbub.alias (
    log text COLLATE "C" NOT NULL,
    alias text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    is_current boolean NOT NULL,
    PRIMARY KEY (log, alias)
);

-- Who is a member, by room.

CREATE TABLE hubbub.member (
    room text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    since bigint NOT NULL,
    oversight boolean NOT NULL,
    PRIMARY KEY (room, account)
);

-- What holds an account back in a room, member or not. Times are in seconds since 1970, null is for ever.

CREATE TABLE hubbub.restraint (
    room text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    is_banned boolean NOT NULL,
    banned_until double precision,
    is_muted boolean NOT NULL,
    muted_until double precision,
    posted_at double precision,
    PRIMARY KEY (room, account)
);

-- Which direct the same people have; the log @directory guards it.

CREATE TABLE hubbub.direct (
    log text COLLATE "C" NOT NULL,
    people text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    PRIMARY KEY (log, people)
);

-- Who is a member, by account: the account's own log guards it.

CREATE TABLE hubbub.place (
    account text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    hidden bigint NOT NULL,
    PRIMARY KEY (account, room)
);
