-- The schema 3 of PostgreSQL.

CREATE SCHEMA hubbub;
CREATE TABLE hubbub.meta (name text PRIMARY KEY, value text NOT NULL);

-- Log and state of all rooms. The log of a room is the union of its messages (each post is the
-- first state of a message, and written once) and its changes, in the order of seq. Names are
-- compared byte by byte, as everywhere else.

CREATE TABLE hubbub.room (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    head bigint NOT NULL DEFAULT 0,           -- the last seq; who gives out the next holds the row
    kept bigint NOT NULL DEFAULT 1,           -- the first seq that retention has left
    document bytea,                           -- JSON; NULL: never patched
    document_seq bigint NOT NULL DEFAULT 0    -- of its last patch
) WITH (fillfactor = 50);                     -- the head changes with each commit: in its own page

CREATE TABLE hubbub.message (
    room bigint NOT NULL,
    seq bigint NOT NULL,
    posted bytea NOT NULL,                    -- the event, as it goes out; never changes
    client_message_id text COLLATE "C",
    owner text COLLATE "C" NOT NULL,          -- whose message and client_message_id it is
    edited bytea,                             -- the last edited event
    is_deleted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (room, seq)
) PARTITION BY HASH (room);

CREATE TABLE hubbub.change (
    room bigint NOT NULL,
    seq bigint NOT NULL,
    body bytea NOT NULL,                      -- the event, as it goes out; never changes
    PRIMARY KEY (room, seq)
) PARTITION BY HASH (room);

CREATE TABLE hubbub.reaction (
    room bigint NOT NULL,
    message bigint NOT NULL,
    emoji text COLLATE "C" NOT NULL,
    by text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,                      -- of the reacted event
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

-- Tokens that were given out. The row `tokens` of meta grows with each change, so that a server sees it.
CREATE TABLE hubbub.token (
    id text PRIMARY KEY,                      -- public; names it
    name text NOT NULL,                       -- what its holder is called
    digest text NOT NULL UNIQUE,              -- SHA-256 of the token, in hexadecimal
    can text[] NOT NULL,                      -- rights
    rooms text[] NOT NULL,                    -- patterns
    created_at text NOT NULL,                 -- RFC 3339
    expires_at double precision,              -- seconds since 1970; NULL: never
    revoked_at text                           -- RFC 3339; NULL: valid
);

-- What applications post inside their own transactions. A node takes it from here as soon as they
-- have committed, and posts it as it would any message; so no application ever waits for a room, nor
-- a room for an application.

CREATE TABLE hubbub.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room text NOT NULL,
    message text NOT NULL,
    by text NOT NULL,
    client_message_id text NOT NULL,          -- by which it is posted once, however often a node begins
    written_at timestamptz NOT NULL DEFAULT now(),
    refused text                              -- why it can't be posted; it stays here for somebody to look at
);

CREATE INDEX outbox_waiting ON hubbub.outbox (id) WHERE refused IS NULL;

-- Who may use it needs USAGE of the schema, and nothing else. Returns the client_message_id.
CREATE FUNCTION hubbub.post(
    room text, message text, by text DEFAULT 'server', client_message_id text DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF post.room IS NULL OR post.room !~ '^[^\s/]{1,64}$' THEN
        RAISE EXCEPTION 'no room can be called %', coalesce(quote_literal(left(post.room, 80)), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF post.by IS NULL OR post.by !~ '^\S(.{0,30}\S)?$' THEN
        RAISE EXCEPTION 'nobody can be called %', coalesce(quote_literal(left(post.by, 80)), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF post.message IS NULL OR octet_length(post.message) > 1048576 THEN
        RAISE EXCEPTION 'a message has a text of at most 1048576 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF length(post.client_message_id) NOT BETWEEN 1 AND 64 THEN
        RAISE EXCEPTION 'a client_message_id has 1 to 64 characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    post.client_message_id := coalesce(post.client_message_id, gen_random_uuid()::text);
    INSERT INTO hubbub.outbox (room, message, by, client_message_id)
        VALUES (post.room, post.message, post.by, post.client_message_id);
    PERFORM pg_notify('hubbub_outbox', '');
    RETURN post.client_message_id;
END $$;

-- The servers that use these logs, each with when it said so last: whoever wants to put others in their place has to
-- know. Not by their connections, since a pooler keeps these, and gives them to others. Worth nothing after a crash.

CREATE UNLOGGED TABLE hubbub.node (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL              -- by the database's clock
);
