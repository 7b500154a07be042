-- Owners become stable ids (`rooms/identity.py`) instead of names: `visitor/…`, `app/…`, `user/…`. What a guest's name
-- owned stays owned by the name, for retries only: nobody can change it. The issuers of users' JWTs were not stored.

-- :parts message
UPDATE message SET owner = CASE
    WHEN owner LIKE 'token/%' THEN 'app/' || owner
    WHEN owner LIKE 'user/%' THEN 'user//' || replace(replace(substr(owner, 6), '%', '%25'), '/', '%2F')
    WHEN owner = 'outbox' THEN 'app/outbox/' || (CAST(posted AS TEXT) ->> 'by')
    ELSE 'visitor/name/' || owner
END WHERE {part};

-- For reactions, only the name was stored.
CREATE TABLE owned_reaction (
    room INTEGER NOT NULL,
    message INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    owner TEXT NOT NULL,                      -- the stable id of who reacted
    by TEXT NOT NULL,                         -- their name at that time
    seq INTEGER NOT NULL,                     -- seq of the reacted event
    PRIMARY KEY (room, message, emoji, owner)
) STRICT, WITHOUT ROWID;

INSERT INTO owned_reaction SELECT room, message, emoji, 'visitor/name/' || by, by, seq FROM reaction;
DROP TABLE reaction;
ALTER TABLE owned_reaction RENAME TO reaction;
