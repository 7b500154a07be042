-- Pictures that stand for people. The directory guards them.

CREATE TABLE portrait (
    log TEXT NOT NULL,
    account TEXT NOT NULL,
    avatar TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (log, account, avatar)
) STRICT, WITHOUT ROWID;

CREATE INDEX portrait_avatar ON portrait (avatar);
