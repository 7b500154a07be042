-- Web Push: where devices are notified, the server's own key, and notifications that may have to be sent.

CREATE TABLE subscription (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    session TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    p256dh TEXT NOT NULL,
    auth TEXT NOT NULL,
    shows_text INTEGER NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (account, kind, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE vapid_key (
    name TEXT NOT NULL,
    secret BLOB NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

CREATE TABLE notification (
    account TEXT NOT NULL,
    room TEXT NOT NULL,
    seq INTEGER NOT NULL,
    session TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (account, room, seq, session)
) STRICT, WITHOUT ROWID;
