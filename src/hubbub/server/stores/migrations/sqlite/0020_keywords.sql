-- Words that accounts want to be told of; their own logs guard them.

CREATE TABLE keyword (
    account TEXT NOT NULL,
    word TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (account, word)
) STRICT, WITHOUT ROWID;
