-- Owners are stable ids (`rooms/identity.py`), no longer names: `visitor/…`, `app/…`, `user/…`. What was owned by a
-- guest's name keeps that for retries, and is nobody's to change. Whose JWT a user came with was not kept.

UPDATE hubbub.message SET owner = CASE
    WHEN owner LIKE 'token/%' THEN 'app/' || owner
    WHEN owner LIKE 'user/%' THEN 'user//' || replace(replace(substr(owner, 6), '%', '%25'), '/', '%2F')
    -- Not as JSON: some text after the name may hold what PostgreSQL's JSON does not take.
    WHEN owner = 'outbox' THEN 'app/outbox/' || substring(convert_from(posted, 'UTF8') FROM '"by":"([^"]*)"')
    ELSE 'visitor/name/' || owner
END;

-- Of reactions only a name was known.
ALTER TABLE hubbub.reaction ADD COLUMN owner text COLLATE "C";  -- the stable id of who reacted
UPDATE hubbub.reaction SET owner = 'visitor/name/' || by;
ALTER TABLE hubbub.reaction
    ALTER COLUMN owner SET NOT NULL,
    DROP CONSTRAINT reaction_pkey,
    ADD PRIMARY KEY (room, message, emoji, owner);
