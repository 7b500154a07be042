-- Words that accounts want to be told of; their own logs guard them.

CREATE TABLE hubbub.keyword (
    account text COLLATE "C" NOT NULL,
    word text COLLATE "C" NOT NULL,
    since text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, word)
);
