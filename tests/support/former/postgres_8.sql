-- The schema 8 of PostgreSQL.

CREATE SCHEMA hubbub;
CREATE TABLE hubbub.meta (name text PRIMARY KEY, value text NOT NULL);

CREATE TABLE hubbub.room (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    head bigint NOT NULL DEFAULT 0,           -- the last seq; whoever assigns the next one locks the row
    kept bigint NOT NULL DEFAULT 1           -- the first seq that retention has kept
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
    about bigint,                             -- the message whose deletion erases this event
    PRIMARY KEY (room, seq)
) PARTITION BY HASH (room);

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

CREATE INDEX change_about ON hubbub.change (room, about) WHERE about IS NOT NULL;

CREATE TABLE hubbub.reaction (
    room text COLLATE "C" NOT NULL,
    message bigint NOT NULL,
    emoji text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,          -- the stable id of who reacted
    by text COLLATE "C" NOT NULL,             -- their name at that time
    seq bigint NOT NULL,                      -- seq of the reacted event
    PRIMARY KEY (room, message, emoji, owner)
);

CREATE TABLE hubbub.document (
    room text COLLATE "C" NOT NULL,
    value bytea NOT NULL,                     -- JSON
    seq bigint NOT NULL,                      -- seq of its last patch
    PRIMARY KEY (room)
);

CREATE TABLE hubbub.token (
    id text COLLATE "C" NOT NULL,             -- public; identifies the token
    name text COLLATE "C" NOT NULL,           -- the name of its holder
    digest text COLLATE "C" NOT NULL,         -- SHA-256 of the token, in hexadecimal
    can text COLLATE "C" NOT NULL,            -- scopes: a JSON array
    rooms text COLLATE "C" NOT NULL,          -- patterns: a JSON array
    created_at text COLLATE "C" NOT NULL,     -- RFC 3339
    expires_at double precision,              -- seconds since 1970; NULL: never
    revoked_at text COLLATE "C",              -- RFC 3339; NULL: valid
    PRIMARY KEY (id)
);

CREATE TABLE hubbub.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room text NOT NULL,
    message text NOT NULL,
    by text NOT NULL,
    client_message_id text NOT NULL,          -- so that it is posted once, however often a node retries
    written_at timestamptz NOT NULL DEFAULT now(),
    refused text                              -- why it can't be posted; the row stays for inspection
);

CREATE INDEX outbox_waiting ON hubbub.outbox (id) WHERE refused IS NULL;

CREATE FUNCTION hubbub.post(
    room text, message text, by text DEFAULT 'server', client_message_id text DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF post.room IS NULL OR post.room !~ '^[^\s/]{1,64}$' THEN
        RAISE EXCEPTION 'invalid room name %', coalesce(quote_literal(left(post.room, 80)), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF post.by IS NULL OR post.by !~ '^\S(.{0,30}\S)?$' THEN
        RAISE EXCEPTION 'invalid name %', coalesce(quote_literal(left(post.by, 80)), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF post.room IS NOT NFC NORMALIZED OR post.by IS NOT NFC NORMALIZED THEN
        RAISE EXCEPTION 'the name % is not in the Unicode normalization form NFC: normalize it first',
            quote_literal(CASE WHEN post.room IS NFC NORMALIZED THEN post.by ELSE post.room END)
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF post.message IS NULL OR octet_length(post.message) > 1048576 THEN
        RAISE EXCEPTION 'invalid message: use a text of at most 1048576 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    ELSIF length(post.client_message_id) NOT BETWEEN 1 AND 64 THEN
        RAISE EXCEPTION 'invalid client_message_id: use 1 to 64 characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    post.client_message_id := coalesce(post.client_message_id, gen_random_uuid()::text);
    INSERT INTO hubbub.outbox (room, message, by, client_message_id)
        VALUES (post.room, post.message, post.by, post.client_message_id);
    PERFORM pg_notify('hubbub_outbox', '');
    RETURN post.client_message_id;
END $$;

CREATE UNLOGGED TABLE hubbub.node (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL              -- by the clock of the database
);

CREATE FUNCTION hubbub.erased(body bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT convert_to(
        '{' || string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY place) || ',"erased":true}', 'UTF8'
    )
    FROM json_each(convert_from(body, 'UTF8')::json) WITH ORDINALITY AS field (key, value, place)
    WHERE key IN ('event', 'room', 'seq', 'at', 'by', 'id')
$$;

CREATE TABLE hubbub.answered (
    room text COLLATE "C" NOT NULL,
    client_message_id text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,          -- the scope of the client_message_id
    seq bigint NOT NULL,                      -- seq of the event
    at text COLLATE "C" NOT NULL,             -- its time
    PRIMARY KEY (room, client_message_id, owner)
);

CREATE INDEX answered_room_seq ON hubbub.answered (room, seq);
