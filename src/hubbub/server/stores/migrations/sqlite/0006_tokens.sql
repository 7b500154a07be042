-- Tokens become records.

CREATE TABLE token_record (
    id TEXT NOT NULL,                         -- public; identifies the token
    name TEXT NOT NULL,                       -- the name of its holder
    digest TEXT NOT NULL,                     -- SHA-256 of the token, in hexadecimal
    can TEXT NOT NULL,                        -- scopes: a JSON array
    rooms TEXT NOT NULL,                      -- patterns: a JSON array
    created_at TEXT NOT NULL,                 -- RFC 3339
    expires_at REAL,                          -- seconds since 1970; NULL: never
    revoked_at TEXT,                          -- RFC 3339; NULL: valid
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

INSERT INTO token_record SELECT id, name, digest, can, rooms, created_at, expires_at, revoked_at FROM token;
DROP TABLE token;
ALTER TABLE token_record RENAME TO token;
