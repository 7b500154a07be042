-- Files: those that accounts upload, and what messages show of them.

CREATE TABLE hubbub.file (
    account text COLLATE "C" NOT NULL,
    file text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    at double precision NOT NULL,
    is_whole boolean NOT NULL,
    type text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    width bigint,
    height bigint,
    PRIMARY KEY (account, file)
);
CREATE INDEX file_file ON hubbub.file (file);

CREATE TABLE hubbub.file_use (
    room text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    place bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    file text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    width bigint,
    height bigint,
    PRIMARY KEY (room, seq, place)
);
CREATE INDEX file_use_file ON hubbub.file_use (file);
CREATE INDEX file_use_account_size ON hubbub.file_use (account, size);
