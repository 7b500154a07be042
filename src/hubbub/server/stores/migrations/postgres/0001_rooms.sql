-- The logs and states of all rooms. The log of a room is the union of its messages (each row also
-- holds the post that created the message) and its changes, in the order of seq. Names are
-- compared byte by byte.

CREATE TABLE hubbub.room (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    head bigint NOT NULL DEFAULT 0,           -- the last seq; whoever assigns the next one locks the row
    kept bigint NOT NULL DEFAULT 1,           -- the first seq that retention has kept
    document bytea,                           -- JSON; NULL if never patched
    document_seq bigint NOT NULL DEFAULT 0    -- seq of its last patch
) WITH (fillfactor = 50);                     -- free space, so that updates of the head stay on the page

CREATE TABLE hubbub.message (
    room bigint NOT NULL,
    seq bigint NOT NULL,
    posted bytea NOT NULL,                    -- the event, as sent to clients
    client_message_id text COLLATE "C",
    owner text COLLATE "C" NOT NULL,          -- the scope of the client_message_id, and who may change the message
    edited bytea,                             -- the last edited event
    is_deleted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (room, seq)
) PARTITION BY HASH (room);

CREATE TABLE hubbub.change (
    room bigint NOT NULL,
    seq bigint NOT NULL,
    body bytea NOT NULL,                      -- the event, as sent to clients
    PRIMARY KEY (room, seq)
) PARTITION BY HASH (room);

CREATE TABLE hubbub.reaction (
    room bigint NOT NULL,
    message bigint NOT NULL,
    emoji text COLLATE "C" NOT NULL,
    by text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,                      -- seq of the reacted event
    PRIMARY KEY (room, message, emoji, by)
);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE hubbub.message_%s PARTITION OF hubbub.message
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE hubbub.change_%s PARTITION OF hubbub.change
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END $$;

CREATE UNIQUE INDEX message_key ON hubbub.message (room, client_message_id, owner)
    WHERE client_message_id IS NOT NULL;

-- Issued tokens. The number in the row `tokens` of meta grows with each change, by which servers notice it.
CREATE TABLE hubbub.token (
    id text PRIMARY KEY,                      -- public; identifies the token
    name text NOT NULL,                       -- the name of its holder
    digest text NOT NULL UNIQUE,              -- SHA-256 of the token, in hexadecimal
    can text[] NOT NULL,                      -- rights
    rooms text[] NOT NULL,                    -- patterns
    created_at text NOT NULL,                 -- RFC 3339
    expires_at double precision,              -- seconds since 1970; NULL: never
    revoked_at text                           -- RFC 3339; NULL: valid
);
