-- Pictures that stand for people. The directory guards them.

CREATE TABLE hubbub.portrait (
    log text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    avatar text COLLATE "C" NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (log, account, avatar)
);

CREATE INDEX portrait_avatar ON hubbub.portrait (avatar);
