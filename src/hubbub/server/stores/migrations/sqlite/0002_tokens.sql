-- Issued tokens. The number in the row `tokens` of meta grows with each change, by which servers notice it.

CREATE TABLE token (
    id TEXT PRIMARY KEY,                      -- public; identifies the token
    name TEXT NOT NULL,                       -- the name of its holder
    digest TEXT NOT NULL UNIQUE,              -- SHA-256 of the token, in hexadecimal
    can TEXT NOT NULL,                        -- rights: a JSON array
    rooms TEXT NOT NULL,                      -- patterns: a JSON array
    created_at TEXT NOT NULL,                 -- RFC 3339
    expires_at REAL,                          -- seconds since 1970; NULL: never
    revoked_at TEXT                           -- RFC 3339; NULL: valid
) STRICT, WITHOUT ROWID;
