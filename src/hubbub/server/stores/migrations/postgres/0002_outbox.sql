-- Messages that applications post inside their own transactions. As soon as such a transaction has
-- committed, a node takes the message from here and posts it like any other. So applications and
-- rooms never wait for each other.

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

-- Callers need USAGE on the schema and nothing else. Returns the client_message_id.
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
