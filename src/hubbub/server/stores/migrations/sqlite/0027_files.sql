-- Files: those that accounts upload, and what messages show of them.

CREATE TABLE file (
    account TEXT NOT NULL,
    file TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    at REAL NOT NULL,
    is_whole INTEGER NOT NULL,
    type TEXT NOT NULL,
    digest TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    PRIMARY KEY (account, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_file ON file (file);

CREATE TABLE file_use (
    room TEXT NOT NULL,
    seq INTEGER NOT NULL,
    place INTEGER NOT NULL,
    account TEXT NOT NULL,
    file TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    type TEXT NOT NULL,
    digest TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    PRIMARY KEY (room, seq, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_use_file ON file_use (file);
CREATE INDEX file_use_account_size ON file_use (account, size);
