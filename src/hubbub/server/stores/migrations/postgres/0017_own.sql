-- What accounts keep for themselves: saved messages and drafts. Their own logs guard these.

CREATE TABLE hubbub.saved (
    account text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    message bigint NOT NULL,
    note text COLLATE "C" NOT NULL,
    at text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (account, room, message)
);

-- The newest draft of each room.

CREATE TABLE hubbub.draft (
    account text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    reply_to bigint,
    at text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (account, room)
);
