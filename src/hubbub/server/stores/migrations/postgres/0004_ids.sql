-- Owners become stable ids (`rooms/identity.py`) instead of names: `visitor/…`, `app/…`, `user/…`. What a guest's name
-- owned stays owned by the name, for retries only: nobody can change it. The issuers of users' JWTs were not stored.

-- :parts message
UPDATE hubbub.message SET owner = CASE
    WHEN owner LIKE 'token/%' THEN 'app/' || owner
    WHEN owner LIKE 'user/%' THEN 'user//' || replace(replace(substr(owner, 6), '%', '%25'), '/', '%2F')
    -- Not parsed as JSON, since the text after the name may contain what PostgreSQL's JSON rejects.
    WHEN owner = 'outbox' THEN 'app/outbox/' || substring(convert_from(posted, 'UTF8') FROM '"by":"([^"]*)"')
    ELSE 'visitor/name/' || owner
END WHERE {part};

-- For reactions, only the name was stored.
ALTER TABLE hubbub.reaction ADD COLUMN owner text COLLATE "C";  -- the stable id of who reacted
UPDATE hubbub.reaction SET owner = 'visitor/name/' || by;
ALTER TABLE hubbub.reaction
    ALTER COLUMN owner SET NOT NULL,
    DROP CONSTRAINT reaction_pkey,
    ADD PRIMARY KEY (room, message, emoji, owner);

-- As before, except that the error for a name that is not in NFC says so.
CREATE OR REPLACE FUNCTION hubbub.post(
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
