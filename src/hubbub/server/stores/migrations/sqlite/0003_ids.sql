-- Owners are stable ids (`rooms/identity.py`), no longer names: `visitor/…`, `app/…`, `user/…`. What was owned by a
-- guest's name keeps that for retries, and is nobody's to change. Whose JWT a user came with was not kept.

UPDATE message SET owner = CASE
    WHEN owner LIKE 'token/%' THEN 'app/' || owner
    WHEN owner LIKE 'user/%' THEN 'user//' || replace(replace(substr(owner, 6), '%', '%25'), '/', '%2F')
    WHEN owner = 'outbox' THEN 'app/outbox/' || (CAST(posted AS TEXT) ->> 'by')
    ELSE 'visitor/name/' || owner
END;

-- Of reactions only a name was known.
CREATE TABLE owned_reaction (
    room INTEGER NOT NULL,
    message INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    owner TEXT NOT NULL,                      -- the stable id of who reacted
    by TEXT NOT NULL,                         -- what they were called then
    seq INTEGER NOT NULL,                     -- of the reacted event
    PRIMARY KEY (room, message, emoji, owner)
) STRICT, WITHOUT ROWID;

INSERT INTO owned_reaction SELECT room, message, emoji, 'visitor/name/' || by, by, seq FROM reaction;
DROP TABLE reaction;
ALTER TABLE owned_reaction RENAME TO reaction;
