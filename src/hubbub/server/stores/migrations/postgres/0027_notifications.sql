-- Web Push: where devices are notified, the server's own key, and notifications that may have to be sent.

CREATE TABLE hubbub.subscription (
    account text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    session text COLLATE "C" NOT NULL,
    endpoint text COLLATE "C" NOT NULL,
    p256dh text COLLATE "C" NOT NULL,
    auth text COLLATE "C" NOT NULL,
    shows_text boolean NOT NULL,
    since text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, kind, session)
);

CREATE TABLE hubbub.vapid_key (
    name text COLLATE "C" NOT NULL,
    secret bytea NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE hubbub.notification (
    account text COLLATE "C" NOT NULL,
    room text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    session text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    PRIMARY KEY (account, room, seq, session)
);
